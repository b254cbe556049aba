"""The static shape of a batch."""

from typing import NamedTuple, Tuple


class BatchSpec(NamedTuple):
    """An element is image [N,H,W,3] uint8 RGB and label [N,H,W] uint8 with ids below `classes`, or 255."""

    batch_size: int
    height: int
    width: int
    classes: int

    @property
    def image_shape(self) -> Tuple[int, int, int, int]:
        """(N, H, W, 3)"""
        return self.batch_size, self.height, self.width, 3

    @property
    def label_shape(self) -> Tuple[int, int, int]:
        """(N, H, W)"""
        return self.batch_size, self.height, self.width

    @property
    def element_bytes(self) -> int:
        """Bytes of one element."""
        return self.batch_size * self.height * self.width * 4
