"""Fixtures that several test modules share: commands run as a user runs them, and data sets made once."""

import json
import os
import shutil
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

import drawn
import synthetic
import tools
import trainings
from camvid_tools import imageio, splits
from camvid_tools.commands import synth
from pipeline import view

# A loaded machine is slow, not wrong; and CI says the same twice of the same commit.
settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("ours")


LEVEL = "TF_CPP_MIN_LOG_LEVEL"
ASKED = os.environ.get(LEVEL)


@pytest.fixture(autouse=True)
def said_by_tensorflow():
    """What a command or a library asks of TensorFlow in this process is not asked of those that later tests start."""
    yield
    if ASKED is None:
        os.environ.pop(LEVEL, None)


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


@pytest.fixture(scope="session")
def raw(tmp_path_factory):
    """All 701 frames in the published layout, at 8 x 8 pixels."""
    folder = tmp_path_factory.mktemp("raw") / "CamVid"
    image, label = np.full((8, 8, 3), 90, np.uint8), tools.PALETTE.decode(np.full((8, 8), 17, np.uint8))
    for number, name in enumerate(splits.camvid_names()):
        image[0, 0] = (number % 256, number // 256, 0)
        imageio.write_png(str(folder / "701_StillsRaw_full" / (name + ".png")), image)
        imageio.write_png(str(folder / "LabeledApproved_full" / (name + "_L.png")), label)
    return folder


@pytest.fixture
def partial(tmp_path):
    folder = tmp_path / "few"
    tools.run(synth, "--out", folder, "--frames", 20, "--height", 48, "--width", 64, "--quiet")
    return folder


@pytest.fixture(scope="session")
def clean(tmp_path_factory):
    return drawn.tree(str(tmp_path_factory.mktemp("clean") / "set"), 48, 64)


@pytest.fixture
def dirty(clean, tmp_path):
    return shutil.copytree(clean, str(tmp_path / "set")) and tmp_path / "set"


@pytest.fixture
def tree(tmp_path):
    """A split folder of five training frames of noise, 40 x 56 pixels."""
    return synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"]}, (40, 56))


@pytest.fixture(scope="module", params=["tree", "packed"])
def place(request, data, tmp_path_factory):
    """The drawn data set in both forms."""
    if request.param == "tree":
        return data
    return drawn.packed_file(str(tmp_path_factory.mktemp("packed") / "set.h5"), data)


@pytest.fixture
def look(run, tmp_path):
    """Run camvid-view; returns its output, the sheet [H,W,3] and the JSON document."""

    def call(data, *more):
        sheet_path, document = tmp_path / "sheet.png", tmp_path / "view.json"
        ran = run(view.main, "--data_path", data, "--out", sheet_path, "--json", document, *more)
        assert ran.code == 0, ran.err
        return ran.out, imageio.read_frame(str(sheet_path)), json.loads(document.read_text())

    return call


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """A split folder of drawn frames, 72 x 96; its packed file is `packed_street`. Not to be changed."""
    return drawn.tree(str(tmp_path_factory.mktemp("street") / "set"), 72, 96)


@pytest.fixture(scope="session")
def packed_street(street):
    """The packed file of `street`."""
    return drawn.packed_file(street + ".h5", street)
