"""Colour labels to class ids and back, exactly, by table look-ups."""

from typing import NamedTuple, Tuple

import cv2
import numpy as np

from .classes import UNKNOWN, ClassTable

_PIXELS_AT_ONCE = 1 << 17  # what lies between colours and ids stays in the cache
_KEYS = 255  # parts of colours that a byte can number, with one number left for all that are in no class


class ColourCodec:
    """Encoder and decoder for one class table; make one and keep it.

    A colour is looked up in two steps, each in a table of 2^16 bytes: (red, green) and (blue, 255) become a byte each,
    and those two bytes the id.
    """

    def __init__(self, classes: ClassTable) -> None:
        self.classes = classes
        halves = cv2.cvtColor(classes.colour_array()[np.newaxis], cv2.COLOR_RGB2RGBA)[0].view(np.uint16)
        self._byte_of, numbered = _numbered(halves)
        self._id_of = np.full((1, 1 << 16), UNKNOWN, np.uint8)
        self._id_of[0, numbered.view(np.uint16)[:, 0]] = np.arange(len(classes))
        self._colour_of = np.zeros((256, 3), np.uint8)
        self._colour_of[: len(classes)] = classes.colour_array()

    def encode(self, rgb: np.ndarray) -> np.ndarray:
        """[H,W,3] uint8 RGB -> [H,W] uint8 ids; a colour of no class becomes 255."""
        height, width = rgb.shape[:2]
        ids = np.empty((height, width), np.uint8)
        rows = max(1, _PIXELS_AT_ONCE // max(1, width))
        for top in range(0, height, rows):
            self._encode(np.ascontiguousarray(rgb[top : top + rows]), ids[top : top + rows])
        return ids

    def _encode(self, rgb: np.ndarray, ids: np.ndarray) -> None:
        halves = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA).view(np.uint16)
        channels = self._byte_of.shape[2]
        found = cv2.LUT(halves.reshape(len(rgb), -1, channels), self._byte_of)
        cv2.LUT(found.reshape(len(rgb), -1).view(np.uint16), self._id_of, ids)

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """[...] uint8 ids -> [...,3] uint8 RGB; ids of no class become black."""
        return self._colour_of[ids]


def colour_codes(rgb: np.ndarray) -> np.ndarray:
    """[H,W,3] uint8 -> [H,W] uint32: 65536 r + 256 g + b."""
    codes = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGRA).view("<u4")[..., 0]
    codes &= 0xFFFFFF
    return codes


def _numbered(halves: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The first table [1,65536,C] and what it makes of the colours' `halves` [K,2] uint16.

    One table serves both halves, which OpenCV looks up the fastest, unless the palette is so large that they need one
    each.
    """
    groups = [np.unique(halves)]
    if len(groups[0]) > _KEYS:
        groups = [np.unique(halves[:, 0]), np.unique(halves[:, 1])]
    table = np.full((1, 1 << 16, len(groups)), _KEYS, np.uint8)
    for channel, keys in enumerate(groups):
        table[0, keys, channel] = np.arange(len(keys))
    return table, np.column_stack([table[0, halves[:, half], half % len(groups)] for half in (0, 1)])


class UnknownColours(NamedTuple):
    """The U colours [U,3] uint8 of no class in one label, most pixels first: pixels [U], and the first one's (x, y)
    [U,2]."""

    colours: np.ndarray
    pixels: np.ndarray
    first: np.ndarray


def unknown_colours(rgb: np.ndarray, ids: np.ndarray) -> UnknownColours:
    """The colours of a label [H,W,3] whose `ids` [H,W] are 255."""
    places = np.flatnonzero(ids == UNKNOWN)
    codes, first, counts = np.unique(colour_codes(rgb).ravel()[places], return_index=True, return_counts=True)
    order = np.lexsort((codes, -counts))
    at = places[first][order]
    found = codes[order]
    colours = np.column_stack([found >> 16, found >> 8 & 255, found & 255]).astype(np.uint8)
    return UnknownColours(colours, counts[order], np.column_stack([at % ids.shape[1], at // ids.shape[1]]))
