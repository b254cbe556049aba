"""Class ids of pictures of any size: padded, never squashed; above a size in overlapping tiles."""

import collections
from typing import Any, Tuple

import numpy as np

from pipeline import canvas, sizes
from pipeline.device import Device
from pipeline.spec import BatchSpec

from . import runner, tiles
from .trained import Trained

NETWORKS = 3  # kept, each for one size of canvas


class AnySize:
    """A trained network for pictures as they come. Use as a context manager, so that its sessions are closed.

    `tile`: height and width, multiples of 32 from 64 on, of the largest canvas that the network runs on, which bounds
    memory; for pictures that stand upright it is taken upright.
    """

    def __init__(self, trained: Trained, device: Device, tile: Tuple[int, int]) -> None:
        self._trained, self._device, self._tile = trained, device, tile
        self._networks: "collections.OrderedDict[Tuple[int, int], Any]" = collections.OrderedDict()

    def __enter__(self) -> "AnySize":
        return self

    def __exit__(self, *unused: Any) -> None:
        while self._networks:
            self._close_oldest()

    def ids(self, image: np.ndarray) -> np.ndarray:
        """image [H,W,3] uint8 RGB -> ids [H,W] uint8. In one part they are those that `python -m eval` scores, except
        where frames differ in size: it pads them to the largest."""
        height, width = image.shape[:2]
        tile = sorted(self._tile, reverse=height > width)
        size = tuple(min(most, sizes.rounded_up(length)) for most, length in zip(tile, (height, width)))
        network = self._network(size)
        found = np.empty((height, width), np.uint8)
        for down in tiles.spans(height, size[0], sizes.MULTIPLE):
            for along in tiles.spans(width, size[1], sizes.MULTIPLE):
                part = image[down.start :, along.start :][: size[0], : size[1]]
                ids = network.ids(canvas.padded(part, *size)[np.newaxis])[0]
                rows, columns = (slice(span.first - span.start, span.last - span.start) for span in (down, along))
                found[down.first : down.last, along.first : along.last] = ids[rows, columns]
        return found

    def _network(self, size: Tuple[int, ...]) -> runner.FrameByFrame:
        if size not in self._networks:
            if len(self._networks) == NETWORKS:
                self._close_oldest()
            spec = BatchSpec(1, size[0], size[1], self._trained.model.classes)
            made = runner.FrameByFrame(self._trained.model, self._trained.values, spec, self._device)
            self._networks[size] = made
        self._networks.move_to_end(size)
        return self._networks[size]

    def _close_oldest(self) -> None:
        self._networks.popitem(last=False)[1].close()
