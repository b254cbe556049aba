"""Colour labels to class ids and back, exactly, by one table look-up a pixel."""

from typing import List, NamedTuple

import cv2
import numpy as np

from .classes import UNKNOWN, ClassTable, Colour

_PIXELS_AT_ONCE = 1 << 15  # what lies between colours and ids stays in the cache, and the heap does not grow


class ColourCodec:
    """Encoder and decoder for one class table. Holds a table of 2^24 bytes, so make one and keep it."""

    def __init__(self, classes: ClassTable) -> None:
        self.classes = classes
        self._id_of = np.full(1 << 24, UNKNOWN, np.uint8)
        self._id_of[_codes(classes.colour_array()[np.newaxis])[0]] = np.arange(len(classes), dtype=np.uint8)
        self._colour_of = np.zeros((256, 3), np.uint8)
        self._colour_of[: len(classes)] = classes.colour_array()

    def encode(self, rgb: np.ndarray) -> np.ndarray:
        """[H,W,3] uint8 RGB -> [H,W] uint8 ids; a colour of no class becomes 255."""
        height, width = rgb.shape[:2]
        ids = np.empty((height, width), np.uint8)
        rows = max(1, _PIXELS_AT_ONCE // max(1, width))
        for top in range(0, height, rows):
            ids[top : top + rows] = self._id_of[_codes(rgb[top : top + rows])]
        return ids

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """[...] uint8 ids -> [...,3] uint8 RGB; ids of no class become black."""
        return self._colour_of[ids]


def _codes(rgb: np.ndarray) -> np.ndarray:
    """[H,W,3] uint8 -> [H,W] uint32: r + 256 g + 65536 b."""
    codes = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2RGBA).view("<u4")[..., 0]
    codes &= 0xFFFFFF
    return codes


class UnknownColour(NamedTuple):
    """A colour of no class in one label: how many pixels, and the first of them."""

    colour: Colour
    pixels: int
    x: int
    y: int


def unknown_colours(rgb: np.ndarray, ids: np.ndarray) -> List[UnknownColour]:
    """The colours of a label [H,W,3] whose `ids` [H,W] are 255, most pixels first."""
    places = np.flatnonzero(ids == UNKNOWN)
    if not len(places):
        return []
    codes, first, counts = np.unique(_codes(rgb).ravel()[places], return_index=True, return_counts=True)
    width = ids.shape[1]
    found = []
    for code, place, count in zip(codes.tolist(), places[first].tolist(), counts.tolist()):
        colour = (code & 255, code >> 8 & 255, code >> 16 & 255)
        found.append(UnknownColour(colour, count, place % width, place // width))
    return sorted(found, key=lambda item: (-item.pixels, item.colour))
