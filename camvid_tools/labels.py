"""Label files as ids: colours through the class table, id labels as they are."""

from typing import Callable, NamedTuple

import numpy as np

from . import imageio
from .classes import UNKNOWN
from .codec import ColourCodec

COLOURS, IDS = "colours", "ids"
GREY_IDS = "ids in three equal channels"  # read as colours, which they are not: camvid-check tells


class Label(NamedTuple):
    """A label as read: ids [H,W] uint8 (255 where the file says nothing known), its form, unknown pixels."""

    ids: np.ndarray
    form: str
    unknown: int


def read(path: str, codec: ColourCodec, raw: Callable[[str], np.ndarray] = imageio.read_raw) -> Label:
    """Read a label of either form. Raises ImageFault when it is no picture, or one of 16 bits a channel.

    `raw` reads the picture as `imageio.read_raw` does.
    """
    picture = raw(path)
    if picture.dtype != np.uint8:  # the upper byte of an id is 0, which is a class: never guess
        raise imageio.ImageFault("sixteen-bit", "has 16 bits a channel, labels have 8", path)
    return interpret(picture, codec)


def interpret(picture: np.ndarray, codec: ColourCodec) -> Label:
    """A decoded label [H,W] ids or [H,W,3|4] RGB(A), uint8, as ids."""
    if picture.ndim == 2:
        known = picture < len(codec.classes)
        ids = picture if known.all() else np.where(known, picture, UNKNOWN).astype(np.uint8)
        return Label(ids, IDS, int(np.count_nonzero(~known & (picture != UNKNOWN))))
    ids = codec.encode(picture[..., :3])
    return Label(ids, COLOURS, int(np.count_nonzero(ids == UNKNOWN)))


def to_8_bits(picture: np.ndarray) -> np.ndarray:
    """A label of any depth as uint8: ids stored in 16 bits by their value, colours by their upper byte."""
    if picture.dtype == np.uint16 and picture.ndim == 2 and picture.size and picture.max() <= UNKNOWN:
        return picture.astype(np.uint8)
    return imageio.to_8_bits(picture)


def holds_grey_ids(picture: np.ndarray, classes: int) -> bool:
    """Whether a label [H,W,3|4] uint8 has three equal channels with values that are ids, 255 among them."""
    if picture.ndim != 3:
        return False
    first = picture[..., 0]
    ids = bool(((first < classes) | (first == UNKNOWN)).all())
    return ids and bool((picture[..., 1] == first).all() and (picture[..., 2] == first).all())
