"""Arrays exchanged between ranks, through files in a folder that they share."""

import os
import time
from collections import Counter

import numpy as np

WAITS_S = 60
_rounds = Counter()


def swap(key, values):
    """All ranks' `values`, in order of rank; TimeoutError names a rank that does not come, and to what."""
    size, rank = int(os.environ.get("RANK_SIZE") or 1), int(os.environ.get("RANK_ID", "0"))
    if size == 1:
        return [values]
    _rounds[key] += 1
    _put(_path(key, _rounds[key], rank), values)
    found = [_get(key, _rounds[key], other) for other in range(size)]
    old = _path(key, _rounds[key] - 2, rank)  # who is in this round has read the one before
    if os.path.exists(old):
        os.remove(old)
    return found


def _path(key, number, rank):
    return os.path.join(os.environ["STANDIN_HCCL"], "%s-%d-%d.npy" % (key, number, rank))


def _put(path, values):
    with open(path + ".part", "wb") as file:
        np.save(file, values)
    os.replace(path + ".part", path)


def _get(key, number, rank):
    path, end = _path(key, number, rank), time.monotonic() + WAITS_S
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise TimeoutError("rank %d did not come to %s within %s s" % (rank, key, WAITS_S))
        time.sleep(0.001)
    return np.load(path)
