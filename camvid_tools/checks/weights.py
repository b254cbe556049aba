"""Class weights for the loss, by the formulas that papers use, from the pixels of the training frames."""

from typing import Callable, Dict, Sequence

import numpy as np

from ..classes import ClassTable

UNSEEN = 1.0  # a class without a training pixel has no gradient, whatever its weight


def median_frequency(pixels: np.ndarray, pixels_of_frames_with: np.ndarray) -> np.ndarray:
    """Median of all frequencies over a class's own, a frequency being its share of the frames that have the class.

    Eigen and Fergus, ICCV 2015, section 5.3; used by SegNet.
    """
    frequency = pixels / pixels_of_frames_with
    return np.median(frequency) / frequency


def enet(pixels: np.ndarray, pixels_of_frames_with: np.ndarray) -> np.ndarray:
    """1 / ln(1.02 + p), p being a class's share of the pixels. Paszke et al., ENet, 2016, section 4."""
    return 1 / np.log(1.02 + pixels / pixels.sum())


def inverse_square_root(pixels: np.ndarray, pixels_of_frames_with: np.ndarray) -> np.ndarray:
    """1 / sqrt(p), scaled to a mean of 1 over the classes."""
    return _to_mean_one(1 / np.sqrt(pixels / pixels.sum()))


def effective_number(pixels: np.ndarray, pixels_of_frames_with: np.ndarray) -> np.ndarray:
    """(1 - b) / (1 - b^n), n pixels of a class, scaled to a mean of 1. Cui et al., CVPR 2019, equation 2.

    b = 1 - 1/N with N the median of n: a class of fewer pixels weighs about as its inverse, of more hardly less.
    """
    volume = max(2.0, float(np.median(pixels)))
    log_beta = np.log1p(-1 / volume)
    return _to_mean_one(1 / -np.expm1(pixels * log_beta))


def _to_mean_one(weights: np.ndarray) -> np.ndarray:
    return weights / weights.mean()


FORMULAS: Dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "median_frequency": median_frequency,
    "enet": enet,
    "inverse_square_root": inverse_square_root,
    "effective_number": effective_number,
}


def all_weights(
    table: ClassTable, pixels: Sequence[int], pixels_of_frames_with: Sequence[int]
) -> Dict[str, Dict[str, float]]:
    """Formula -> class name -> weight, of the classes of the table other than Void.

    `pixels`, `pixels_of_frames_with`: by id, of the training frames: the class's, and all pixels, ignored ones among
    them, of the frames in which it occurs. A class that does not occur weighs 1.
    """
    counted, whole = np.asarray(pixels, np.float64), np.asarray(pixels_of_frames_with, np.float64)
    void = set(table.void_ids())
    seen = [i for i in range(len(table)) if counted[i] and i not in void]
    found = {}
    for formula, function in FORMULAS.items():
        values = function(counted[seen], whole[seen]) if seen else []
        weights = {name: UNSEEN for i, name in enumerate(table.names) if i not in void}
        weights.update({table.names[i]: float(value) for i, value in zip(seen, values)})
        found[formula] = weights
    return found
