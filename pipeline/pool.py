"""Batches in reused memory: new arrays of this size cost page faults that can halve the rate."""

import sys
import threading
from typing import Iterator, List, Tuple

import numpy as np

from .spec import BatchSpec

ALIGNMENT = 64  # what TensorFlow asks of memory that it takes over without a copy


class BatchPool:
    """Hands out (image [N,H,W,3], label [N,H,W]) uint8. A pair is free again when only the pool refers to it."""

    def __init__(self, spec: BatchSpec) -> None:
        self._spec, self._lock = spec, threading.Lock()
        self._images: List[np.ndarray] = []
        self._labels: List[np.ndarray] = []

    def take(self) -> Tuple[np.ndarray, np.ndarray]:
        """Arrays with arbitrary content that nobody else uses."""
        with self._lock:
            return _free(self._images, self._spec.image_shape), _free(self._labels, self._spec.label_shape)

    def __len__(self) -> int:
        return len(self._images)


def _references(arrays: List[np.ndarray]) -> Iterator[Tuple[int, int]]:
    """References to each array of the pool and to its memory, which views of the array refer to alone."""
    for array in arrays:
        yield sys.getrefcount(array), sys.getrefcount(array.base)


def _free(arrays: List[np.ndarray], shape: Tuple[int, ...]) -> np.ndarray:
    for place, counts in enumerate(_references(arrays)):
        if counts == _FREE:
            return arrays[place]
    arrays.append(aligned(shape))
    return arrays[-1]


def aligned(shape: Tuple[int, ...]) -> np.ndarray:
    """An uninitialised uint8 array whose memory starts at a multiple of 64 bytes."""
    size = int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].reshape(shape)


_FREE = next(_references([aligned((1,))]))  # how many this Python counts where nobody else holds either
