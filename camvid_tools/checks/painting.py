"""How a label is painted: counts by id, a thinned copy, straight strips along the border that nobody painted."""

from typing import List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from ..classes import UNKNOWN, ClassTable

BORDER_SHARE = 0.1  # a strip is at most this part of the picture
RAGGED_SHARE = 0.01  # and its inner edge straight to this part
_COUNTS_EXACTLY = 1 << 24  # OpenCV counts in float32
SIDES = ("top", "bottom", "left", "right")


class Strip(NamedTuple):
    """A straight strip of Void along a side: its depth in pixels and (x, y) of its upper left corner."""

    side: str
    depth: int
    at: Tuple[int, int]

    def words(self) -> str:
        """What is wrong, as a sentence without a full stop."""
        noun = "row" if self.side in ("top", "bottom") else "column"
        many = noun + " is" if self.depth == 1 else "%d %ss are" % (self.depth, noun)
        return "the %s %s Void, up to a straight edge" % (self.side, many)


def histogram(ids: np.ndarray) -> np.ndarray:
    """[256] int64 pixels by id of ids [H,W] uint8."""
    if ids.size >= _COUNTS_EXACTLY:
        return np.bincount(ids.ravel(), minlength=256)
    return cv2.calcHist([ids], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def thinned(ids: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """Every n-th row and column of ids [H,W], so that about `size` (height, width) is left; never less than it."""
    rows, columns = (max(1, have // want) for have, want in zip(ids.shape, size))
    return np.ascontiguousarray(ids[::rows, ::columns])


def name(table: ClassTable, class_id: int) -> str:
    """The class of an id; 255 is a colour of no class."""
    return table.names[class_id] if class_id < len(table) else "unknown"


def unwritten_borders(ids: np.ndarray, void_ids: Sequence[int]) -> List[Strip]:
    """Each strip along a border of ids [H,W] that is Void up to a straight inner edge.

    A bonnet or a house front that is Void at the border has no straight edge along it, and is no such strip.
    """
    height, width = ids.shape
    sides = {"top": ids, "bottom": ids[::-1], "left": ids.T, "right": ids.T[::-1]}
    depths = {side: _straight_depth(lines, void_ids) for side, lines in sides.items()}
    corners = {"bottom": (0, height - depths["bottom"]), "right": (width - depths["right"], 0)}
    return [Strip(side, depth, corners.get(side, (0, 0))) for side, depth in depths.items() if depth]


def most_void_sides(ids: np.ndarray, void_ids: Sequence[int]) -> List[str]:
    """The sides whose outermost line is more than half Void."""
    outermost = {"top": ids[0], "bottom": ids[-1], "left": ids[:, 0], "right": ids[:, -1]}
    return [side for side in SIDES if _is_void(outermost[side], void_ids).mean() > 0.5]


def _straight_depth(lines: np.ndarray, void_ids: Sequence[int]) -> int:
    """Depth of the strip along the first of `lines` [L,M]; 0 where there is none."""
    if _is_void(lines[0], void_ids).mean() <= 0.5:
        return 0
    deepest = max(1, int(BORDER_SHARE * len(lines)))
    void = _is_void(lines[: deepest + 1], void_ids)
    runs = np.where(void.all(axis=0), len(void), void.argmin(axis=0))
    depth = int(np.median(runs))
    straight = (runs >= 1) & (np.abs(runs - depth) <= int(RAGGED_SHARE * len(lines)))
    return depth if 1 <= depth <= deepest and straight.mean() > 0.5 else 0


def _is_void(ids: np.ndarray, void_ids: Sequence[int]) -> np.ndarray:
    void = ids == UNKNOWN
    for one in void_ids:
        void |= ids == one
    return void
