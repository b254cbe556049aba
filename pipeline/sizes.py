"""Sizes that follow from the data: the crop of training, the canvas of evaluation. Networks need multiples of 32."""

from typing import Optional, Tuple

from camvid_tools.errors import ToolkitError

MULTIPLE = 32


def training_size(source, height: Optional[int], width: Optional[int]) -> Tuple[int, int]:
    """The crop's height and width: as asked for, else the largest multiples of 32 that fit in the frames."""
    for name, value in (("height", height), ("width", width)):
        if value is not None and (value < MULTIPLE or value % MULTIPLE):
            low = max(MULTIPLE, value // MULTIPLE * MULTIPLE)
            raise ToolkitError(
                "--%s %d is no multiple of %d" % (name, value, MULTIPLE),
                remedy="try %d or %d" % (low, low + MULTIPLE),
            )
    frame_height, frame_width = (height, width) if height and width else source.survey()[1]
    return height or _down(frame_height), width or _down(frame_width)


def evaluation_size(source) -> Tuple[int, int]:
    """The canvas that holds the largest frame: rounded up to multiples of 32."""
    height, width = source.survey()[1]
    return rounded_up(height), rounded_up(width)


def rounded_up(length: int) -> int:
    """The least length of a canvas that holds `length` pixels."""
    return -(-length // MULTIPLE) * MULTIPLE


def _down(length: int) -> int:
    return max(MULTIPLE, length // MULTIPLE * MULTIPLE)
