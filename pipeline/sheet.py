"""Contact sheets: tiles of panels with captions in even columns, a heading above, the legend below."""

from typing import List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from camvid_tools import drawing

WIDEST = 2400
NARROWEST = 900  # heading and legend need room
PANEL_WIDTH = 280  # smaller panels are enlarged to at least this
LARGEST_TEXT = 20  # of a tile, below the heading's
EDGE, GUTTER, GAP = 24, 24, 4  # around the sheet, between tiles, between the panels of a tile


class Tile(NamedTuple):
    """Panels [h,w,3] uint8 beside each other under a bold title and a line; captions, if any, are one a panel."""

    title: str
    line: str
    panels: Sequence[np.ndarray]
    captions: Sequence[str] = ()


def sheet(heading: str, tiles: Sequence[Tile], items: Sequence[Tuple[str, drawing.Colour]]) -> np.ndarray:
    """[H,W,3] uint8, at most 2400 wide: all tiles in their order, and the legend of `items` (name, colour).

    Panels are enlarged by whole factors, pixel by pixel, or reduced where they would not fit.
    """
    most = max(len(tile.panels) for tile in tiles)
    box = _box(tiles, most)
    width = most * box[1] + (most - 1) * GAP
    columns = min(len(tiles), (WIDEST - 2 * EDGE + GUTTER) // (width + GUTTER))
    rows = -(-len(tiles) // columns)
    columns = -(-len(tiles) // rows)
    drawn = [_draw(tile, box, width) for tile in tiles]
    height = drawn[0].shape[0]
    whole = max(NARROWEST, 2 * EDGE + columns * (width + GUTTER) - GUTTER)
    size = drawing.text_size(whole // 2)
    legend = drawing.legend(items, whole - 2 * EDGE, size)
    head = 2 * EDGE + size
    canvas = drawing.paper(head + rows * (height + GUTTER) + len(legend) + EDGE, whole)
    title = drawing.fit(heading, whole - 2 * EDGE, size, drawing.BOLD)
    drawing.write(canvas, title, (EDGE, EDGE + size), size, weight=drawing.BOLD)
    for i, picture in enumerate(drawn):
        top, left = head + (i // columns) * (height + GUTTER), EDGE + (i % columns) * (width + GUTTER)
        canvas[top : top + height, left : left + width] = picture
    top = head + rows * (height + GUTTER)
    canvas[top : top + len(legend), EDGE : EDGE + legend.shape[1]] = legend
    return canvas


def _box(tiles: Sequence[Tile], most: int) -> Tuple[int, int]:
    """Height and width that every panel gets: the largest one's own, enlarged or reduced."""
    shapes = [panel.shape for tile in tiles for panel in tile.panels]
    height, width = max(shape[0] for shape in shapes), max(shape[1] for shape in shapes)
    factor = max(1, -(-PANEL_WIDTH // width))
    height, width = height * factor, width * factor
    columns = 1 + sum(len(tiles) > count for count in (1, 12, 30))
    room = (WIDEST - 2 * EDGE - (columns - 1) * GUTTER) // columns
    room = (room - (most - 1) * GAP) // most
    return (height, width) if width <= room else (max(1, round(height * room / width)), room)


def _draw(tile: Tile, box: Tuple[int, int], width: int) -> np.ndarray:
    size = min(LARGEST_TEXT, drawing.text_size(2 * width // 3))
    texts: List[Tuple[str, int]] = [(tile.title, drawing.BOLD), (tile.line, drawing.REGULAR)]
    head = len(texts) * (size + 8) + (size + 8 if tile.captions else 0)
    canvas = drawing.paper(head + box[0], width)
    for i, (text, weight) in enumerate(texts):
        drawing.write(canvas, drawing.fit(text, width, size, weight), (0, size + i * (size + 8)), size, weight=weight)
    for i, panel in enumerate(tile.panels):
        left, shown = i * (box[1] + GAP), _fitted(panel, box)
        canvas[head : head + shown.shape[0], left : left + shown.shape[1]] = shown
        if tile.captions:
            text = drawing.fit(tile.captions[i], box[1], size)
            drawing.write(canvas, text, (left, head - 8), size, drawing.FAINT)
    return canvas


def _fitted(panel: np.ndarray, box: Tuple[int, int]) -> np.ndarray:
    factor = min(box[0] / panel.shape[0], box[1] / panel.shape[1])
    if factor >= 1:
        return panel.repeat(int(factor), axis=0).repeat(int(factor), axis=1)
    height, width = (max(1, int(length * factor + 0.5)) for length in panel.shape[:2])
    return cv2.resize(panel, (width, height), interpolation=cv2.INTER_AREA)
