"""Drawing in RGB for every picture of the tools: paper, text, legends, class ids as colours, labels over frames."""

from typing import List, Sequence, Tuple

import cv2
import numpy as np

MARGIN = 12
PAPER, INK, FAINT = (255, 255, 255), (25, 25, 25), (120, 120, 120)
LEFT_OUT_GREY = (64, 64, 64)
LEFT_OUT_NAME = "left out"
REGULAR, BOLD = 400, 600

Colour = Tuple[int, int, int]


def paper(height: int, width: int) -> np.ndarray:
    """[height,width,3] uint8 of the paper's colour."""
    return np.full((height, width, 3), PAPER, np.uint8)


def colour(rgb: Sequence[int]) -> Colour:
    """Three numbers of any type as the plain ints that OpenCV takes."""
    return (int(rgb[0]), int(rgb[1]), int(rgb[2]))


def text_size(panel_width: int) -> int:
    """Height in pixels of the text that goes with panels of this width."""
    return int(min(26, max(14, panel_width // 32)))


def write(
    canvas: np.ndarray, text: str, at: Tuple[int, int], size: int, ink: Colour = INK, weight: int = REGULAR
) -> None:
    """Write on canvas [H,W,3] with the base line's left end at (x, y); `size` is the font's height in pixels."""
    cv2.putText(canvas, text, at, ink, cv2.FontFace("sans"), size, weight)


def length(text: str, size: int, weight: int = REGULAR) -> int:
    """Width of the written text in pixels."""
    return int(cv2.getTextSize((1, 1), text, (0, 0), cv2.FontFace("sans"), size, weight)[2])


def fit(text: str, width: int, size: int, weight: int = REGULAR) -> str:
    """`text`, cut at the end so that it is at most `width` pixels long (OpenCV would wrap it)."""
    if length(text, size, weight) <= width:
        return text
    while text and length(text + "...", size, weight) > width:
        text = text[:-1]
    return text + "..."


def palette(colours: np.ndarray) -> np.ndarray:
    """[256,3] uint8 from colours [K,3]: what `palette[ids]` paints; ids without a colour, 255 too, are dark grey."""
    whole = np.full((256, 3), LEFT_OUT_GREY, np.uint8)
    whole[: len(colours)] = colours
    return whole


def overlay(image: np.ndarray, ids: np.ndarray, colours: np.ndarray, alpha: float = 0.5) -> np.ndarray:
    """[H,W,3] uint8: image [H,W,3] uint8 under the colours [K,3] of ids [H,W] uint8, which weigh `alpha`.

    Ids without a colour, 255 too, are dark grey.
    """
    return cv2.addWeighted(np.ascontiguousarray(image), 1 - alpha, palette(colours)[ids], alpha, 0)


def legend_items(
    seen: Sequence[int], colours: np.ndarray, names: Sequence[str], nameless: str = LEFT_OUT_NAME
) -> List[Tuple[str, Colour]]:
    """(name, colour) of the ids in `seen`, in their order; all that have no name are one item, called `nameless`."""
    items = [(names[i], colour(colours[i])) for i in seen if i < len(names)]
    return items + [(nameless, LEFT_OUT_GREY)] * any(i >= len(names) for i in seen)


def legend(items: Sequence[Tuple[str, Colour]], width: int, size: int) -> np.ndarray:
    """[h,width,3] uint8: swatches with names, in as many columns of equal width as fit."""
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
