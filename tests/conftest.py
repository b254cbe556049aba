"""Fixtures that several test modules share: commands run as a user runs them, and data sets made once."""

import json
import os
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

import drawn
import synthetic
import trainings

# A loaded machine is slow, not wrong; and CI says the same twice of the same commit.
settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("ours")


class Ran(NamedTuple):
    """What a command left at the terminal."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """stdout of `--json -`."""
        return json.loads(self.out)

    def refusal(self) -> str:
        """The one line on stderr of a command that could not be used."""
        assert self.code == 2, self
        assert len(self.err.strip().splitlines()) == 1, self.err
        assert "Traceback" not in self.err and "error: " in self.err
        return self.err.strip()


@pytest.fixture
def run(capfd):
    """Call a command's `main` with arguments; file descriptors are watched, so that C libraries are heard too."""

    def call(main, *argv) -> Ran:
        capfd.readouterr()
        try:
            code = main([str(part) for part in argv])
        except SystemExit as stop:
            code = stop.code
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture(scope="session")
def raw701(tmp_path_factory):
    """All of CamVid's names in the original layout, 16 x 24 pixels. Not to be changed."""
    return synthetic.raw(tmp_path_factory.mktemp("raw701") / "CamVid")


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A drawn split folder of 64 x 96 pixels. Not to be changed."""
    return drawn.tree(str(tmp_path_factory.mktemp("data") / "set"))


@pytest.fixture(scope="session")
def finished(data, tmp_path_factory):
    """The run folder of a short training that was never disturbed. Not to be changed."""
    return trainings.train(data, str(tmp_path_factory.mktemp("runs") / "whole"))
