"""The packed file: decoded frames and id labels of a data set in one HDF5 file, read through a memory map.

One group a split with `images` [F,H,W,3] and `labels` [F,H,W], uint8, contiguous and page-aligned, so that a window is
read from the page cache without h5py's copy. Attributes say what is in it; the header's digest is checked on opening.
"""

import hashlib
import json
import os
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

import h5py
import numpy as np

from . import atomic, classes
from .digest import DataDigest
from .errors import ToolkitError

SCHEMA = "camvid-packed/1"
PAGE = 4096
SPARE = 1 << 20  # for the header
_REMEDY = "make it again with camvid-encode"


class Plan(NamedTuple):
    """One split to be packed: names, their drives, the size of every frame."""

    split: str
    names: List[str]
    drives: List[str]
    height: int
    width: int


def write(path: str, table: classes.ClassTable, groups: str, plans: List[Plan], frames: Iterable) -> Dict[str, str]:
    """Write a packed file, whole or not at all; returns each split's data digest.

    `frames` yields (image [H,W,3], ids [H,W]) uint8 for every frame of every plan, in order.
    """
    digests = {}
    source = iter(frames)
    with atomic.replacing(path) as part, _created(part, plans, path) as out:
        for plan in plans:
            digests[plan.split] = _write_split(out.create_group(plan.split), plan, table, source)
        header = _header(table, groups, plans, digests)
        out.attrs["schema"] = SCHEMA
        out.attrs["header"] = json.dumps(header)
        out.attrs["header_sha256"] = _digest(header)
    return digests


def _created(part: str, plans: List[Plan], path: str) -> h5py.File:
    """A new HDF5 file, once there is room for it: HDF5 itself crashes on a full disk."""
    size = sum(4 * len(plan.names) * plan.height * plan.width for plan in plans) + SPARE
    if hasattr(os, "posix_fallocate"):
        try:
            with open(part, "wb") as room:
                os.posix_fallocate(room.fileno(), 0, size)
        except OSError as error:
            what = "no room for its %d MB (%s)" % (size >> 20, error.strerror)
            raise ToolkitError(what, where=path, remedy="choose another --out") from None
    return h5py.File(part, "w", libver="latest", alignment_threshold=PAGE, alignment_interval=PAGE)


def _write_split(group: Any, plan: Plan, table: classes.ClassTable, source: Any) -> str:
    shape = (len(plan.names), plan.height, plan.width)
    images = group.create_dataset("images", shape=shape + (3,), dtype=np.uint8)
    labels = group.create_dataset("labels", shape=shape, dtype=np.uint8)
    digest = DataDigest(table)
    for index, name in enumerate(plan.names):
        image, ids = next(source)
        images[index], labels[index] = image, ids
        digest.add(name, image, ids)
    return digest.hexdigest()


def _header(table: classes.ClassTable, groups: str, plans: List[Plan], digests: Dict[str, str]) -> Dict[str, Any]:
    splits = {
        p.split: {
            "names": p.names,
            "drives": p.drives,
            "size": [p.height, p.width],
            "data_digest": digests[p.split],
        }
        for p in plans
    }
    return {"palette": table.to_csv(), "groups": groups, "splits": splits}


def _digest(header: Dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode("utf-8")).hexdigest()


class PackedSplit(NamedTuple):
    """One split of an opened packed file: arrays are read-only memory maps."""

    names: List[str]
    drives: List[str]
    images: np.ndarray
    labels: np.ndarray
    data_digest: str


class PackedFile:
    """An opened packed file; ToolkitError where it is not whole or not ours."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with h5py.File(path, "r") as source:
                header = _checked_header(source, path)
                self._places = {split: _places(source[split], path) for split in header["splits"]}
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise ToolkitError("is no packed file (%s)" % _reason(error), where=path, remedy=_REMEDY) from None
        self._splits = header["splits"]
        self.groups = header["groups"]
        self.classes, problems = classes.parse(header["palette"])
        if problems:
            raise ToolkitError("holds a faulty class table (%s)" % problems[0], where=path, remedy=_REMEDY)

    def splits(self) -> List[str]:
        """The splits it holds."""
        return list(self._splits)

    def open(self, split: str) -> PackedSplit:
        """Map one split into memory; ToolkitError names the splits that exist."""
        if split not in self._splits:
            raise ToolkitError(
                "no frames for the split '%s'" % split,
                where=self.path,
                remedy="it has: %s" % ", ".join(self.splits()),
            )
        about = self._splits[split]
        arrays = [np.memmap(self.path, np.uint8, "r", offset, shape) for offset, shape in self._places[split]]
        return PackedSplit(about["names"], about["drives"], arrays[0], arrays[1], about["data_digest"])

    def verify(self, split: str) -> bool:
        """Whether the pixels of a split still give its data digest."""
        opened = self.open(split)
        digest = DataDigest(self.classes)
        for name, image, ids in zip(opened.names, opened.images, opened.labels):
            digest.add(name, image, ids)
        return digest.hexdigest() == opened.data_digest


def is_packed(path: str) -> bool:
    """Whether a path is an HDF5 file by its first bytes."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as handle:
        return handle.read(8) == b"\x89HDF\r\n\x1a\n"


def _checked_header(source: Any, path: str) -> Dict[str, Any]:
    if source.attrs.get("schema") != SCHEMA:
        raise ToolkitError("has schema %r, not %r" % (source.attrs.get("schema"), SCHEMA), where=path, remedy=_REMEDY)
    header = json.loads(source.attrs["header"])
    if _digest(header) != source.attrs["header_sha256"]:
        raise ToolkitError("its header was changed", where=path, remedy=_REMEDY)
    return header


def _places(group: Any, path: str) -> List[Tuple[int, Tuple[int, ...]]]:
    """(offset, shape) of images and labels, checked against the file's size."""
    found = []
    for name in ("images", "labels"):
        data = group[name]
        offset = data.id.get_offset()
        if offset is None or data.dtype != np.uint8 or offset + data.size > os.path.getsize(path):
            raise ValueError("%s/%s is not whole" % (group.name, name))
        found.append((offset, data.shape))
    return found


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
