"""95 % intervals of the scores by resampling frames: how far they depend on which frames were scored."""

from typing import List, Optional, Tuple

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
    frames = confusions.shape[0]
    tally = tallies(confusions)
    shown_in = (tally.true > 0).sum(axis=0)
    if frames < 2:
        return None, [None] * confusions.shape[1]
    counts = _counts(frames, seed, rounds)
    values = ious(Tally(*(counts @ part.astype(np.float64) for part in tally)), mean_over)  # [R,K]
    known = ~np.isnan(values)
    number = known.sum(axis=1)
    means = np.where(known, values, 0).sum(axis=1)[number > 0] / number[number > 0]
    by_class = [_middle(column) if n >= 2 else None for column, n in zip(values.T, shown_in)]
    return _middle(means), by_class


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
