"""What a camera or a file may do to a finished picture: blur, noise, JPEG artefacts; and cutout.

None of it is on the hot path. All act on the picture as training gets it; blur, noise and artefacts on its place in the
output, not on the margins.
"""

from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

from . import bits
from .padding import PAD_COLOUR, PAD_LABEL
from .plan import Box, Effects

_BANK_STREAM = 3
_BANK = 1 << 22


def apply(image: np.ndarray, place: np.ndarray, label: np.ndarray, effects: Effects) -> None:
    """Change image [H,W,3], its part `place` (a view), and label [H,W] in place."""
    if effects.blur:
        blur(place, effects.blur)
    if effects.noise:
        add_noise(place, effects.noise, effects.noise_at)
    if effects.quality:
        place[:] = through_jpeg(place, effects.quality)
    cut_out(image, label, effects.cutout)


def blur(image: np.ndarray, sigma: float) -> None:
    """Blur by a Gaussian of `sigma` pixels; beyond the edge lies the mirror image."""
    cv2.GaussianBlur(image, (0, 0), sigma, dst=image)


def add_noise(image: np.ndarray, sigma: float, offset: int) -> None:
    """Add Gaussian noise of `sigma` grey levels to each value, from the bank at an offset.

    The bank is one of 256 levels, so noise ends at 2.9 sigma. Sums are clipped to 0..255.
    """
    above, below = _tables(sigma)
    end = offset + image.size
    numbers = bank(max(_BANK, 1 << (end - 1).bit_length()))[offset:end].reshape(image.shape)
    cv2.add(image, cv2.LUT(numbers, above), dst=image)
    cv2.subtract(image, cv2.LUT(numbers, below), dst=image)


@lru_cache(maxsize=4)
def bank(size: int) -> np.ndarray:
    """[size] bytes, evenly spread, the same everywhere; beyond _BANK they come again."""
    key = bits.keys(_BANK_STREAM, 0, np.zeros(1, np.int64), np.zeros(1, np.int64))
    whole = np.floor(bits.uniform(key, _BANK)[0] * 256).astype(np.uint8)
    return np.resize(whole, size)


def _tables(sigma: float) -> Tuple[np.ndarray, np.ndarray]:
    """What to add to, and to take from, a value for each byte of the bank."""
    shift = np.rint(sigma * _normal_quantiles())
    return np.clip(shift, 0, 255).astype(np.uint8), np.clip(-shift, 0, 255).astype(np.uint8)


@lru_cache(maxsize=None)
def _normal_quantiles() -> np.ndarray:
    """[256] the standard normal distribution's quantiles at (i + 0.5) / 256, by its integral on a grid."""
    grid = np.linspace(-5, 5, 200001)
    density = np.exp(-(grid**2) / 2)
    share = np.cumsum(density) / density.sum()
    return np.interp((np.arange(256) + 0.5) / 256, share, grid)


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """[h,w,3] RGB -> the same stored as a JPEG and read back."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def cut_out(image: np.ndarray, label: np.ndarray, box: Box) -> None:
    """Paint a rectangle in the padding's colour and label it 255 (DeVries and Taylor 2017, arXiv 1708.04552)."""
    y, x, height, width = box
    part = np.s_[y : y + height, x : x + width]
    image[part] = PAD_COLOUR
    label[part] = PAD_LABEL
