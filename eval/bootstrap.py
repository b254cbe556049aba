"""95 % intervals of the scores by resampling frames: how far they depend on which frames were scored."""

from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np

from .metrics import TRUTH, Tally, ious, tallies

Interval = Optional[Tuple[float, float]]
LEVEL = 0.95


def intervals(
    confusions: np.ndarray, seed: int = 0, rounds: int = 1000, mean_over: str = TRUTH
) -> Tuple[Interval, List[Interval]]:
    """(interval of the mean IoU, interval of each class' IoU) of per-frame confusions [F,K,K] or [F,K,K+1].

    Percentile bootstrap: `rounds` times F frames drawn with replacement, scored like the whole. Frames of
    one drive resemble each other, so the intervals are rather too narrow. None where frames cannot vary:
    below two frames, or a class with true pixels in less than two. The same on every release of numpy.
    """
    return _of_values([confusions], lambda values: values[0], seed, rounds, mean_over)


def differences(
    one: np.ndarray, other: np.ndarray, seed: int = 0, rounds: int = 1000, mean_over: str = TRUTH
) -> Tuple[Interval, List[Interval]]:
    """The same of `other` minus `one`, of the same frames in the same order: each resample scores both, so that what
    makes a frame hard for either is no part of it. ValueError where their shapes differ."""
    if one.shape != other.shape:
        raise ValueError("confusions %s and %s are not of the same frames and classes" % (one.shape, other.shape))
    return _of_values([one, other], lambda values: values[1] - values[0], seed, rounds, mean_over)


def _of_values(
    scored: Sequence[np.ndarray],
    combined: Callable[[List[np.ndarray]], np.ndarray],
    seed: int,
    rounds: int,
    mean_over: str,
) -> Tuple[Interval, List[Interval]]:
    """Intervals of what `combined` makes of the resampled IoUs [R,K], and mean IoUs [R], of each of `scored`."""
    frames = scored[0].shape[0]
    if frames < 2:
        return None, [None] * scored[0].shape[1]
    counts = _counts(frames, seed, rounds)
    parts = [tallies(confusions) for confusions in scored]
    shown_in = (parts[0].true > 0).sum(axis=0)
    resampled = [ious(Tally(*(counts @ part.astype(np.float64) for part in tally)), mean_over) for tally in parts]
    by_class = [_middle(column) if n >= 2 else None for column, n in zip(combined(resampled).T, shown_in)]
    return _middle(combined([_means(values) for values in resampled])), by_class


def _means(values: np.ndarray) -> np.ndarray:
    """The mean of what is known in each row [R,K] -> [R]; NaN where nothing is."""
    known = ~np.isnan(values)
    number = known.sum(axis=1)
    return np.divide(np.where(known, values, 0).sum(axis=1), number, out=np.full(len(values), np.nan), where=number > 0)


def _counts(frames: int, seed: int, rounds: int) -> np.ndarray:
    """[R,F] float64: how often each frame is in each resample."""
    # RandomState's stream is frozen, and random_sample (unlike randint) gives the same on every platform.
    drawn = (np.random.RandomState(seed).random_sample((rounds, frames)) * frames).astype(np.int64)
    cells = drawn + frames * np.arange(rounds)[:, None]
    return np.bincount(cells.ravel(), minlength=rounds * frames).reshape(rounds, frames).astype(np.float64)


def _middle(values: np.ndarray) -> Interval:
    """The order statistics that enclose the middle 95 %; NaN are left out."""
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return None
    low = int(np.floor((1 - LEVEL) / 2 * known.size))
    return float(known[low]), float(known[known.size - 1 - low])
