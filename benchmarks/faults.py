"""What becomes of the work when something goes wrong; exits with 1 if anything is lost.

kill -9 at random moments of every command that writes, full disks, targets that cannot be written, damaged and missing
files, two trainings in one folder.

python benchmarks/faults.py [--kills 200] [--seed 0] [--only COMMAND] [--work DIR]
"""

import argparse
import os
import shutil
import sys
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import comparing  # noqa: F401  (the packages of this checkout)

from camvid_tools.commands import split, synth
from pipeline.quiet import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402
from faulting import cases, kills  # noqa: E402
from faulting.jobs import JOBS, Place, run, train  # noqa: E402

FRAMES, HEIGHT, WIDTH = 40, 64, 96


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Try everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--work", default=os.path.join("output", "faults"), metavar="DIR")
    parser.add_argument("--only", action="append", choices=list(JOBS), help="try this command, may be given again")
    options = parser.parse_args(argv)
    place = prepared(os.path.abspath(options.work))
    whole = {name: kills.undisturbed(JOBS[name], place) for name in options.only or JOBS}
    ended = [(case[0], cases.tried(case)) for case in _told(cases.cases(place, whole))]
    counts = kills.campaign(options.kills, options.seed, place, whole, _say)
    print(table(counts, ended, options))
    failed = any(count.differed for count in counts.values()) or any(how.startswith("FAILED") for _, how in ended)
    return int(failed)


def prepared(work: str) -> Place:
    """Drawn frames, their split, and a finished run."""
    shutil.rmtree(work, ignore_errors=True)
    place = Place(*(os.path.join(work, name) for name in ("raw", "split", "run", "out")))
    size = ["--height", str(HEIGHT), "--width", str(WIDTH)]
    assert synth.main(["--out", place.raw, "--frames", str(FRAMES), "--quiet"] + size) == 0
    assert split.main(["--src", place.raw, "--out", place.split, "--allow_partial", "--quiet"]) == 0
    kills.fresh(place)
    ended = run(train(place))
    assert ended.code == 0, ended.said
    shutil.move(os.path.join(place.out, "run"), place.run)
    return place


def _told(found: List[cases.Case]) -> Iterator[cases.Case]:
    for case in found:
        _say(case[0])
        yield case


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(counts: Dict[str, kills.Count], ended: List[Tuple[str, str]], options: argparse.Namespace) -> str:
    """Both tables in Markdown."""
    lines = ["TensorFlow %s, %d kills at moments of seed %d:" % (tf.__version__, options.kills, options.seed), ""]
    lines += ["| command | killed at work | had ended before | results that differed |", "|---|---|---|---|"]
    lines += ["| `%s` | %d | %d | %d |" % ((name,) + tuple(count)) for name, count in counts.items()]
    lines += ["", "| fault | how it ended |", "|---|---|"]
    lines += ["| %s | %s |" % one for one in ended]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
