"""How long Python's interpreter lock is held for an image, which bounds what one process makes on any number of cores.

OpenCV and numpy let go of the lock while they work on pixels, so what is left when there are next to no pixels is time
that holds it; looking colours up does not let go, and transforms of albumentations run one at a time.
"""

import dataclasses
import itertools
import time
from typing import Dict

import numpy as np

from augment import tone

from .batches import TrainBatches
from .schedule import Schedule
from .sources import ArraySource
from .workers import Workers

TINY = 32
_BATCHES, _ROUNDS = 32, 5


def held(make: TrainBatches, stages: Dict[str, float]) -> float:
    """Milliseconds an image: of `make`'s work on frames and crops of 32 x 32, look-ups of colours, and transforms."""
    looked_up = stages["tone"] if tone.fastest() is not tone.by_opencv else 0.0
    return _tiny(make) + looked_up + stages.get("albumentations", 0.0)


def handing_on(workers: Workers, first_step: int) -> float:
    """Milliseconds of this process's time an image, where other processes make the batches."""
    numbers = iter(range(first_step, 2**62))
    batches = max(_BATCHES, workers.count)
    spent = []
    for _ in range(1 + _ROUNDS):
        start = time.thread_time()
        for number in itertools.islice(numbers, batches):
            workers(number)
        spent.append(time.thread_time() - start)
    return 1000 * min(spent[1:]) / (batches * workers.spec.batch_size)  # the first round asks for all that is ahead


def _tiny(make: TrainBatches) -> float:
    frame = np.zeros((TINY, TINY, 3), np.uint8), np.zeros((TINY, TINY), np.uint8)
    source = ArraySource(["%03d" % i for i in range(64)], [frame] * 64, make.source.classes)
    spec = make.spec._replace(height=TINY, width=TINY)
    chosen = dataclasses.replace(make.augmentation, albumentations=())  # whose crops may be larger than this
    small = TrainBatches(source, Schedule(len(source), spec.batch_size, 0), chosen, spec)
    return min(_round(small) for _ in range(_ROUNDS))


def _round(make: TrainBatches) -> float:
    start = time.perf_counter()
    for number in range(_BATCHES):
        make(number)
    return 1000 * (time.perf_counter() - start) / (_BATCHES * make.spec.batch_size)
