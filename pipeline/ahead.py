"""Draws of many batches at once: a call of numpy costs more than the work of a batch's few numbers."""

from functools import lru_cache
from typing import List, Tuple

import numpy as np

from augment import draw
from augment.augmentation import Augmentation
from augment.plan import Plan, plans

from .schedule import Schedule

BLOCK = 32  # batches

Planned = Tuple[List[int], List[Plan]]


class Ahead:
    """Frames and plans of batch k, for sources whose frames are of one size, which is known before they are read.

    stride: of the numbers that will be asked for one after another.
    """

    def __init__(
        self,
        schedule: Schedule,
        augmentation: Augmentation,
        frame_hw: Tuple[int, int],
        output_hw: Tuple[int, int],
        stride: int = 1,
    ) -> None:
        self._schedule, self._augmentation = schedule, augmentation
        self._frame_hw, self._output_hw, self._stride = frame_hw, output_hw, stride
        self._kept = lru_cache(maxsize=8)(self._block)  # threads work near each other

    def __call__(self, number: int) -> Planned:
        """(frames [N], plans [N]) of batch `number`."""
        turn, offset = divmod(number, self._stride)
        block, place = divmod(turn, BLOCK)
        return self._kept(block, offset)[place]

    def _block(self, block: int, offset: int) -> List[Planned]:
        size, turns = self._schedule.batch_size, range(block * BLOCK, (block + 1) * BLOCK)
        parts = [self._schedule.batch(turn * self._stride + offset) for turn in turns]
        epochs, frames = (np.concatenate(column) for column in zip(*parts))
        sizes = np.broadcast_to(np.array(self._frame_hw), (len(frames), 2))
        draws = draw.draw(self._augmentation, self._schedule.seed, epochs, frames, sizes, self._output_hw)
        rows = list(zip(frames.tolist(), plans(draws)))
        batches = (rows[at : at + size] for at in range(0, len(rows), size))
        return [([frame for frame, _ in batch], [plan for _, plan in batch]) for batch in batches]
