"""The forms in which predictions are shown: of a frame [H,W,3] and its ids [H,W], a picture."""

from typing import Callable, Dict, NamedTuple, Tuple

import numpy as np

from camvid_tools import drawing
from camvid_tools.classes import ClassTable

from . import pictures


class Palette(NamedTuple):
    """A class table, and the ids of it that a network can predict."""

    table: ClassTable
    predicted: Tuple[int, ...]


def _overlay(palette: Palette, image: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return drawing.overlay(image, ids, palette.table.colour_array())


def _colour(palette: Palette, image: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return drawing.paint(ids, palette.table.colour_array())


def _ids(palette: Palette, image: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return ids


def _side(palette: Palette, image: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """With the legend of all classes, so that the frames of a video are of one size."""
    table, titles = palette.table, ("frame", "prediction")
    return pictures.side_by_side(image, [ids], table.colour_array(), table.names, titles, palette.predicted)


IDS = "ids"
FORMS: Dict[str, Callable[[Palette, np.ndarray, np.ndarray], np.ndarray]] = {
    "overlay": _overlay,
    "colour": _colour,
    IDS: _ids,
    "side": _side,
}
