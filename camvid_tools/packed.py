"""The packed file: decoded frames and id labels of a data set in one HDF5 file, read through a memory map.

One group a split with `images` [F,H,W,3] and `labels` [F,H,W], uint8, contiguous and page-aligned, so that a window is
read from the page cache without h5py's copy. What is in it stands twice: in attributes, for other programs, and in the
header in front of the HDF5 structures (packed_header.py), which is all that is read here.
"""

import os
from typing import Any, Dict, Iterable, List, NamedTuple, Optional

import numpy as np

from . import atomic, classes, origin, packed_header
from .digest import DataDigest
from .errors import ToolkitError

PAGE = 4096
SPARE = 1 << 20  # for HDF5's structures
_WIDEST = 10**15  # stands for offsets and sizes while they are not known


class Plan(NamedTuple):
    """One split to be packed: names, their drives, the size of every frame."""

    split: str
    names: List[str]
    drives: List[str]
    height: int
    width: int


class Recipe(NamedTuple):
    """What was done to the source: name of the groups, id that each class became, size asked for (or None)."""

    groups: str
    mapping: List[int]
    resize: Optional[List[int]]


def write(
    path: str,
    table: classes.ClassTable,
    recipe: Recipe,
    plans: List[Plan],
    frames: Iterable,
    source: Optional[Dict[str, Any]] = None,
) -> Dict[str, str]:
    """Write a packed file, whole or not at all; returns each split's data digest.

    `frames` yields (image [H,W,3], ids [H,W], pixels of unknown colour) for every frame of every plan, in order; uint8.
    `source` is origin.record's.
    """
    header = _header(table, recipe, plans, source)
    block = packed_header.block_size(header)
    incoming = iter(frames)
    with atomic.replacing(path) as part:
        with _created(part, plans, block, path) as out:
            out.attrs["schema"], out.attrs["palette"] = packed_header.SCHEMA, table.to_csv()
            out.attrs["groups"] = recipe.groups
            for plan in plans:
                header["splits"][plan.split].update(_write_split(out.create_group(plan.split), plan, table, incoming))
        header["bytes"] = os.path.getsize(part)
        with open(part, "r+b") as handle:
            handle.write(packed_header.to_bytes(header))
    return {split: about["data_digest"] for split, about in header["splits"].items()}


def _header(
    table: classes.ClassTable, recipe: Recipe, plans: List[Plan], source: Optional[Dict[str, Any]]
) -> Dict[str, Any]:
    """A header at its longest: what is not known yet has room for anything."""
    splits = {
        p.split: {
            "names": p.names,
            "drives": p.drives,
            "size": [p.height, p.width],
            "unknown": [_WIDEST] * len(p.names),
            "images": _WIDEST,
            "labels": _WIDEST,
            "data_digest": "0" * 64,
        }
        for p in plans
    }
    recorded = dict(recipe._asdict())
    return {"bytes": _WIDEST, "palette": table.to_csv(), "recipe": recorded, "origin": source, "splits": splits}


def _created(part: str, plans: List[Plan], block: int, path: str) -> Any:
    """A new HDF5 file, once there is room for it: HDF5 itself crashes on a full disk."""
    import h5py  # for writing only

    size = sum(4 * len(plan.names) * plan.height * plan.width for plan in plans) + block + SPARE
    if hasattr(os, "posix_fallocate"):
        try:
            with open(part, "wb") as room:
                os.posix_fallocate(room.fileno(), 0, size)
        except OSError as error:
            what = "no room for its %d MB (%s)" % (size >> 20, error.strerror)
            raise ToolkitError(what, where=path, remedy="choose another --out") from None
    return h5py.File(
        part, "w", libver="latest", alignment_threshold=PAGE, alignment_interval=PAGE, userblock_size=block
    )


def _write_split(group: Any, plan: Plan, table: classes.ClassTable, incoming: Any) -> Dict[str, Any]:
    """What the header has to say of a split, once it is written."""
    import h5py

    shape = (len(plan.names), plan.height, plan.width)
    images = group.create_dataset("images", shape=shape + (3,), dtype=np.uint8)
    labels = group.create_dataset("labels", shape=shape, dtype=np.uint8)
    digest, unknown = DataDigest(table), []
    for index, name in enumerate(plan.names):
        image, ids, pixels = next(incoming)
        images[index], labels[index] = image, ids
        digest.add(name, image, ids)
        unknown.append(int(pixels))
    for key, texts in (("names", plan.names), ("drives", plan.drives)):
        encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
        group.attrs.create(key, encoded, dtype=h5py.string_dtype())
    group.attrs["data_digest"] = digest.hexdigest()
    places = {"images": images.id.get_offset(), "labels": labels.id.get_offset()}
    return dict(places, unknown=unknown, data_digest=digest.hexdigest())


class PackedSplit(NamedTuple):
    """One split of an opened packed file: arrays are read-only memory maps."""

    names: List[str]
    drives: List[str]
    images: np.ndarray
    labels: np.ndarray
    data_digest: str
    unknown: List[int]  # pixels of unknown colour by frame, as they were found when the source was read


class PackedFile:
    """An opened packed file; ToolkitError where it is not whole, not ours, or older than its source.

    `check_source=False` opens it whatever became of the source.
    """

    def __init__(self, path: str, check_source: bool = True) -> None:
        self.path = path
        header = packed_header.read(path)
        self._splits = header["splits"]
        self.recipe, self.origin = Recipe(**header["recipe"]), header["origin"]
        self.groups = self.recipe.groups
        self.classes, problems = classes.parse(header["palette"])
        if problems:
            what = "holds a faulty class table (%s)" % problems[0]
            raise ToolkitError(what, where=path, remedy=packed_header.REMEDY)
        if check_source and self.origin is not None:
            origin.refuse_stale(self.origin, path)

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
        shape = (len(about["names"]),) + tuple(about["size"])
        images = np.memmap(self.path, np.uint8, "r", about["images"], shape + (3,))
        labels = np.memmap(self.path, np.uint8, "r", about["labels"], shape)
        return PackedSplit(about["names"], about["drives"], images, labels, about["data_digest"], about["unknown"])

    def verify(self, split: str) -> bool:
        """Whether the pixels of a split still give its data digest."""
        opened = self.open(split)
        digest = DataDigest(self.classes)
        for name, image, ids in zip(opened.names, opened.images, opened.labels):
            digest.add(name, image, ids)
        return digest.hexdigest() == opened.data_digest


def is_packed(path: str) -> bool:
    """Whether a path is a packed file of this or an earlier form, by its content."""
    return packed_header.is_ours(path)
