"""Which frames make up batch k: a pure function of (seed, k, rank)."""

from functools import lru_cache
from typing import NamedTuple, Tuple

import numpy as np

from augment import bits

STREAM = 2


class Schedule(NamedTuple):
    """Every epoch visits every frame once, in an order of its own; batches run on across epoch ends."""

    frames: int
    batch_size: int
    seed: int
    rank: int = 0
    ranks: int = 1

    def batch(self, number: int) -> Tuple[np.ndarray, np.ndarray]:
        """(epochs [N], frames [N]) int64 of this rank's part of global batch `number`."""
        first = (number * self.ranks + self.rank) * self.batch_size
        epochs, places = np.divmod(np.arange(first, first + self.batch_size), self.frames)
        chosen = np.empty_like(places)
        for epoch in range(int(epochs[0]), int(epochs[-1]) + 1):
            mask = epochs == epoch
            chosen[mask] = _order(self.seed, epoch, self.frames)[places[mask]]
        return epochs, chosen

    def whole(self) -> "Schedule":
        """That of one process that takes the global batches."""
        return Schedule(self.frames, self.ranks * self.batch_size, self.seed)

    def batch_with(self, epoch: int, frame: int) -> int:
        """The global batch in which this frame comes in this epoch."""
        place = epoch * self.frames + int(np.flatnonzero(_order(self.seed, epoch, self.frames) == frame)[0])
        return place // (self.ranks * self.batch_size)

    def epoch_of(self, batches: int) -> float:
        """How many epochs have been consumed after `batches` global batches."""
        return batches * self.ranks * self.batch_size / self.frames


@lru_cache(maxsize=8)
def _order(seed: int, epoch: int, frames: int) -> np.ndarray:
    return bits.permutation(STREAM, seed, epoch, frames)
