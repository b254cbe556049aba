"""Small drawn data sets for tests: made by the tools themselves, so that they are what a user has."""

import os
from typing import Dict, List

import numpy as np

from camvid_tools import classes, encoding, imageio, packed, scene
from camvid_tools.codec import ColourCodec
from camvid_tools.splitfolder import SplitFolder

LISTS = {
    "train": ["0006R0_f00930", "0006R0_f01530", "0016E5_00390", "0016E5_01200", "Seq05VD_f00600"],
    "val": ["0006R0_f02130", "Seq05VD_f01500", "0016E5_05010"],
    "test": ["0001TP_009000", "Seq05VD_f03000"],
}


def tree(folder: str, height: int = 64, width: int = 96, lists: Dict[str, List[str]] = LISTS) -> str:
    """A split folder of drawn frames in CamVid's 32 classes; returns its path."""
    table = classes.camvid32()
    codec = ColourCodec(table)
    for split, names in lists.items():
        for name in names:
            drive, number = name.replace("_f", "_").split("_")
            image, ids = scene.render(drive, int(number), 0, height, width)
            imageio.write_png(os.path.join(folder, split, name + ".png"), image)
            imageio.write_png(os.path.join(folder, split + "_labels", name + "_L.png"), codec.decode(ids))
    with open(os.path.join(folder, classes.FILE_NAME), "w", encoding="utf-8") as out:
        out.write(table.to_csv())
    return folder


def packed_file(path: str, source: str) -> str:
    """The packed file of a split folder."""
    folder = SplitFolder(source)
    planned, merged = encoding.plans(folder, None), encoding.merge(folder.classes, "none")
    frames = ((one.image, one.ids, one.unknown) for one in encoding.encoded_frames(folder, planned, merged, None))
    packed.write(path, merged.table, merged.recipe(folder.classes, None), planned, frames)
    return path


def noise(seed: int, *shape: int) -> np.ndarray:
    """uint8 noise of a shape."""
    return np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)
