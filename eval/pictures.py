"""Pictures for people, in RGB: a frame beside its label and prediction; a confusion matrix as a heat map."""

from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from camvid_tools import drawing
from camvid_tools.drawing import BOLD, INK, MARGIN, PAPER, Colour

PANEL_WIDTH = 320  # smaller frames are enlarged to at least this,
TALLEST = 2000  # but to no more than this height
LONGEST_LABEL = 220
LEFT_OUT_NAME = "left out"
RIGHT_BLUE, WRONG_RED, ABSENT_GREY = (20, 80, 160), (190, 40, 20), (205, 205, 205)
NO_PIXELS = (247, 247, 247)  # not quite the paper, so that the grid can be followed


def side_by_side(
    image: np.ndarray,
    labels: Sequence[np.ndarray],
    colours: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
    shown: Optional[Sequence[int]] = None,
) -> np.ndarray:
    """[H',W',3] uint8 RGB: image [H,W,3] uint8 and labels, each [H,W] uint8 ids in `colours` [K,3], beside each other
    under their titles, and below them the classes that occur in any, or the ids `shown`.

    Id 255, and any other that has no colour, is dark grey. Small frames are enlarged by a whole factor.
    """
    factor = max(1, min(-(-PANEL_WIDTH // image.shape[1]), TALLEST // image.shape[0]))
    height, width = image.shape[0] * factor, image.shape[1] * factor
    panels = [cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)]
    panels += [drawing.paint(ids, colours).repeat(factor, axis=0).repeat(factor, axis=1) for ids in labels]
    size = drawing.text_size(width)
    items = drawing.legend_items(labels if shown is None else [np.array(shown)], colours, names, LEFT_OUT_NAME)
    inner = len(panels) * (width + MARGIN) - MARGIN
    legend = drawing.legend(items, inner, size)
    head = size + 2 * MARGIN
    canvas = drawing.paper(head + height + MARGIN + len(legend) + MARGIN, inner + 2 * MARGIN)
    for i, (panel, title) in enumerate(zip(panels, titles)):
        left = MARGIN + i * (width + MARGIN)
        canvas[head : head + height, left : left + width] = panel
        drawing.write(canvas, drawing.fit(title, width, size, BOLD), (left, MARGIN + size), size, weight=BOLD)
    canvas[head + height + MARGIN :][: len(legend), MARGIN : MARGIN + legend.shape[1]] = legend
    return canvas


def confusion_picture(confusion: np.ndarray, names: Sequence[str], other: Optional[Sequence[int]] = None) -> np.ndarray:
    """[H',W',3] uint8 RGB heat map of counts [K,K], rows truth: each cell's share of its row in per cent, the
    diagonal blue, errors red; `other` [K] adds a column. Rows without true pixels are grey."""
    counts = np.asarray(confusion, np.float64)
    cell, size = (46, 16) if len(names) <= 16 else (32, 13)
    names = [drawing.fit(name, LONGEST_LABEL, size) for name in names]
    columns = list(names)
    if other is not None and any(other):
        counts = np.column_stack([counts, np.asarray(other, np.float64)])
        columns.append("other")
    true = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, true, out=np.zeros_like(counts), where=true > 0)
    left = MARGIN + 2 * size + max(drawing.length(name, size) for name in columns) + 8
    top = left
    canvas = drawing.paper(top + len(names) * cell + MARGIN, left + len(columns) * cell + MARGIN)
    for row in range(len(names)):
        for column in range(len(columns)):
            corner = (left + column * cell, top + row * cell)
            _draw_cell(canvas, corner, cell, size, shares[row, column] if true[row] else None, row == column)
    _labels_left(canvas, names, "truth", left, top, cell, size)
    _labels_top(canvas, columns, "predicted as, % of the row", left, cell, size)
    return canvas


def _draw_cell(
    canvas: np.ndarray, corner: Tuple[int, int], cell: int, size: int, share: Optional[float], right: bool
) -> None:
    x, y = corner
    # The root makes an error of a few per cent visible, which is where most of them are.
    depth = 0.0 if share is None else float(share if right else share**0.5)
    full = RIGHT_BLUE if right else WRONG_RED
    colour = ABSENT_GREY if share is None else _blend(full, depth)
    cv2.rectangle(canvas, (x, y), (x + cell - 2, y + cell - 2), colour, cv2.FILLED)
    if share is not None and share >= 0.005:
        text = "%.0f" % (100 * share)
        at = (x + (cell - 1 - drawing.length(text, size)) // 2, y + (cell + size) // 2 - 2)
        ink = PAPER if depth > 0.55 else INK
        drawing.write(canvas, text, at, size, ink)


def _blend(full: Colour, depth: float) -> Colour:
    return drawing.as_colour([low + depth * (high - low) for low, high in zip(NO_PIXELS, full)])


def _labels_left(
    canvas: np.ndarray, names: Sequence[str], title: str, left: int, top: int, cell: int, size: int
) -> None:
    for i, name in enumerate(names):
        at = (left - 8 - drawing.length(name, size), top + i * cell + (cell + size) // 2 - 2)
        drawing.write(canvas, name, at, size)
    drawing.write(canvas, title, (left - 8 - drawing.length(title, size, BOLD), top - size // 2), size, weight=BOLD)


def _labels_top(canvas: np.ndarray, names: Sequence[str], title: str, left: int, cell: int, size: int) -> None:
    """Names upright over the columns: written on a strip that is then turned by 90 degrees."""
    strip = drawing.paper(len(names) * cell, left - 8 - 2 * size - 2)
    for i, name in enumerate(names):
        drawing.write(strip, name, (0, i * cell + (cell + size) // 2 - 2), size)
    turned = np.rot90(strip)
    canvas[left - 4 - turned.shape[0] : left - 4, left : left + turned.shape[1]] = turned
    drawing.write(canvas, title, (left, MARGIN + size - 2), size, weight=BOLD)
