"""The frames of a training split in tests: with a cache and without, compared, and the file that a cache leaves."""

import os

import numpy as np

from pipeline import sources


def opened(path, cache="none", said=None, **more):
    return sources.open_source(path, "train", cache, say=(said if said is not None else []).append, **more)


def same(source, tree):
    fresh = opened(tree)
    pairs = [(source.read(index), fresh.read(index)) for index in range(len(fresh))]
    return all(np.array_equal(a, b) for kept, read in pairs for a, b in zip(kept, read))


def the_file(folder):
    (name,) = os.listdir(folder)
    return os.path.join(folder, name)
