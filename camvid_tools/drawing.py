"""What all pictures for people are drawn with, in RGB: labels as colours, overlays, text, a legend of classes."""

from typing import Iterable, List, Sequence, Tuple

import cv2
import numpy as np

MARGIN = 12
PAPER, INK, FAINT = (255, 255, 255), (25, 25, 25), (120, 120, 120)
NO_CLASS_GREY = (64, 64, 64)  # of id 255 and any other without a colour; no class of CamVid's tables has it
REGULAR, BOLD = 400, 600

Colour = Tuple[int, int, int]


def paint(ids: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """[H,W] uint8 ids in `colours` [K,3] -> [H,W,3] uint8 RGB; ids that have no colour are dark grey."""
    return palette(colours)[ids]


def palette(colours: np.ndarray) -> np.ndarray:
    """[256,3] uint8 RGB: the colour of every id, dark grey from K on."""
    table = np.full((256, 3), NO_CLASS_GREY, np.uint8)
    table[: len(colours)] = colours
    return table


def overlay(image: np.ndarray, ids: np.ndarray, colours: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """image [H,W,3] uint8 RGB under the colours [K,3] of its ids [H,W], which weigh `alpha` -> [H,W,3] uint8.

    Ids that have no colour are dark grey that nothing shines through.
    """
    painted = paint(ids, colours)
    mixed = cv2.addWeighted(image, 1.0 - alpha, painted, alpha, 0.0)
    return np.where((ids >= len(colours))[..., np.newaxis], painted, mixed)


def scaled(picture: np.ndarray, width: int) -> np.ndarray:
    """A picture [H,W,3] uint8 at another width, its shape kept: for thumbnails."""
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    smaller = width < picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def legend_items(
    labels: Iterable[np.ndarray], colours: np.ndarray, names: Sequence[str], rest: str
) -> List[Tuple[str, Colour]]:
    """(name, colour) of each class that occurs in any of the id arrays, by id; `rest` names ids without a class."""
    table = palette(colours)
    seen = np.unique(np.concatenate([np.unique(ids) for ids in labels]))
    items = [(names[i], as_colour(table[i])) for i in seen if i < len(names)]
    return items + [(rest, NO_CLASS_GREY)] * bool((seen >= len(names)).any())


def legend(items: Sequence[Tuple[str, Colour]], width: int, size: int) -> np.ndarray:
    """[h,width,3] uint8 RGB: swatches with names, in as many columns of equal width as fit; `size` of the text."""
    line = size + 8
    room = size + 8 + max([length(name, size) for name, _ in items] or [0]) + 2 * size
    columns = max(1, width // room)
    rows = -(-len(items) // columns)
    canvas = paper(rows * line, width)
    for i, (name, filling) in enumerate(items):
        left, top = (i % columns) * room, (i // columns) * line
        cv2.rectangle(canvas, (left, top + 3), (left + size, top + 3 + size), filling, cv2.FILLED)
        cv2.rectangle(canvas, (left, top + 3), (left + size, top + 3 + size), FAINT, 1)
        text = fit(name, width - left - size - 8, size)
        write(canvas, text, (left + size + 8, top + 1 + size), size)
    return canvas


def paper(height: int, width: int) -> np.ndarray:
    """[height,width,3] uint8 of white."""
    return np.full((height, width, 3), PAPER, np.uint8)


def as_colour(rgb: Sequence[int]) -> Colour:
    """Three numbers of any kind as the plain ints that OpenCV takes."""
    return (int(rgb[0]), int(rgb[1]), int(rgb[2]))


def text_size(panel_width: int) -> int:
    """A size of text that reads well under a picture of that width, both in pixels."""
    return int(min(26, max(14, panel_width // 32)))


def write(
    canvas: np.ndarray, text: str, at: Tuple[int, int], size: int, ink: Colour = INK, weight: int = REGULAR
) -> None:
    """Write with the base line's left end at (x, y); `size` is the font's height in pixels."""
    cv2.putText(canvas, text, at, ink, cv2.FontFace("sans"), size, weight)


def length(text: str, size: int, weight: int = REGULAR) -> int:
    """How many pixels wide `text` is."""
    return int(cv2.getTextSize((1, 1), text, (0, 0), cv2.FontFace("sans"), size, weight)[2])


def fit(text: str, width: int, size: int, weight: int = REGULAR) -> str:
    """`text`, cut at the end so that it is at most `width` pixels long (OpenCV would wrap it)."""
    if length(text, size, weight) <= width:
        return text
    while text and length(text + "...", size, weight) > width:
        text = text[:-1]
    return text + "..."
