"""A split folder as training and tools see it: class table, frames by split, pixels of one frame."""

import os
from typing import Callable, List, NamedTuple, Optional, Tuple

import numpy as np

from . import classes, imageio, labels, layout, lists, manifest, splits
from .codec import ColourCodec
from .drives import place
from .errors import ToolkitError
from .splits import SPLITS
from .words import typed


class Frame(NamedTuple):
    """One frame on disk: bare name, drive, absolute paths."""

    name: str
    drive: str
    image: str
    label: str


class SplitFolder:
    """An opened split folder. Any subset of the three splits, any names, any class table."""

    def __init__(self, path: str) -> None:
        found = lists.split_by_lists(layout.scan(path))
        refuse_unfinished(found.root)
        if found.layout not in ("split", "segnet") and not any(pair.split for pair in found.pairs):
            words = ["camvid-split", "--src", path] + splits.flags_for(pair.name for pair in found.pairs)
            raise ToolkitError("is not split yet", where=path, remedy="run: " + typed(words))
        self.path = found.root
        self.scan = found
        self.classes = class_table(found)
        self.codec = ColourCodec(self.classes)

    def splits(self) -> List[str]:
        """The splits that hold at least one frame, in the order train, val, test."""
        return [split for split in SPLITS if any(pair.split == split for pair in self.scan.pairs)]

    def frames(self, split: str) -> List[Frame]:
        """The frames of a split, sorted by name; ToolkitError names the splits that exist, or an unpaired frame."""
        lone = [o for o in self.scan.unlabelled + self.scan.frameless if o.split == split]
        if lone:
            raise ToolkitError(
                "frame without label or label without frame (%d of them)" % len(lone),
                where=os.path.join(self.path, lone[0].path),
                remedy="run: " + typed(["camvid-check", self.path]),
            )
        chosen = [pair for pair in self.scan.pairs if pair.split == split]
        if not chosen:
            there = ", ".join(self.splits()) or "none"
            raise ToolkitError("no frames for the split '%s'" % split, where=self.path, remedy="it has: %s" % there)
        root = self.path
        return [
            Frame(p.name, place(p.name).drive, os.path.join(root, p.image), os.path.join(root, p.label)) for p in chosen
        ]

    def read(
        self, frame: Frame, raw: Callable[[str], np.ndarray] = imageio.read_raw
    ) -> Tuple[np.ndarray, labels.Label]:
        """Image [H,W,3] uint8 RGB and label of one frame; raises ImageFault, also where their sizes differ.

        `raw` reads one picture as `imageio.read_raw` does.
        """
        image = imageio.as_rgb(raw(frame.image))
        label = labels.read(frame.label, self.codec, raw)
        if image.shape[:2] != label.ids.shape:
            raise imageio.ImageFault(
                "size-mismatch",
                "label is %d x %d, its frame %d x %d" % (label.ids.shape + image.shape[:2]),
                frame.label,
            )
        return image, label


def refuse_unfinished(path: str) -> None:
    """ToolkitError if `path` is a folder of our own that was cut off; the marker's first word is the command."""
    command = manifest.cut_off_command(path)
    if command is not None:
        known = command if command.startswith("camvid-") else "camvid-split"
        remedy = "run the same %s again; it goes on" % known
        raise ToolkitError("was cut off while it was made", where=path, remedy=remedy)


def class_table(found: layout.Scan) -> classes.ClassTable:
    """The class table that belongs to a scanned folder: its own file, or the layout's fixed one."""
    file = class_file(found.root)
    if file is not None:
        path = os.path.join(found.root, file)
        return _named_codes(path) if file == "codes.txt" else classes.read(path)
    if found.layout == "segnet":
        return classes.segnet11()
    if found.layout in ("raw", "one folder"):
        return classes.camvid32()
    raise ToolkitError(
        "no %s" % classes.FILE_NAME, where=found.root, remedy="put the csv with columns name,r,g,b there"
    )


def class_file(root: str) -> Optional[str]:
    """The file in `root` that says its class table, None where there is none."""
    known = (classes.FILE_NAME, "label_colors.txt", "codes.txt")
    return next((name for name in known if os.path.exists(os.path.join(root, name))), None)


def has_class_table(found: layout.Scan) -> bool:
    """Whether a scanned folder says what its classes are, by a file or by its layout."""
    return class_file(found.root) is not None or found.layout != "split"


def _named_codes(path: str) -> classes.ClassTable:
    """fastai's codes.txt: one name a line; colours by CamVid's names."""
    known = {name.lower(): colour for name, colour in zip(classes.camvid32().names, classes.camvid32().colours)}
    names = [line.strip() for line in classes.read_text(path).splitlines() if line.strip()]
    unknown = [name for name in names if name.lower() not in known]
    if unknown or not names:
        raise ToolkitError(
            "names no CamVid class: %s" % (unknown[0] if unknown else "it is empty"),
            where=path,
            remedy="put a %s with columns name,r,g,b beside it" % classes.FILE_NAME,
        )
    return classes.ClassTable(tuple(names), tuple(known[name.lower()] for name in names))


def locate(directory: str) -> str:
    """`directory` if it is a data set, else the folder of the newest manifest below it, else the only set there.

    A folder that holds but one folder, as unpacked archives do, stands for that one.
    """
    if layout.is_data_set(directory):
        return directory
    if not os.path.isdir(directory):
        what = "is a file, a folder is due" if os.path.exists(directory) else "no such folder"
        raise ToolkitError(what, where=directory, remedy="give the folder that holds frames and labels")
    below = sorted(e.path for e in os.scandir(directory) if e.is_dir() and not e.name.startswith("."))
    ours = [path for path in below if os.path.exists(os.path.join(path, manifest.FILE_NAME))]
    if ours:
        return max(ours, key=lambda path: os.path.getmtime(os.path.join(path, manifest.FILE_NAME)))
    sets = [path for path in below if layout.is_data_set(path)]
    if len(sets) == 1:
        return sets[0]
    if len(below) == 1 and not os.path.islink(below[0]):
        return locate(below[0])
    told = "no data set here" if not sets else "%d data sets here: %s" % (len(sets), ", ".join(sets))
    raise ToolkitError(
        told, where=os.path.abspath(directory), remedy="name one" if sets else "expected " + layout.EXPECTED
    )
