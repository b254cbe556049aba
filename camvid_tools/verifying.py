"""Reading back what camvid-encode made, and comparing every pixel with what it was made from."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Tuple

import numpy as np

from . import encoding, packed
from .imageio import ImageFault
from .splitfolder import SplitFolder

Progress = Callable[[Iterable, int, str], Iterable]


class Check(NamedTuple):
    """One frame to compare: its name, and whether what was made of it is right."""

    name: str
    is_right: Callable[[], bool]


def different(checks: List[Check], progress: Progress) -> List[str]:
    """Names of the frames that are not right; one that cannot be read is not."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(_is_right, checks)
        return [check.name for check, right in zip(checks, progress(found, len(checks), "verifying")) if not right]


def _is_right(check: Check) -> bool:
    try:
        return check.is_right()
    except ImageFault:
        return False


def packed_with_folder(
    file: packed.PackedFile, folder: SplitFolder, planned: List[packed.Plan], merged: encoding.Merge, size: Any
) -> List[Check]:
    """A packed file against its source: decoded to colours again, pixels are equal."""
    opened = {plan.split: file.open(plan.split) for plan in planned}

    def pixels(split: str, index: int) -> Tuple[np.ndarray, np.ndarray]:
        return opened[split].images[index], opened[split].labels[index]

    return list(_against_source(pixels, folder, planned, merged, size))


def tree_with_folder(
    tree: SplitFolder, folder: SplitFolder, planned: List[packed.Plan], merged: encoding.Merge, size: Any
) -> List[Check]:
    """A tree of palette PNGs against its source."""
    frames = {plan.split: tree.frames(plan.split) for plan in planned}

    def pixels(split: str, index: int) -> Tuple[np.ndarray, np.ndarray]:
        image, label = tree.read(frames[split][index])
        return image, label.ids

    return list(_against_source(pixels, folder, planned, merged, size))


def _against_source(
    pixels: Callable[[str, int], Tuple[np.ndarray, np.ndarray]],
    folder: SplitFolder,
    planned: List[packed.Plan],
    merged: encoding.Merge,
    size: Any,
) -> Iterator[Check]:
    def check(plan: packed.Plan, frame: Any, index: int) -> Check:
        def is_right() -> bool:
            image, ids = pixels(plan.split, index)
            return encoding.equals_source(folder, plan, merged, size, encoding.Encoded(frame, image, ids, 0))

        return Check(frame.name, is_right)

    for plan in planned:
        for index, frame in enumerate(folder.frames(plan.split)):
            yield check(plan, frame, index)


def tree_with_packed(tree: SplitFolder, file: packed.PackedFile) -> List[Check]:
    """An unpacked tree against its packed file."""

    def check(held: packed.PackedSplit, frame: Any, index: int) -> Check:
        def is_right() -> bool:
            image, label = tree.read(frame)
            right = frame.name == held.names[index] and np.array_equal(image, held.images[index])
            return bool(right and np.array_equal(label.ids, held.labels[index]))

        return Check(held.names[index], is_right)

    opened = [(file.open(split), tree.frames(split)) for split in file.splits()]
    return [check(held, frame, index) for held, frames in opened for index, frame in enumerate(frames)]
