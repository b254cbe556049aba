"""Labels as palette PNGs: a person sees colours, a program that reads indices gets ids. OpenCV cannot write those."""

import struct
import zlib
from typing import Iterable, Tuple

import numpy as np

from .classes import UNKNOWN, Colour
from .imageio import PNG_START

CREAM = (224, 224, 192)  # what PASCAL VOC paints its 255 with
_PALETTE_FORM = bytes((8, 3, 0, 0, 0))  # bits an index, indexed colour, deflate, filters by row, not interlaced


def palette_png_bytes(ids: np.ndarray, colours: np.ndarray) -> bytes:
    """[H,W] uint8 ids (below K, or 255) and [K,3] uint8 RGB -> PNG of 8-bit indices; ValueError on other ids.

    The palette always has 256 entries: the classes, then `unknown_colour` up to 255. So every reader that expands
    palettes gives 255 a colour of no class, and our own makes it 255 again.
    """
    if ids.dtype != np.uint8 or ids.ndim != 2 or not ids.size:
        raise ValueError("ids of shape %s and type %s are no label" % (ids.shape, ids.dtype))
    if not 0 < len(colours) <= UNKNOWN:
        raise ValueError("%d colours, where 1 to 255 are possible" % len(colours))
    strange = ids[(ids >= len(colours)) & (ids != UNKNOWN)]
    if strange.size:
        raise ValueError("id %d, where there are %d classes" % (strange[0], len(colours)))
    height, width = ids.shape
    palette = np.empty((256, 3), np.uint8)
    palette[:] = unknown_colour(map(tuple, np.asarray(colours).tolist()))
    palette[: len(colours)] = colours
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: 0, as it is
    rows[:, 1:] = ids
    return b"".join(
        (
            PNG_START,
            _chunk(b"IHDR", struct.pack(">II", width, height) + _PALETTE_FORM),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def unknown_colour(colours: Iterable[Tuple[int, ...]]) -> Colour:
    """The colour of 255: CREAM, or where that is a class's, the next one of no class, counted as the number rrggbb."""
    taken = {(red << 16) + (green << 8) + blue for red, green, blue in colours}
    number = (CREAM[0] << 16) + (CREAM[1] << 8) + CREAM[2]
    while number in taken:
        number = (number + 1) % (1 << 24)
    return number >> 16, number >> 8 & 255, number & 255


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
