"""Ids that are off by one: labels that fit the rest of the set, or a street scene, far better when shifted back.

A list of classes with one row too few or too many, or one that counts from 1, gives labels in which every pixel has a
legal but wrong class. Where in the picture each class lies gives it away: roads are below, sky is above.
"""

import csv
import os
from typing import Dict, List, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from .. import groups
from ..classes import DATA, ClassTable

GRID_HW = (12, 16)
CELLS = GRID_HW[0] * GRID_HW[1]
LEAST_CLASSES = 8
LEAST_LABELS = 10  # fewer say too little about where a class lies
# Gain in log-likelihood a pixel: over CamVid and drawn frames a sound label stays below -2, a shifted one above 1.7.
DECIDED = 0.5
STREET_SCENE = -2.2  # log-likelihood a pixel: CamVid and drawn frames reach -1.2; noise in 32 classes stays below -4
WORST_FIT = -3.0  # of a single sound label among the others
HALF = 0.5  # added to each count, so that what never was seen is unlikely, not impossible
ALIASES = {
    "sidewalk": "pavement",
    "columnpole": "pole",
    "byciclist": "bicyclist",
    "bike": "bicyclist",
    "unlabelled": "void",
    "unlabeled": "void",
    "background": "void",
}


class Shift(NamedTuple):
    """Ids from `first` on should be `by` higher (1) or lower (-1); log-likelihood a pixel then, and what it gains."""

    first: int
    by: int
    gain: float
    fit: float

    def words(self) -> str:
        """The shift as a phrase."""
        which = "all ids" if self.first in (0, 1) else "ids from %d on" % self.first
        return "%s are one too %s" % (which, "low" if self.by > 0 else "high")


def cell_counts(small: np.ndarray, classes: int) -> np.ndarray:
    """[192,K] uint8 pixels by cell of a 12 x 16 grid and class, of ids [h,w] made 48 x 64; 255 is left out."""
    height, width = GRID_HW
    fine = cv2.resize(small, (4 * width, 4 * height), interpolation=cv2.INTER_NEAREST)
    cell = np.arange(4 * height)[:, np.newaxis] // 4 * width + np.arange(4 * width)[np.newaxis] // 4
    counts = np.bincount((cell * 256 + fine).ravel(), minlength=CELLS * 256)
    return counts.reshape(CELLS, 256)[:, :classes].astype(np.uint8)


def shifted_labels(counts: Sequence[np.ndarray]) -> List[Optional[Shift]]:
    """For the cell counts of each label of a set: the shift that makes it fit all others far better, or None."""
    if len(counts) < LEAST_LABELS:
        return [None] * len(counts)
    whole = np.sum(counts, axis=0)
    fits, found = [], []
    for one in counts:
        shares = _log_shares(whole - one)
        fits.append(float((one * shares).sum() / max(1, one.sum())))
        found.append(_best(one, shares))
    if np.median(fits) < STREET_SCENE:  # no class has a place of its own: nothing can be said
        return [None] * len(counts)
    return [shift if shift is not None and shift.fit > WORST_FIT else None for shift in found]


def shifted_set(counts: Sequence[np.ndarray], table: ClassTable) -> Optional[Shift]:
    """The shift that makes all labels together look like CamVid, and far more than before; None also for tables in
    which too few names are CamVid's."""
    groups_of = _group_rows(table)
    if not counts or groups_of is None:
        return None
    bands = np.sum(counts, axis=0).reshape(GRID_HW[0], GRID_HW[1], -1).sum(axis=1)
    found = _best(bands, np.log(_camvid_shares()[:, groups_of] + 1e-4))
    return found if found is not None and found.fit > STREET_SCENE else None


def _best(counts: np.ndarray, log_shares: np.ndarray) -> Optional[Shift]:
    """counts and log shares [cells, K]: the best of all shifts by one of the ids from some row on."""
    pixels = max(1, counts.sum())
    found = []
    for by in (1, -1):
        moved = np.full_like(log_shares, log_shares.min())
        if by > 0:
            moved[:, :-1] = log_shares[:, 1:]
        else:
            moved[:, 1:] = log_shares[:, :-1]
        gains = (counts * (moved - log_shares)).sum(axis=0)
        from_here = gains[::-1].cumsum()[::-1]
        first = int(from_here.argmax())
        gain = float(from_here[first] / pixels)
        found.append(Shift(first, by, gain, float((counts * log_shares).sum() / pixels) + gain))
    best = max(found, key=lambda shift: shift.gain)
    return best if best.gain > DECIDED else None


def _log_shares(counts: np.ndarray) -> np.ndarray:
    raised = counts + np.float32(HALF)
    return np.log(raised / raised.sum(axis=1, keepdims=True))


def _group_rows(table: ClassTable) -> Optional[List[int]]:
    """For each class of the table its row among SegNet's 12; None where fewer than half of the names are CamVid's."""
    with open(os.path.join(DATA, "heights11.csv"), encoding="utf-8", newline="") as handle:
        rows = [plain(row["name"]) for row in csv.DictReader(handle)]
    eleven: Dict[str, str] = {plain(name): plain(group) for name, group in groups.read_groups("segnet11").items()}
    eleven.update({name: name for name in rows})
    known = [eleven.get(plain(name)) for name in table.names]
    if 2 * sum(1 for name in known if name is not None) < len(known) or len(known) < LEAST_CLASSES:
        return None
    return [rows.index(name or "void") for name in known]


def _camvid_shares() -> np.ndarray:
    """[12,12] share of each of SegNet's classes by twelfth of the height, from CamVid's 468 labels of 360 x 480."""
    with open(os.path.join(DATA, "heights11.csv"), encoding="utf-8", newline="") as handle:
        rows = [list(map(float, list(row.values())[1:])) for row in csv.DictReader(handle)]
    return np.array(rows).T


def plain(name: str) -> str:
    """A class name without case, marks and the spellings that copies of CamVid differ in."""
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return ALIASES.get(letters, letters)
