"""The frames that every system gets, as PNG tree, packed file and decoded arrays, and the work to be done on them."""

import json
import os
import shutil
from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from augment.augmentation import NAMED
from augment.padding import PAD_COLOUR, PAD_LABEL
from camvid_tools import atomic
from camvid_tools.commands import encode, synth
from camvid_tools.errors import ToolkitError
from camvid_tools.splitfolder import SplitFolder
from pipeline import sizes, sources

BATCH_SIZE = 8
AUGMENTATION = {key: getattr(NAMED["base"], key) for key in ("scale", "flip", "brightness", "contrast")}
AUGMENTATION.update(pad_colour=PAD_COLOUR, pad_label=PAD_LABEL)
NAMES, TRAIN_NAMES = 701, 421  # CamVid's names, of which synth takes the wanted number evenly
OWN = "own"
TREE, PACKED, WORK = "tree", "frames.h5", "work.json"


class Size(NamedTuple):
    """Height and width of the frames and of the output."""

    frame_hw: Tuple[int, int]
    output_hw: Tuple[int, int]


SIZES = {"small": Size((360, 480), (352, 480)), "large": Size((720, 960), (736, 960))}


def drawn(folder: str, name: str, frames: int) -> None:
    """Make `folder` for a size of SIZES with about `frames` drawn training frames, where it is not there yet."""
    size = SIZES[name]
    if not os.path.exists(os.path.join(folder, WORK)):
        shutil.rmtree(folder, ignore_errors=True)
        tree = os.path.join(folder, TREE)
        draw_tree(tree, min(NAMES, round(frames * NAMES / TRAIN_NAMES)), size.frame_hw)
        _complete(folder, tree, size.output_hw)


def own(folder: str, split_folder: str) -> None:
    """Make `folder` for the training frames of a split folder, anew each time, since they may have changed."""
    shutil.rmtree(folder, ignore_errors=True)
    _complete(folder, split_folder, None)


def draw_tree(path: str, frames: int, frame_hw: Tuple[int, int]) -> None:
    """A split folder of drawn frames."""
    height, width = map(str, frame_hw)
    words = ["--out", path, "--layout", "split", "--frames", str(frames), "--height", height, "--width", width]
    _command(synth, words)


def pack(tree: str, file: str) -> None:
    """The packed file of a split folder."""
    _command(encode, ["--src", tree, "--out", file])


def read_work(folder: str) -> dict:
    """The folder's work.json."""
    with open(os.path.join(folder, WORK), encoding="utf-8") as file:
        return json.load(file)


def _command(module, words: List[str]) -> None:
    if module.main(words + ["--quiet"]) != 0:
        raise SystemExit("%s failed" % module.__name__)


def _complete(folder: str, tree: str, output_hw: Optional[Tuple[int, int]]) -> None:
    os.makedirs(folder, exist_ok=True)
    packed = os.path.join(folder, PACKED)
    pack(tree, packed)
    source = sources.open_source(packed, "train")
    output_hw = output_hw or sizes.training_size(source, None, None)
    _save_arrays(folder, source)
    document = _work(source, tree, output_hw)
    atomic.write_text(os.path.join(folder, WORK), json.dumps(document))  # last: its presence says that all is there


def _save_arrays(folder: str, source) -> None:
    shape = (len(source),) + tuple(source.size(0))
    for name, part, more in (("images", 0, (3,)), ("labels", 1, ())):
        path = os.path.join(folder, name + ".npy")
        out = np.lib.format.open_memmap(path, "w+", np.uint8, shape + more)
        for index in range(len(source)):
            out[index] = source.read(index)[part]
        out.flush()


def _work(source, tree: str, output_hw: Tuple[int, int]) -> dict:
    frames = SplitFolder(tree).frames("train")
    if [frame.name for frame in frames] != list(source.names):
        raise ToolkitError("the packed file holds other frames than the folder", where=tree)
    document = {
        "tree": os.path.abspath(tree),
        "frames": len(source),
        "frame_height": source.size(0)[0],
        "frame_width": source.size(0)[1],
        "height": output_hw[0],
        "width": output_hw[1],
        "batch_size": BATCH_SIZE,
        "images": [os.path.abspath(frame.image) for frame in frames],
        "labels": [os.path.abspath(frame.label) for frame in frames],
        "colours": source.classes.colour_array().tolist(),
    }
    return dict(document, **AUGMENTATION)
