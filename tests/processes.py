"""Batches for tests of worker processes, and who is there of those that were started."""

import os
import subprocess
import time

import numpy as np

from augment.augmentation import NAMED
from pipeline import sources
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

SPEC = BatchSpec(4, 64, 96, 32)


def batches(path, augment="base", cache="none", **more):
    """Training batches of a drawn set, its cache filled."""
    source = sources.open_source(path, "train", cache)
    if cache != "none":
        source.survey()
    return TrainBatches(source, Schedule(len(source), SPEC.batch_size, 7), NAMED[augment], SPEC, **more)


def equal(batch, number, make):
    """Whether `make` gives that batch of that number."""
    return all(np.array_equal(one, other) for one, other in zip(batch, make(number)))


def descendants(of=None):
    """Processes that this one, or another, started and that are there, be it as zombies."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(of or os.getpid())], stdout=subprocess.PIPE
    ).stdout.split()
    return {int(pid) for pid in found if os.path.exists("/proc/%d" % int(pid))}


def is_there(pid):
    """Whether a process lives; a zombie does not."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true, seconds=20):
    """Wait until that is so, and fail when it takes too long."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
