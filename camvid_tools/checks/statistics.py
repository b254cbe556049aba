"""What a data set consists of: pixels and frames by class and split, where classes lie, image statistics, weights."""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .. import classes, splits
from ..classes import ClassTable
from . import shifts, weights
from .reading import Reading

SCHEMA = "camvid-statistics/1"
WHOLE = "all"  # the key of a set that is not split


class Tally:
    """Counts of one split, fed reading by reading."""

    def __init__(self, classes: int) -> None:
        self.frames = 0
        self.pixels = np.zeros(256, np.int64)
        self.frames_with = np.zeros(256, np.int64)
        self.pixels_of_frames_with = np.zeros(256, np.int64)
        self.where = np.zeros((shifts.CELLS, classes), np.int64)
        self.image_pixels = 0
        self.sums, self.squares = np.zeros(3), np.zeros(3)
        self.void_sides: Dict[str, int] = {}

    def add(self, reading: Reading) -> None:
        """Count one frame and its label, as far as they could be read."""
        if reading.frame is not None:
            self.image_pixels += reading.frame.size[0] * reading.frame.size[1]
            self.sums += reading.frame.sums
            self.squares += reading.frame.squares
        label = reading.label
        if label is not None:
            there = label.pixels > 0
            self.frames += 1
            self.pixels += label.pixels
            self.frames_with += there
            self.pixels_of_frames_with += there * int(label.pixels.sum())
            self.where += label.cells
            for side in label.void_sides:
                self.void_sides[side] = self.void_sides.get(side, 0) + 1

    def document(self, table: ClassTable) -> Dict[str, Any]:
        """As JSON, by the names of classes."""
        listed = {
            name: {"pixels": int(self.pixels[i]), "frames": int(self.frames_with[i])}
            for i, name in enumerate(table.names)
        }
        return {
            "frames": self.frames,
            "pixels": int(self.pixels.sum()),
            "classes": listed,
            "unknown_pixels": int(self.pixels[classes.UNKNOWN]),
            "absent": [name for i, name in enumerate(table.names) if not self.pixels[i]],
            "mean": self.mean(),
            "std": self.deviation(),
            "outermost_line_mostly_void": dict(sorted(self.void_sides.items())),
        }

    def mean(self) -> Optional[List[float]]:
        """Mean of the images by channel RGB, on a scale of 0 to 1."""
        return [round(v, 6) for v in (self.sums / self.image_pixels / 255).tolist()] if self.image_pixels else None

    def deviation(self) -> Optional[List[float]]:
        """Standard deviation of all pixels by channel RGB, on a scale of 0 to 1."""
        if not self.image_pixels:
            return None
        mean = self.sums / self.image_pixels
        variance = np.maximum(self.squares / self.image_pixels - mean**2, 0)
        return [round(v, 6) for v in (np.sqrt(variance) / 255).tolist()]


def tally(readings: Sequence[Reading], table: ClassTable) -> Dict[str, Tally]:
    """Counts by split, in the order train, val, test; under `all` where the set is not split."""
    found: Dict[str, Tally] = {}
    for reading in readings:
        found.setdefault(reading.pair.split or WHOLE, Tally(len(table))).add(reading)
    return {split: found[split] for split in splits.SPLITS + (WHOLE,) if split in found}


def document(tallies: Dict[str, Tally], table: ClassTable) -> Dict[str, Any]:
    """The statistics file: counts by split, where classes lie, and class weights from the training frames."""
    trained = tallies.get("train", tallies.get(WHOLE))
    count = len(table)
    return {
        "schema": SCHEMA,
        "classes": list(table.names),
        "palette_digest": table.digest(),
        "ignored": [table.names[i] for i in table.void_ids()],
        "splits": {split: one.document(table) for split, one in tallies.items()},
        "where": where(tallies, table),
        "weights": weights.all_weights(table, trained.pixels[:count], trained.pixels_of_frames_with[:count])
        if trained
        else {},
    }


def where(tallies: Dict[str, Tally], table: ClassTable) -> Dict[str, List[List[float]]]:
    """Class -> [12][16]: the share of each cell's pixels that the class has, over the whole set."""
    if not tallies:
        return {}
    counts = np.sum([one.where for one in tallies.values()], axis=0).astype(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    grids = shares.reshape(shifts.GRID_HW + (-1,))
    return {name: np.round(grids[..., i], 4).tolist() for i, name in enumerate(table.names) if counts[:, i].any()}
