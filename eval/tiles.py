"""A long picture in overlapping tiles: where they lie, and which pixels each of them decides."""

from typing import List, NamedTuple

OVERLAP = 4  # neighbours share at least a tile's length over this


class Span(NamedTuple):
    """One tile along one axis, in pixels: it begins at `start` and decides those from `first` to before `last`."""

    start: int
    first: int
    last: int


def spans(length: int, tile: int, multiple: int) -> List[Span]:
    """Tiles along an axis of `length` pixels; `tile` is a multiple of `multiple`, and so is every start.

    They lie as evenly as that allows, and two neighbours meet in the middle of what they share: no pixel is decided by
    a tile in whose margin it lies if another sees it better. The last may reach past the end.
    """
    end = max(tile, -(-length // multiple) * multiple)  # of the last tile
    room, longest_step = end - tile, max(multiple, (tile - tile // OVERLAP) // multiple * multiple)
    count = 1 + -(-room // longest_step)
    starts = [room * number // max(1, count - 1) // multiple * multiple for number in range(count)]
    meetings = [(before + tile + after) // 2 for before, after in zip(starts, starts[1:])]
    return [Span(*three) for three in zip(starts, [0] + meetings, meetings + [length])]
