"""Batches in reused memory: new arrays of this size cost page faults that can halve the rate."""

import mmap
import sys
import threading
from itertools import accumulate
from typing import List, Sequence, Tuple

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
        shapes = [spec.image_shape, spec.label_shape] * count
        arrays = shared(shapes)
        self._images, self._labels = arrays[::2], arrays[1::2]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, place: int) -> Tuple[np.ndarray, np.ndarray]:
        """(image [N,H,W,3], label [N,H,W]) uint8."""
        return self._images[place], self._labels[place]

    def is_free(self, place: int) -> bool:
        """Whether nobody else in this process refers to the batch there."""
        return _references(self._images, place) == _references(self._labels, place) == _FREE_SHARED


def _references(arrays: List[np.ndarray], place: int) -> Tuple[int, int]:
    """References to an array of the pool and to its memory, which views of the array refer to alone."""
    return sys.getrefcount(arrays[place]), sys.getrefcount(arrays[place].base)


def _free(arrays: List[np.ndarray], shape: Tuple[int, ...]) -> np.ndarray:
    for place in range(len(arrays)):
        if _references(arrays, place) == _FREE:
            return arrays[place]
    arrays.append(aligned(shape))
    return arrays[-1]


def aligned(shape: Tuple[int, ...]) -> np.ndarray:
    """An uninitialised uint8 array whose memory starts at a multiple of 64 bytes."""
    size = int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].reshape(shape)


def shared(shapes: Sequence[Tuple[int, ...]]) -> List[np.ndarray]:
    """uint8 arrays of zeros, each aligned to a page, that processes forked later share. What each stands on is a view
    of its own, which nothing but the array and its own views refer to."""
    ends = list(accumulate(-(-int(np.prod(shape)) // mmap.PAGESIZE) * mmap.PAGESIZE for shape in shapes))
    whole = memoryview(mmap.mmap(-1, ends[-1]))
    parts = zip([0] + ends[:-1], shapes)
    return [np.frombuffer(whole[at : at + int(np.prod(shape))], np.uint8).reshape(shape) for at, shape in parts]


_FREE = _references([aligned((1,))], 0)  # how many this Python counts where nobody else holds either
_FREE_SHARED = _references(shared([(1,)]), 0)
