"""From random numbers to plain parameters: which window of the source, where it goes, flip, gain and bias.

The window is chosen in source pixels before any resizing, so that nothing is resized that is thrown away.
"""

from typing import NamedTuple, Tuple

import numpy as np

from . import bits
from .augmentation import Augmentation

STREAM = 1
NUMBERS = 8  # uniform numbers a sample; more may follow without changing the first
GAIN_ONE = 256  # gains and biases are multiples of 1/256, so that x * gain + bias is exact in float32
MID_GREY = 128


class Draws(NamedTuple):
    """Parameters of N samples; boxes are (y, x, height, width).

    window [N,4] int64: part of the source; place [N,4] int64: where it lands in the output, the rest is padding;
    flip [N] bool; gain, bias [N] int64 in 1/256: colour' = (colour * gain + bias) / 256, rounded half to even, clipped.
    """

    window: np.ndarray
    place: np.ndarray
    flip: np.ndarray
    gain: np.ndarray
    bias: np.ndarray


def draw(
    augmentation: Augmentation,
    seed: int,
    epochs: np.ndarray,
    frames: np.ndarray,
    source_hw: np.ndarray,
    output_hw: Tuple[int, int],
) -> Draws:
    """All draws of a batch: [N] epochs, [N] frames, [N,2] source sizes -> Draws, a function of its arguments alone."""
    u = bits.uniform(bits.keys(STREAM, seed, epochs, frames), NUMBERS)
    low, high = augmentation.scale
    scale = (low + (high - low) * u[:, 0])[:, np.newaxis]
    output = np.array(output_hw)
    scaled = np.maximum(1, np.floor(source_hw * scale + 0.5)).astype(np.int64)
    place_hw = np.minimum(output, scaled)
    window_hw = np.minimum(source_hw, np.maximum(1, np.floor(place_hw / scale + 0.5))).astype(np.int64)
    window_yx = np.floor(u[:, 1:3] * (source_hw - window_hw + 1)).astype(np.int64)
    place_yx = np.floor(u[:, 3:5] * (output - place_hw + 1)).astype(np.int64)
    gain, bias = _colour(augmentation, u[:, 6], u[:, 7])
    return Draws(
        np.concatenate([window_yx, window_hw], axis=1),
        np.concatenate([place_yx, place_hw], axis=1),
        u[:, 5] < augmentation.flip,
        gain,
        bias,
    )


def _colour(augmentation: Augmentation, u_contrast: np.ndarray, u_brightness: np.ndarray) -> Tuple:
    low, high = augmentation.contrast
    gain = np.rint((low + (high - low) * u_contrast) * GAIN_ONE).astype(np.int64)
    shift = np.rint((2 * u_brightness - 1) * augmentation.brightness * GAIN_ONE).astype(np.int64)
    return gain, MID_GREY * (GAIN_ONE - gain) + shift
