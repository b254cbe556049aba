"""The EXIF orientation of a picture: what viewers apply and decoders for training do not."""

import struct
from typing import Tuple

import cv2
import numpy as np

from . import imageio

UPRIGHT = 1
QUARTER_TURNS = (5, 6, 7, 8)  # these swap height and width
_TAG = 0x0112
_TURNS = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
_TURNS_AFTER_MIRROR = {4: cv2.ROTATE_180, 5: cv2.ROTATE_90_COUNTERCLOCKWISE, 7: cv2.ROTATE_90_CLOCKWISE}


def orientation(data: bytes) -> int:
    """1..8 as the EXIF block of a picture's bytes says; 1, upright, where there is none or it cannot be read."""
    if not _has_block(data):
        return UPRIGHT
    try:
        _, kinds, blocks = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return UPRIGHT
    found = [block.tobytes() for kind, block in zip(kinds, blocks) if kind == cv2.IMAGE_METADATA_EXIF]
    return _of_block(found[0]) if found else UPRIGHT


def _has_block(data: bytes) -> bool:
    if data.startswith(imageio.PNG_START):
        return any(kind == b"eXIf" for kind, _, _ in imageio.png_chunks(data))
    return b"Exif\x00\x00" in data or b"EXIF" in data  # JPEG, WebP


def _of_block(block: bytes) -> int:
    """The orientation in the first directory of a TIFF structure."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        (entries,) = struct.unpack_from(order + "H", block, at)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(order + "HHIH", block, at + 2 + 12 * entry)
            if tag == _TAG:
                return value if 1 <= value <= 8 else UPRIGHT
    except (struct.error, TypeError):
        pass
    return UPRIGHT


def upright_size(size: Tuple[int, int], turned: int) -> Tuple[int, int]:
    """(height, width) as a viewer shows a picture of `size` with that orientation."""
    return (size[1], size[0]) if turned in QUARTER_TURNS else size


def upright(picture: np.ndarray, turned: int) -> np.ndarray:
    """The picture [H,W] or [H,W,C] as a viewer shows it, given its orientation 1..8."""
    if turned in (2, 4, 5, 7):
        picture = np.ascontiguousarray(picture[:, ::-1])
    turn = _TURNS.get(turned, _TURNS_AFTER_MIRROR.get(turned))
    return picture if turn is None else cv2.rotate(picture, turn)
