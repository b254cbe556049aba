"""The floor: the least that any pipeline must do for a batch, as a plain loop on one core.

Copy each window of a random frame, one bilinear resize of the image and one nearest resize of the label to the whole
output. No flip, no colour, no padding, no framework. Rates are compared as fractions of the floor of one run, since
machines drift.
"""

import time
from typing import List, Tuple

import cv2
import numpy as np

from augment import bits, draw
from augment.augmentation import NAMED

from .spec import BatchSpec

STREAM = 4
BATCHES_DRAWN = 128


def images_per_second(samples: List[Tuple[np.ndarray, np.ndarray]], spec: BatchSpec, seconds: float) -> float:
    """Images a second of the floor over `samples` (image [h,w,3], ids [h,w]) uint8, in about `seconds`."""
    windows = _windows(samples, spec)
    image_out = np.empty(spec.image_shape, np.uint8)
    label_out = np.empty(spec.label_shape, np.uint8)
    _pass(samples, windows[:4], image_out, label_out)
    done, start = 0, time.perf_counter()
    while True:
        _pass(samples, windows[done % BATCHES_DRAWN :][:1], image_out, label_out)
        done += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return done * spec.batch_size / elapsed


def _windows(samples: List, spec: BatchSpec) -> List[List[Tuple[int, Tuple[int, int, int, int]]]]:
    """The windows of BATCHES_DRAWN batches, drawn as the augmentation `base` draws them."""
    count = BATCHES_DRAWN * spec.batch_size
    frames = bits.permutation(STREAM, 0, 0, count) % len(samples)
    sizes = np.array([samples[frame][1].shape for frame in frames])
    drawn = draw.draw(NAMED["base"], 0, np.zeros(count, np.int64), np.arange(count), sizes, (spec.height, spec.width))
    pairs = list(zip(frames.tolist(), map(tuple, drawn.window.tolist())))
    return [pairs[i : i + spec.batch_size] for i in range(0, count, spec.batch_size)]


def _pass(samples: List, batches: List, image_out: np.ndarray, label_out: np.ndarray) -> None:
    size = (label_out.shape[2], label_out.shape[1])
    for batch in batches:
        for place, (frame, (y, x, height, width)) in enumerate(batch):
            image, ids = samples[frame]
            window = np.ascontiguousarray(image[y : y + height, x : x + width])
            cv2.resize(window, size, dst=image_out[place], interpolation=cv2.INTER_LINEAR)
            window = np.ascontiguousarray(ids[y : y + height, x : x + width])
            cv2.resize(window, size, dst=label_out[place], interpolation=cv2.INTER_NEAREST)
