"""How far held-out frames are from the training frames: by number in the drive's video, and by a score without a model.

The score is that of giving each held-out frame the label of the nearest training frame of its drive: what a split gives
away to a network that remembers. Void is left out of the truth only.
"""

import bisect
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..classes import ClassTable
from ..drives import CAMVID_NAME, place
from ..layout import Pair
from ..splits import SPLITS
from ..words import counted

FRAMES_A_SECOND = 30
CLOSE = 2 * FRAMES_A_SECOND  # two of CamVid's labelled steps
_EXACT = 1 << 24  # up to which OpenCV's histograms, which are float32, count right


class Nearest(NamedTuple):
    """A held-out frame, the training frame of its drive that is nearest in the video, and how many frames lie between.

    `train` is None where no training frame is of that drive.
    """

    name: str
    split: str
    drive: str
    number: Optional[int]
    train: Optional[str]
    distance: Optional[int]


def nearest(pairs: Iterable[Pair]) -> List[Nearest]:
    """For every held-out frame its nearest training frame; of two equally near the earlier one."""
    pairs = list(pairs)
    known: Dict[str, List[Tuple[int, str]]] = {}
    for pair in pairs:
        drive, number = place(pair.name)
        if pair.split == "train" and number is not None:
            known.setdefault(drive, []).append((number, pair.name))
    for frames in known.values():
        frames.sort()
    held_out = [pair for pair in pairs if pair.split not in (None, "train")]
    return [_nearest(pair, known) for pair in sorted(held_out, key=lambda p: (SPLITS.index(p.split), p.name))]


def _nearest(pair: Pair, known: Dict[str, List[Tuple[int, str]]]) -> Nearest:
    drive, number = place(pair.name)
    frames = known.get(drive, []) if number is not None else []
    at = bisect.bisect_left(frames, (number or 0, pair.name))
    beside = [(abs(other - number), other, name) for other, name in frames[max(0, at - 1) : at + 1]]
    if not beside:
        return Nearest(pair.name, pair.split, drive, number, None, None)
    distance, _, name = min(beside)
    return Nearest(pair.name, pair.split, drive, number, name, distance)


def reading_order(pairs: Iterable[Pair], near: Iterable[Nearest]) -> List[Pair]:
    """The pairs drive by drive, each training frame followed by the held-out frames whose nearest it is."""
    train_of = {(one.split, one.name): one.train for one in near if one.train is not None}

    def key(pair: Pair) -> Tuple[str, int, str, bool, str]:
        train = train_of.get((pair.split, pair.name), pair.name)
        drive, number = place(train)
        return drive, -1 if number is None else number, train, train != pair.name or pair.split != "train", pair.name

    return sorted(pairs, key=key)


class CopyScore:
    """Scores the copied labels while frames are read in `reading_order`; keeps one training label at a time."""

    def __init__(self, pairs: Sequence[Nearest], classes: ClassTable) -> None:
        self._classes = classes
        self._confusions = {split: np.zeros((len(classes), len(classes) + 1), np.int64) for split in SPLITS}
        self._train_of = {(pair.split, pair.name): pair.train for pair in pairs if pair.train is not None}
        self._train, self._copy = "", np.empty((0, 0), np.uint8)

    def feed(self, name: str, split: Optional[str], ids: np.ndarray) -> None:
        """A frame has been read: ids [H,W] uint8."""
        if split == "train":
            self._train, self._copy = name, ids
        elif self._train_of.get((split, name)) == self._train and ids.shape == self._copy.shape:
            self._confusions[split] += confusion(ids, self._copy, len(self._classes))

    def scores(self, split: str) -> Optional[Dict[str, float]]:
        """`pixel_accuracy` and `mean_iou` (over the classes that occur in the truth); None where nothing was copied."""
        counts = self._confusions[split].astype(np.float64)
        counts[list(self._classes.void_ids())] = 0
        total = counts.sum()
        if not total:
            return None
        right = np.diagonal(counts)
        union = counts.sum(axis=1) + counts[:, :-1].sum(axis=0) - right
        there = counts.sum(axis=1) > 0
        return {"pixel_accuracy": right.sum() / total, "mean_iou": float((right[there] / union[there]).mean())}


def confusion(truth: np.ndarray, copy: np.ndarray, classes: int) -> np.ndarray:
    """[K, K+1] int64 pixels by class of truth and of copy, both [H,W] uint8; the last column is all else."""
    by_id = np.zeros((classes, 256), np.int64)
    rows = max(1, _EXACT // max(1, truth.shape[1]))
    for top in range(0, len(truth), rows):
        part = [truth[top : top + rows], copy[top : top + rows]]
        by_id += cv2.calcHist(part, [0, 1], None, [classes, 256], [0, classes, 0, 256]).astype(np.int64)
    return np.column_stack([by_id[:, :classes], by_id[:, classes:].sum(axis=1)])


def summary(pairs: Sequence[Nearest], copied: CopyScore, drives_known: bool = True) -> Dict[str, Any]:
    """For each held-out split: frames, how many have a training frame of their drive, distances, the copy's score."""
    found = {}
    for split in SPLITS[1:]:
        mine = [pair for pair in pairs if pair.split == split]
        near = sorted(pair.distance for pair in mine if pair.distance is not None)
        if not mine:
            continue
        found[split] = {
            "frames": len(mine),
            "drives_known": drives_known,
            "with_training_frame_of_their_drive": len(near),
            "within_two_seconds": sum(1 for distance in near if distance <= CLOSE),
            "distance": {"min": near[0], "median": float(np.median(near)), "max": near[-1]} if near else None,
            "copied_label": copied.scores(split),
        }
    return found


def closeness(names: Iterable[str]) -> str:
    """How near a close frame is, in words. Only CamVid's numbers are known to be those of a video of 30 Hz."""
    at_30_hz = all(CAMVID_NAME.match(name) for name in names)
    return "at most two seconds from" if at_30_hz else "numbered at most %d from" % CLOSE


def sentence(split: str, held: Dict[str, Any]) -> str:
    """One plain sentence about a held-out split."""
    with_train, frames = held["with_training_frame_of_their_drive"], held["frames"]
    if not held["drives_known"]:
        text = "%s: the names of frames do not tell their drives, so how near training is to the %s is not known"
        return text % (split, counted(frames, "frame"))
    if not with_train:
        return "%s: no frame is of a drive that training sees (%s)" % (split, counted(frames, "frame"))
    gap, score = held["distance"], held["copied_label"]
    text = "%s: %d of %d frames have a training frame of their drive, %d/%g/%d frame numbers away (min/median/max)"
    said = text % (split, with_train, frames, gap["min"], gap["median"], gap["max"])
    if score is None:
        return said
    copy = "; copying its label scores pixel accuracy %.3f and mean IoU %.3f without any model"
    return said + copy % (score["pixel_accuracy"], score["mean_iou"])
