"""Batches in reused memory: new arrays of this size cost page faults that can halve the rate."""

import sys
import threading
from typing import List, Tuple

import numpy as np

from .spec import BatchSpec

ALIGNMENT = 64  # what TensorFlow asks of memory that it takes over without a copy
_FREE = 3  # references to an array of the pool while `take` looks at it: the list, the loop, the argument
_FREE_MEMORY = 2  # references to its memory: the array, the argument. Views of the array refer to the memory alone


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


def _free(arrays: List[np.ndarray], shape: Tuple[int, ...]) -> np.ndarray:
    for array in arrays:
        if sys.getrefcount(array) == _FREE and sys.getrefcount(array.base) == _FREE_MEMORY:
            return array
    arrays.append(aligned(shape))
    return arrays[-1]


def aligned(shape: Tuple[int, ...]) -> np.ndarray:
    """An uninitialised uint8 array whose memory starts at a multiple of 64 bytes."""
    size = int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].reshape(shape)
