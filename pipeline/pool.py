"""Batches in reused memory: new arrays of this size cost page faults that can halve the rate."""

import mmap
import sys
import threading
from typing import Collection, Iterator, List, Optional, Tuple

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


class SharedBatches:
    """`count` batches in memory that is shared with processes forked from this one, each at its place."""

    def __init__(self, spec: BatchSpec, count: int) -> None:
        self._images = [shared(spec.image_shape) for _ in range(count)]
        self._labels = [shared(spec.label_shape) for _ in range(count)]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, place: int) -> Tuple[np.ndarray, np.ndarray]:
        """(image [N,H,W,3], label [N,H,W]) uint8."""
        return self._images[place], self._labels[place]

    def free(self, used: Collection[int]) -> Optional[int]:
        """A place that is not among the `used`, and whose batch nobody else in this process refers to."""
        counts = zip(_references(self._images), _references(self._labels))
        return next((i for i, pair in enumerate(counts) if pair == (_FREE_SHARED,) * 2 and i not in used), None)


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


def shared(shape: Tuple[int, ...]) -> np.ndarray:
    """A uint8 array of zeros, aligned to a page, that processes forked later share. Memory of its own, which nothing
    but the array and its views refer to."""
    return np.frombuffer(mmap.mmap(-1, int(np.prod(shape))), np.uint8).reshape(shape)


_FREE = next(_references([aligned((1,))]))  # how many this Python counts where nobody else holds either
_FREE_SHARED = next(_references([shared((1,))]))
