"""Where the time of a batch goes: the work of `augment.apply`, piece by piece under a clock, on one thread."""

import contextlib
import time
from typing import Any, Dict, Iterator

import cv2
import numpy as np

from augment import apply, draw

from .batches import TrainBatches

BATCHES = 6
STAGES = ("read", "draw", "pad", "resize_image", "resize_label", "flip", "colour")
_PAGE = 4096


class _Clock:
    """Seconds spent, by stage."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(STAGES, 0.0)

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.spent[stage] += time.perf_counter() - start


def times(make: TrainBatches, first_step: int) -> Dict[str, float]:
    """Milliseconds an image of each stage."""
    clock = _Clock()
    for number in range(first_step, first_step + BATCHES):
        _batch(make, number, clock)
    images = BATCHES * make.spec.batch_size
    return {stage: round(1000 * seconds / images, 4) for stage, seconds in clock.spent.items()}


def _batch(make: TrainBatches, number: int, clock: _Clock) -> None:
    epochs, frames = make.schedule.batch(number)
    with clock("read"):
        samples = [make.source.read(int(frame)) for frame in frames]
        for array in (array for sample in samples for array in sample):
            array.reshape(-1)[::_PAGE].max()  # a memory map is read when it is touched
    hw = (make.spec.height, make.spec.width)
    sizes = np.array([ids.shape for _, ids in samples])
    with clock("draw"):
        drawn = draw.draw(make.augmentation, make.schedule.seed, epochs, frames, sizes, hw)
    output = np.empty(hw + (3,), np.uint8), np.empty(hw, np.uint8)
    template = apply.padding(hw)
    for index, (image, ids) in enumerate(samples):
        place = drawn.place[index].tolist()
        with clock("pad"):
            apply.pad(output[0], output[1], template, place)
        _sample(image, ids, drawn, index, place, clock)


def _sample(image: np.ndarray, ids: np.ndarray, drawn: draw.Draws, index: int, place: Any, clock: _Clock) -> None:
    y, x, height, width = drawn.window[index].tolist()
    image, ids = image[y : y + height, x : x + width], ids[y : y + height, x : x + width]
    size = (place[3], place[2])
    scaled = cv2.resize(image, size), cv2.resize(ids, size)
    with clock("resize_image"):
        cv2.resize(image, size, dst=scaled[0], interpolation=cv2.INTER_LINEAR)
    with clock("resize_label"):
        cv2.resize(ids, size, dst=scaled[1], interpolation=cv2.INTER_NEAREST_EXACT)
    smaller = (image, ids) if height * width < size[0] * size[1] else scaled
    with clock("colour"):
        apply.recolour(smaller[0], drawn, index)
    if drawn.flip[index]:
        with clock("flip"):
            cv2.flip(smaller[0], 1), cv2.flip(smaller[1], 1)
