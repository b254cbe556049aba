"""Tiny made-up data sets in every layout that CamVid is found in. The same arguments give the same bytes everywhere."""

import hashlib
import os
from typing import Dict, Iterable, List, Tuple

import cv2
import numpy as np

from camvid_tools import classes, splits

HW = (16, 24)
NAMES = splits.camvid_names()
FEW = {
    "train": ["0001TP_006690", "0001TP_006720", "0006R0_f00930", "0016E5_00390", "Seq05VD_f00180"],
    "val": ["0001TP_006870", "0016E5_01200"],
    "test": ["0001TP_007170", "0006R0_f01170", "Seq05VD_f00360"],
}
Lists = Dict[str, List[str]]


def noise(key: str, *shape: int) -> np.ndarray:
    """uint8 noise that depends on the key alone: on no generator, release or machine."""
    stream = hashlib.shake_256(key.encode("utf-8")).digest(int(np.prod(shape)))
    return np.frombuffer(stream, np.uint8).reshape(shape)


def image(name: str, hw: Tuple[int, int] = HW) -> np.ndarray:
    """The frame of that name: [H,W,3] uint8 RGB noise."""
    return noise("image " + name, hw[0], hw[1], 3)


def ids(name: str, hw: Tuple[int, int] = HW, count: int = 32) -> np.ndarray:
    """The label of that name: [H,W] uint8 ids below `count`, in blocks of 4 x 4 pixels."""
    small = noise("label " + name, -(-hw[0] // 4), -(-hw[1] // 4)) % count
    return np.ascontiguousarray(small.repeat(4, 0).repeat(4, 1)[: hw[0], : hw[1]])


def label(name: str, hw: Tuple[int, int] = HW) -> np.ndarray:
    """The label of that name in the colours of CamVid's 32 classes: [H,W,3] uint8 RGB."""
    return np.array(classes.camvid32().colours, np.uint8)[ids(name, hw)]


def put(path: str, picture: np.ndarray) -> str:
    """Write a picture, RGB(A) or grey; the path's ending says the format. Returns the path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, order[picture.shape[2]])
    assert cv2.imwrite(path, stored, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return path


def raw(folder, names: Iterable[str] = NAMES, hw: Tuple[int, int] = HW, labels: str = "LabeledApproved_full") -> str:
    """The original archives' layout; `labels="."` puts the labels in the root, as the label archive unpacks."""
    for name in names:
        put(os.path.join(str(folder), "701_StillsRaw_full", name + ".png"), image(name, hw))
        put(os.path.join(str(folder), labels, name + "_L.png"), label(name, hw))
    return str(folder)


def split(folder, lists: Lists = FEW, hw: Tuple[int, int] = HW, suffix: str = "_L") -> str:
    """The split layout with class_dict.csv and no manifest."""
    for part, names in lists.items():
        for name in names:
            put(os.path.join(str(folder), part, name + ".png"), image(name, hw))
            put(os.path.join(str(folder), part + "_labels", name + suffix + ".png"), label(name, hw))
    with open(os.path.join(str(folder), "class_dict.csv"), "w", encoding="utf-8") as out:
        out.write(classes.camvid32().to_csv())
    return str(folder)


def segnet(folder, lists: Lists = FEW, hw: Tuple[int, int] = HW) -> str:
    """SegNet's layout: trainannot/NAME.png holds ids 0..11."""
    for part, names in lists.items():
        for name in names:
            put(os.path.join(str(folder), part, name + ".png"), image(name, hw))
            put(os.path.join(str(folder), part + "annot", name + ".png"), ids(name, hw, 12))
    return str(folder)


def fastai(folder, names: Iterable[str], hw: Tuple[int, int] = HW) -> str:
    """fastai's layout: labels/NAME_P.png holds ids into codes.txt."""
    for name in names:
        put(os.path.join(str(folder), "images", name + ".png"), image(name, hw))
        put(os.path.join(str(folder), "labels", name + "_P.png"), ids(name, hw))
    with open(os.path.join(str(folder), "codes.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(classes.camvid32().names))
    return str(folder)


def one_folder(folder, names: Iterable[str], hw: Tuple[int, int] = HW) -> str:
    """CamSeq01's layout: NAME.png beside NAME_L.png."""
    for name in names:
        put(os.path.join(str(folder), name + ".png"), image(name, hw))
        put(os.path.join(str(folder), name + "_L.png"), label(name, hw))
    return str(folder)


def state(folder) -> Dict[str, str]:
    """What a folder holds: relative path -> digest of the bytes, with the target where it is a symbolic link."""
    found = {}
    for root, _, files in os.walk(str(folder)):
        for name in files:
            path = os.path.join(root, name)
            with open(path, "rb") as handle:
                digest = hashlib.sha256(handle.read()).hexdigest()
            link = " -> " + os.readlink(path) if os.path.islink(path) else ""
            found[os.path.relpath(path, str(folder))] = digest + link
    return found
