"""Random numbers as a function of a key, never of a generator's state.

Bits are mixed by SplitMix64's finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA
2014) in numpy's wrapping uint64 arithmetic, and turned into numbers by our own rule, so that no release of numpy, no
thread and no order of calls changes them. All samples of a batch are mixed in one vectorised call.
"""

import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


def _mix(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * _MULTIPLY_1
    x = (x ^ (x >> np.uint64(27))) * _MULTIPLY_2
    return x ^ (x >> np.uint64(31))


def keys(stream: int, seed: int, epochs: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """[N] epochs and [N] frames (ints >= 0) -> [N] uint64 keys. Streams are independent uses of one seed."""
    key = np.zeros(np.broadcast(epochs, frames).shape, np.uint64)
    for part in (stream, seed & (2**64 - 1), epochs, frames):
        key = _mix((key ^ np.asarray(part, np.uint64)) + _STEP)
    return key


def uniform(key: np.ndarray, count: int) -> np.ndarray:
    """[N] keys -> [N, count] float64 in [0, 1), 53 bits each."""
    turns = np.arange(1, count + 1, dtype=np.uint64) * _STEP
    bits = _mix(key[:, np.newaxis] + turns)
    return (bits >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def permutation(stream: int, seed: int, epoch: int, count: int) -> np.ndarray:
    """[count] int64: an order of 0..count-1 that depends on (stream, seed, epoch) alone."""
    return np.argsort(keys(stream, seed, np.uint64(epoch), np.arange(count)), kind="stable")
