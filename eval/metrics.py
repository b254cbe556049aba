"""Scores from confusion matrices: counts are summed over all frames, then divided (never a mean of means)."""

from dataclasses import dataclass
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

TRUTH, UNION = "truth", "union"  # classes that the mean IoU is taken over: with true pixels; with any pixels

Fractions = Tuple[Optional[float], ...]


class Tally(NamedTuple):
    """Pixels by class, [...,K] int64: hit (true and predicted), true, predicted."""

    hit: np.ndarray
    true: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class Scores:
    """One protocol's scores: fractions in 0..1, None where there is nothing to divide by; tuples by class."""

    names: Tuple[str, ...]
    iou: Fractions
    accuracy: Fractions  # recall: hit / true
    precision: Fractions  # hit / predicted
    pixels: Tuple[int, ...]  # true pixels
    frames: Tuple[Optional[int], ...]  # frames with true pixels; None when only the sum was given
    mean_iou: Optional[float]
    mean_accuracy: Optional[float]
    pixel_accuracy: Optional[float]
    frequency_weighted_iou: Optional[float]
    absent: Tuple[str, ...]  # names out of the mean IoU
    confusion: np.ndarray  # [K,K] int64, rows truth
    other: Tuple[int, ...]  # true pixels by class that were predicted as none of the K


def score(confusions: np.ndarray, names: Sequence[str], mean_over: str = TRUTH) -> Scores:
    """Scores of per-frame confusions [F,K,K] or [F,K,K+1] int64 (last column: predicted as none of the K), or
    of their sum [K,K] or [K,K+1]; ValueError on other shapes.

    A class without true pixels has no IoU and is out of the mean; its false positives still count, as misses
    of the true classes. With `mean_over` "union" it is out only if it was not predicted either, and else
    counts 0: the rule of tf.metrics.mean_iou.
    """
    _check(confusions, len(names), mean_over)
    total = confusions.sum(axis=0) if confusions.ndim == 3 else confusions
    tally = tallies(total)
    iou = ious(tally, mean_over)
    accuracy = _ratio(tally.hit, tally.true)
    seen = tally.true > 0
    return Scores(
        names=tuple(names),
        iou=_plain(iou),
        accuracy=_plain(accuracy),
        precision=_plain(_ratio(tally.hit, tally.predicted)),
        pixels=tuple(int(n) for n in tally.true),
        frames=_frames(confusions),
        mean_iou=mean_of_known(iou),
        mean_accuracy=mean_of_known(accuracy),
        pixel_accuracy=_plain([_ratio(tally.hit.sum(), tally.true.sum())])[0],
        frequency_weighted_iou=_plain([_ratio((tally.true * np.where(seen, iou, 0)).sum(), tally.true.sum())])[0],
        absent=tuple(name for name, value in zip(names, iou) if np.isnan(value)),
        confusion=total[:, : len(names)].astype(np.int64),
        other=tuple(int(n) for n in total[:, len(names) :].sum(axis=1)),
    )


def tallies(confusions: np.ndarray) -> Tally:
    """Hit, true and predicted pixels by class [...,K] of confusions [...,K,K] or [...,K,K+1]."""
    classes = confusions.shape[-2]
    square = confusions[..., :classes]
    return Tally(np.diagonal(square, axis1=-2, axis2=-1), confusions.sum(axis=-1), square.sum(axis=-2))


def ious(tally: Tally, mean_over: str = TRUTH) -> np.ndarray:
    """IoU by class [...,K] float64; NaN for classes that are out of the mean under the rule `mean_over`."""
    union = tally.true + tally.predicted - tally.hit
    return _ratio(tally.hit, np.where(tally.true > 0, union, 0) if mean_over == TRUTH else union)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _plain(values: Sequence[float]) -> Fractions:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def mean_of_known(values: np.ndarray) -> Optional[float]:
    """The mean of what is not NaN, None where nothing is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _frames(confusions: np.ndarray) -> Tuple[Optional[int], ...]:
    if confusions.ndim == 2:
        return (None,) * confusions.shape[0]
    return tuple(int(n) for n in (confusions.sum(axis=2) > 0).sum(axis=0))


def _check(confusions: np.ndarray, classes: int, mean_over: str) -> None:
    if confusions.ndim not in (2, 3) or confusions.shape[-2] != classes:
        raise ValueError("confusions %s do not fit %d class names" % (confusions.shape, classes))
    if confusions.shape[-1] not in (classes, classes + 1):
        raise ValueError("confusions %s: expected %d columns, or one more" % (confusions.shape, classes))
    if mean_over not in (TRUTH, UNION):
        raise ValueError("mean over %r; there is %s, %s" % (mean_over, TRUTH, UNION))
