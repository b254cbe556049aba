"""Crops chosen by what is there: around a pixel of a rare class, or until no class fills the crop.

Both change the window's corner alone; sizes stay as drawn. A frame is drawn for by its own numbers, so the choice is a
function of key and label.
"""

from typing import Sequence, Tuple

import cv2
import numpy as np

from .augmentation import Augmentation
from .draw import Draws

TRIES = 8
_EVERY = 4  # shares are counted on every fourth row and column
_AROUND = 4  # numbers that the crop around a class takes; those of the tries follow


def choose(augmentation: Augmentation, draws: Draws, labels: Sequence[np.ndarray], ignored: Sequence[int]) -> Draws:
    """Draws with windows laid as the augmentation asks, for the frames' labels [h,w] uint8.

    With probability `class_balance` a class is drawn evenly from those in the frame but `ignored` and 255, one of its
    pixels evenly, and that pixel's place in the window evenly, as far as the frame allows. So a class that covers a
    hundredth of a frame with ten classes is in at least a tenth of such crops. Other crops in which one class has a
    share above `one_class` are drawn anew, evenly, up to TRIES times; the first below it, else the least, is taken.
    """
    window = draws.window.copy()
    for row, label, u in zip(window, labels, draws.more.choice.tolist()):
        height, width = row[2:].tolist()
        laid = None
        if u[0] < augmentation.class_balance:
            laid = _around_a_class(label, (height, width), u[1 : _AROUND + 1], ignored)
        if laid is not None:
            row[:2] = laid
        elif augmentation.one_class < 1:
            row[:2] = _mixed(label, row.tolist(), u[_AROUND + 1 :], augmentation.one_class)
    return draws._replace(window=window)


def _around_a_class(label: np.ndarray, hw: Tuple[int, int], u: Sequence[float], ignored: Sequence[int]):
    """The corner of a window around a pixel of a class; None where no class is there."""
    counts = cv2.calcHist([np.ascontiguousarray(label)], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    counts[list(ignored) + [255]] = 0
    there = np.flatnonzero(counts)
    if not len(there):
        return None
    chosen = int(there[int(u[0] * len(there))])
    at = int(np.flatnonzero(label.ravel() == chosen)[int(u[1] * counts[chosen])])
    pixel = divmod(at, label.shape[1])
    corner = [p - int(part * size) for p, part, size in zip(pixel, u[2:], hw)]
    return [min(max(0, c), whole - size) for c, whole, size in zip(corner, label.shape, hw)]


def _mixed(label: np.ndarray, window: Sequence[int], u: Sequence[float], most: float) -> Tuple[int, int]:
    """The corner of the first window of those drawn in which no class has a share above `most`, else of the least."""
    y, x, height, width = window
    rows, columns = label.shape[0] - height + 1, label.shape[1] - width + 1
    corners = [(y, x)] + [(int(u[2 * i] * rows), int(u[2 * i + 1] * columns)) for i in range(TRIES)]
    found = []
    for corner in corners:
        found.append((_largest_share(label, corner, (height, width)), len(found), corner))
        if found[-1][0] <= most:
            return corner
    return min(found)[2]


def _largest_share(label: np.ndarray, corner: Tuple[int, int], hw: Tuple[int, int]) -> float:
    (y, x), (height, width) = corner, hw
    part = label[y : y + height : _EVERY, x : x + width : _EVERY]
    return float(np.bincount(part.ravel()).max() / part.size)
