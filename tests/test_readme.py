"""The README: every command in it can be typed, its table of flags is the program's, its links lead somewhere."""

import os
import re
import shlex

import pytest

from camvid_tools.commands import check, encode, fix, split, synth
from eval import cli, export, predict
from pipeline import __main__ as pipeline_main
from pipeline import view
from train import flags

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARSERS = {
    "camvid-synth": synth.build_parser,
    "camvid-split": split.build_parser,
    "camvid-check": check.build_parser,
    "camvid-fix": fix.build_parser,
    "camvid-encode": encode.build_parser,
    "camvid-view": view.build_parser,
    "python -m train": flags.build_parser,
    "python -m eval": cli.build_parser,
    "python -m eval.predict": predict.build_parser,
    "python -m eval.export": export.build_parser,
    "python -m pipeline": pipeline_main.build_parser,
}
with open(os.path.join(HERE, "README.md"), encoding="utf-8") as _file:
    README = _file.read()


def commands():
    """(program, its arguments) of every command in the README's blocks and between its back quotes."""
    typed = [line for block in re.findall(r"```\n(.*?)```", README, re.S) for line in block.splitlines()]
    typed += re.findall(r"`([^`\n]+)`", README)
    for line in typed:
        words = shlex.split(line, comments=True)
        for program in PARSERS:
            head = program.split()
            if words[: len(head)] == head and len(words) > len(head):
                yield program, words[len(head) :]


def test_the_readme_shows_every_command():
    assert {program for program, _ in commands()} == set(PARSERS)


@pytest.mark.parametrize("program, arguments", commands())
def test_every_command_of_the_readme_can_be_typed(program, arguments):
    PARSERS[program]().parse_args(arguments)


def test_the_table_of_flags_is_the_programs():
    assert "\n".join(flags.markdown()) in README


def test_links_and_pictures_are_there():
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets and all(os.path.exists(os.path.join(HERE, target)) for target in targets)


def test_make_has_the_targets_that_the_readme_names():
    with open(os.path.join(HERE, "Makefile"), encoding="utf-8") as file:
        makefile = file.read()
    named = set(re.findall(r"^make (\S+)", README, re.M)) | set(re.findall(r"`make (\S+)`", README))
    assert {"demo", "test"} <= named and all("\n%s:" % target in makefile for target in named)
