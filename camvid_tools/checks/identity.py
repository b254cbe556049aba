"""What a data set is: which copy of CamVid, which class table, which split."""

from collections import Counter
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from .. import classes, labels, layout, splitfolder, splits
from ..classes import ClassTable
from . import pairs
from .reading import Reading
from .shifts import plain

WHERE_FROM = {
    "split": "split folders",
    "segnet": "SegNet's folders (trainannot ...)",
    "raw": "the published archives' folders",
    "fastai": "fastai's folders (images, labels)",
    "one folder": "frames and labels in one folder",
}


class Identity(NamedTuple):
    """The words of camvid-check for a set, and sentences for people."""

    palette: str
    preset: str
    counts: Dict[str, int]
    sentences: List[str]


def of(found: layout.Scan, table: ClassTable, judged: bool, readings: Sequence[Reading]) -> Identity:
    """Recognise a set by its names, lists, class table and labels; not `judged`: the table is missing or faulty."""
    lists = pairs.names_by_split(found, splits.SPLITS)
    preset = splits.recognise(lists)
    told = [
        "frames: %s" % _frames(found, readings),
        "labels: %s" % _labels(readings, table),
        "classes: %s" % (_table(table) if judged else _faulty(found)),
        "split: %s" % _split(lists, preset),
    ]
    return Identity(classes.palette_name(table), preset, pairs.counts(found, splits.SPLITS), told)


def _frames(found: layout.Scan, readings: Sequence[Reading]) -> str:
    names = {pair.name for pair in found.pairs}
    ours = len(names & set(splits.camvid_names()))
    counts = pairs.counts(found, splits.SPLITS)
    words = {"none": "in no list"}
    parts = ", ".join("%d %s" % (n, words.get(split, split)) for split, n in counts.items() if split != "all")
    sizes = Counter(reading.frame.size for reading in readings if reading.frame is not None)
    size = ", %d x %d" % sizes.most_common(1)[0][0] if sizes else ""
    whose = "%d of CamVid's 701" % ours if ours == len(names) else "%d, of which CamVid's: %d" % (len(names), ours)
    whose = whose if ours else "%d of your own" % len(names)
    text = "%s%s%s; in %s" % (whose, " (%s)" % parts if parts else "", size, WHERE_FROM[found.layout])
    return text


def _labels(readings: Sequence[Reading], table: ClassTable) -> str:
    read = [reading.label for reading in readings if reading.label is not None]
    if not read:
        return "none that can be read"
    form = Counter(label.form for label in read).most_common(1)[0][0]
    pixels = np.sum([label.pixels for label in read], axis=0)
    used = [i for i in range(len(table)) if pixels[i]]
    if form == labels.COLOURS:
        return "colours, of which %d of the table's %d classes occur" % (len(used), len(table))
    span = "%d..%d" % (used[0], used[-1]) if used else "none"
    return "%s, %s; %d of the table's %d classes occur" % (form, span, len(used), len(table))


def _table(table: ClassTable) -> str:
    """The class table against those that are known."""
    known = {"CamVid's 32": classes.camvid32(), "SegNet's 11 and Void": classes.segnet11()}
    for name, other in known.items():
        if table == other:
            return name
        if set(table.colours) == set(other.colours):
            return _same_colours(name, table, other)
    for name, other in known.items():
        if set(table.colours) < set(other.colours) and 2 * len(table) > len(other):
            gone = [n for n, colour in zip(other.names, other.colours) if colour not in table.colours]
            return "%s less %s: ids after it are others than in CamVid" % (name, ", ".join(gone))
        shared = {plain(n) for n in table.names} & {plain(n) for n in other.names}
        if 3 * len(shared) > 2 * max(len(other), len(table)):
            return "names of %s in colours of somebody's own" % name
    return "%d of your own" % len(table)


def _faulty(found: layout.Scan) -> str:
    known = splitfolder.has_class_table(found)
    return "a table with faults, by which no label is judged" if known else "no class_dict.csv; read with CamVid's 32"


def _same_colours(name: str, table: ClassTable, other: ClassTable) -> str:
    if table.colours != other.colours:
        return "%s in another order: ids are others than in CamVid" % name
    renamed = [(a, b) for a, b in zip(table.names, other.names) if a != b]
    shown = ", ".join("%s for %s" % pair for pair in renamed[:4]) + (" ..." if len(renamed) > 4 else "")
    return "%s under other names (%s)" % (name, shown)


def _split(lists: Dict[str, List[str]], preset: str) -> str:
    if not any(lists.values()):
        return "none yet"
    if preset == "unknown":
        held_out = lists["val"] or lists["test"]
        return "of your own" if held_out else "of your own; no frame is held out, so nothing can be scored"
    whole = tuple(splits.list_digest(lists[split]) for split in splits.SPLITS) == splits.DIGESTS[preset]
    part = "whole" if whole else "as far as the frames are there"
    return "the published list '%s' (%s), %s" % (preset, splits.sizes(preset), part)
