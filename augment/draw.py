"""From random numbers to plain parameters: which window of the source, where it goes, flip, colour, and the rest.

The window is chosen in source pixels before any resizing, so that nothing is resized that is thrown away.
"""

from typing import NamedTuple, Optional, Tuple

import numpy as np

from . import bits
from .augmentation import Augmentation, Range

STREAM = 1
NUMBERS = 8  # uniform numbers a sample of `base`; those beyond follow without changing these
ALL_NUMBERS = 64
GAIN_ONE = 256  # gains and biases are multiples of 1/256, so that x * gain + bias is exact in float32
MID_GREY = 128
NOISE_OFFSETS = 1 << 20


class More(NamedTuple):
    """What augmentations beyond `base` draw for N samples; 0 is none at all, a saturation of 1.

    saturation [N] factor, hue and angle [N] degrees, blur and noise [N] sigmas, noise_at [N] place in the bank of
    noise, quality [N] of JPEG, cutout [N,4] (y, x, height, width) of the output; key [N] uint64 for what draws by
    itself; choice [N,C] uniform numbers by which crops are chosen.
    """

    saturation: np.ndarray
    hue: np.ndarray
    angle: np.ndarray
    blur: np.ndarray
    noise: np.ndarray
    noise_at: np.ndarray
    quality: np.ndarray
    cutout: np.ndarray
    key: np.ndarray
    choice: np.ndarray


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
    more: Optional[More] = None


def draw(
    augmentation: Augmentation,
    seed: int,
    epochs: np.ndarray,
    frames: np.ndarray,
    source_hw: np.ndarray,
    output_hw: Tuple[int, int],
) -> Draws:
    """All draws of a batch: [N] epochs, [N] frames, [N,2] source sizes -> Draws, a function of its arguments alone."""
    key = bits.keys(STREAM, seed, epochs, frames)
    u = bits.uniform(key, ALL_NUMBERS if augmentation.beyond_base else NUMBERS)
    scale = _within(augmentation.scale, u[:, 0])[:, np.newaxis]
    output = np.array(output_hw)
    scaled = np.maximum(1, np.floor(source_hw * scale + 0.5)).astype(np.int64)
    place_hw = np.minimum(output, scaled)
    window_hw = np.minimum(source_hw, np.maximum(1, np.floor(place_hw / scale + 0.5))).astype(np.int64)
    window_yx = np.floor(u[:, 1:3] * (source_hw - window_hw + 1)).astype(np.int64)
    place_yx = np.floor(u[:, 3:5] * (output - place_hw + 1)).astype(np.int64)
    gain, bias = _tone(augmentation, u[:, 6], u[:, 7])
    return Draws(
        np.concatenate([window_yx, window_hw], axis=1),
        np.concatenate([place_yx, place_hw], axis=1),
        u[:, 5] < augmentation.flip,
        gain,
        bias,
        _more(augmentation, key, u[:, NUMBERS:], output) if augmentation.beyond_base else None,
    )


def _within(limits: Range, u: np.ndarray) -> np.ndarray:
    return limits[0] + (limits[1] - limits[0]) * u


def _tone(augmentation: Augmentation, u_contrast: np.ndarray, u_brightness: np.ndarray) -> Tuple:
    gain = np.rint(_within(augmentation.contrast, u_contrast) * GAIN_ONE).astype(np.int64)
    shift = np.rint((2 * u_brightness - 1) * augmentation.brightness * GAIN_ONE).astype(np.int64)
    return gain, MID_GREY * (GAIN_ONE - gain) + shift


def _more(augmentation: Augmentation, key: np.ndarray, u: np.ndarray, output: np.ndarray) -> More:
    """Each quantity has its own columns of u [N,56], whatever else is asked for."""

    def perhaps(probability: float, limits: Range, at: int) -> np.ndarray:
        return np.where(u[:, at] < probability, _within(limits, u[:, at + 1]), 0.0)

    side = perhaps(augmentation.cutout, (1.0, 1.0), 10)[:, np.newaxis] * _within(augmentation.cutout_side, u[:, 12:14])
    return More(
        saturation=_within(augmentation.saturation, u[:, 0]),
        hue=(2 * u[:, 1] - 1) * augmentation.hue,
        angle=(2 * u[:, 2] - 1) * augmentation.rotation,
        blur=perhaps(augmentation.blur, augmentation.blur_sigma, 3),
        noise=perhaps(augmentation.noise, augmentation.noise_sigma, 5),
        noise_at=np.floor(u[:, 7] * NOISE_OFFSETS).astype(np.int64),
        quality=np.rint(perhaps(augmentation.jpeg, augmentation.jpeg_quality, 8)).astype(np.int64),
        cutout=_cutout(np.rint(side * output).astype(np.int64), u[:, 14:16], output),
        key=key,
        choice=u[:, 16:],
    )


def _cutout(hw: np.ndarray, u: np.ndarray, output: np.ndarray) -> np.ndarray:
    """[N,4] rectangles of sizes hw [N,2], centred anywhere in the output and clipped to it."""
    start = np.floor(u * output).astype(np.int64) - hw // 2
    end = np.minimum(start + hw, output)
    start = np.maximum(start, 0)
    return np.concatenate([start, end - start], axis=1)
