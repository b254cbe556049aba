"""Brightness and contrast of uint8 pixels: x * gain + bias in 1/256, rounded half to even and clipped, exactly.

Either OpenCV computes it, or stringzilla looks it up where that is installed and faster: the pixels are the same.
"""

import time
from functools import lru_cache
from typing import Callable, List, NamedTuple, Optional

import cv2
import numpy as np

from .draw import GAIN_ONE

try:
    import stringzilla
except ImportError:  # an accelerator, never required
    stringzilla = None

_TRIAL_BYTES, _TRIALS = 1 << 18, 5


class Tone(NamedTuple):
    """Gain and bias in 1/256, and what becomes of each of 256 levels."""

    gain: int
    bias: int
    table: bytes

    def change(self, pixels: np.ndarray) -> None:
        """Recolour contiguous uint8 `pixels` in place."""
        fastest()(pixels, self)


def tones(gain: np.ndarray, bias: np.ndarray) -> List[Optional[Tone]]:
    """One Tone for each of gain [N] and bias [N] (ints); None where it would change nothing."""
    exact = (np.arange(256) * gain[:, np.newaxis] + bias[:, np.newaxis]) / GAIN_ONE
    tables = np.clip(np.rint(exact), 0, 255).astype(np.uint8).tobytes()
    numbers = zip(gain.tolist(), bias.tolist(), range(0, len(tables), 256))
    return [None if (g, b) == (GAIN_ONE, 0) else Tone(g, b, tables[at : at + 256]) for g, b, at in numbers]


def by_opencv(pixels: np.ndarray, tone: Tone) -> None:
    """Computed."""
    cv2.addWeighted(pixels, tone.gain / GAIN_ONE, pixels, 0.0, tone.bias / GAIN_ONE, dst=pixels)


def by_stringzilla(pixels: np.ndarray, tone: Tone) -> None:
    """Looked up."""
    stringzilla.translate(memoryview(pixels).cast("B"), tone.table, inplace=True)


@lru_cache(maxsize=None)
def fastest() -> Callable[[np.ndarray, Tone], None]:
    """The faster of the two on this processor, by a trial: stringzilla needs wide permutes to win."""
    if stringzilla is None:
        return by_opencv
    return min((by_stringzilla, by_opencv), key=_trial)


def _trial(way: Callable[[np.ndarray, Tone], None]) -> float:
    pixels, tone = np.zeros(_TRIAL_BYTES, np.uint8).reshape(-1, 64), Tone(300, 7, bytes(range(256)))
    spent = []
    for _ in range(_TRIALS):
        start = time.perf_counter()
        way(pixels, tone)
        spent.append(time.perf_counter() - start)
    return min(spent)
