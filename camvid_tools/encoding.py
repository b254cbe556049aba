"""From a split folder to a packed file: plans, merging of classes, resizing, reading in threads."""

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from . import classes, groups, imageio, packed
from .errors import ToolkitError
from .splitfolder import Frame, SplitFolder


class Merge(NamedTuple):
    """A class table and the id that each id of the source's table becomes in it ([256] uint8)."""

    name: str
    table: classes.ClassTable
    mapping: np.ndarray

    def recipe(self, source: classes.ClassTable, size: Optional[Tuple[int, int]]) -> packed.Recipe:
        """What a packed file says of how it was made from a folder with the class table `source`."""
        ids = self.mapping[: len(source)].tolist()
        return packed.Recipe(os.path.basename(self.name), ids, None if size is None else list(size))


def merge(source: classes.ClassTable, grouping: str) -> Merge:
    """`none`, a column of the published groups (`segnet11`, `matlab11`), or a csv of `name,group` rows."""
    identity = np.full(256, classes.UNKNOWN, np.uint8)
    identity[: len(source)] = np.arange(len(source))
    if grouping == "none":
        return Merge("none", source, identity)
    if grouping not in groups.columns() and not os.path.isfile(grouping):
        there = ", ".join(["none"] + groups.columns())
        raise ToolkitError("no grouping '%s'" % grouping, remedy="there are %s, or a csv of name,group rows" % there)
    group_of = groups.read_groups(grouping) if grouping in groups.columns() else _read_own(grouping)
    unmapped = [name for name in source.names if name not in group_of]
    if unmapped:
        raise ToolkitError(
            "no group for the class %s" % unmapped[0],
            where=grouping,
            remedy="the groups need a row for each of the data's %d classes" % len(source),
        )
    table = _group_table(source, [group_of[name] for name in source.names])
    for index, name in enumerate(source.names):
        identity[index] = table.names.index(group_of[name])
    return Merge(grouping, table, identity)


def _read_own(path: str) -> Dict[str, str]:
    lines = [line for line in classes.read_text(path).lstrip("\ufeff").splitlines() if line.strip()]
    mark = "," if any("," in line for line in lines) else ";"
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]
    wrong = [line for line, row in zip(lines, rows) if len(row) != 2 or not all(row)]
    if wrong:
        raise ToolkitError("'%s' is not of the form name,group" % wrong[0], where=path)
    return {row[0]: row[1] for row in rows}


def _group_table(source: classes.ClassTable, wanted: List[str]) -> classes.ClassTable:
    """SegNet's own table where the groups are its 11, else the groups in order of appearance, Void last."""
    known = classes.segnet11()
    if set(known.names) - {groups.VOID} <= set(wanted) <= set(known.names):
        return known
    names = sorted(set(wanted), key=lambda name: (name == groups.VOID, wanted.index(name)))
    return classes.ClassTable(tuple(names), tuple(source.colours[wanted.index(name)] for name in names))


class Encoded(NamedTuple):
    """One frame ready to be written, and how many of its label's pixels have a colour of no class."""

    frame: Frame
    image: np.ndarray
    ids: np.ndarray
    unknown: int


def plans(folder: SplitFolder, size: Optional[Tuple[int, int]], mixed: bool = False) -> List[packed.Plan]:
    """What would be encoded. Frames of different sizes are refused by name unless `size` (height, width) is given, or
    they may be `mixed`, which is a height and width of 0."""
    found = []
    for split in folder.splits():
        frames = folder.frames(split)
        height, width = size or ((0, 0) if mixed else imageio.read_frame(frames[0].image).shape[:2])
        found.append(packed.Plan(split, [f.name for f in frames], [f.drive for f in frames], height, width))
    sizes = {(plan.height, plan.width) for plan in found}
    if len(sizes) > 1:
        raise _sizes_differ("the splits differ in size: %s" % sorted(sizes), folder.path)
    return found


def encoded_frames(
    folder: SplitFolder, planned: List[packed.Plan], merged: Merge, size: Optional[Tuple[int, int]]
) -> Iterator[Encoded]:
    """Every frame of every plan, in order, decoded and encoded on all cores; ahead by a bounded number of frames."""
    jobs = [(frame, plan) for plan in planned for frame in folder.frames(plan.split)]
    return ahead(lambda job: encode(folder, job[0], job[1], merged, size), jobs)


def ahead(work: Callable[[Any], Any], jobs: Iterable) -> Iterator:
    """`work(job)` of every job, in order, done on all cores; ahead by a bounded number, since pictures are large."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        waiting = []
        for job in jobs:
            waiting.append(pool.submit(work, job))
            if len(waiting) > 2 * workers:
                yield waiting.pop(0).result()
        for last in waiting:
            yield last.result()


def encode(
    folder: SplitFolder, frame: Frame, plan: packed.Plan, merged: Merge, size: Optional[Tuple[int, int]]
) -> Encoded:
    """One frame decoded, its label encoded, merged, and both resized; ToolkitError where it has not the plan's size."""
    image, label = folder.read(frame)
    ids = merged.mapping[label.ids]
    if size is not None and image.shape[:2] != size:
        image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
        ids = cv2.resize(ids, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    if plan.height and image.shape[:2] != (plan.height, plan.width):
        what = "%s is %d x %d, others %d x %d" % ((frame.name,) + image.shape[:2] + (plan.height, plan.width))
        raise _sizes_differ(what, frame.image)
    return Encoded(frame, image, ids, label.unknown)


def equals_source(
    folder: SplitFolder, plan: packed.Plan, merged: Merge, size: Optional[Tuple[int, int]], stored: Encoded
) -> bool:
    """Whether stored pixels equal the source's; unmerged labels are decoded to colours for it and compared as such."""
    fresh = encode(folder, stored.frame, plan, merged, size)
    if not (np.array_equal(fresh.image, stored.image) and np.array_equal(fresh.ids, stored.ids)):
        return False
    raw = imageio.to_8_bits(imageio.read_raw(stored.frame.label))
    if raw.ndim == 2 or merged.name != "none" or fresh.ids.shape != raw.shape[:2]:
        return True
    known = stored.ids != classes.UNKNOWN
    return np.array_equal(folder.codec.decode(stored.ids)[known], raw[..., :3][known])


def _sizes_differ(what: str, where: str) -> ToolkitError:
    return ToolkitError(what, where=where, remedy="a packed file holds one size: --resize HEIGHTxWIDTH")
