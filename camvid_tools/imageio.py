"""Reading and writing pictures. The one module that knows OpenCV's channel order; everything else is RGB."""

import contextlib
import os
import zlib
from typing import Callable, Iterator, Optional, Tuple

import cv2
import numpy as np

from . import atomic
from .errors import ToolkitError

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
_PNG_HEAD = 33  # bytes of the signature and of the first chunk
_EIGHT_BIT_RGB = b"\x08\x02"  # depth and colour type in the header
_PLAIN = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION  # how a PNG of 8-bit RGB is decoded
JPEG_START, JPEG_END = b"\xff\xd8\xff", 0xD9
JPEG_BARE = (0x00, 0x01) + tuple(range(0xD0, 0xD9))  # markers without a length; 00 is a byte FF of the pixels
MAX_PIXELS = 1 << 27  # 134 million: far over any camera frame, far under what exhausts a laptop

cv2.setNumThreads(0)  # the pipeline threads over batches; OpenCV's own pool would fight it
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # damage is told once, in our own words

_plain: Optional[Callable[[bytes], np.ndarray]] = None


class ImageFault(ToolkitError):
    """A picture that cannot be used; `kind` is the word of camvid-check for it."""

    def __init__(self, kind: str, what: str, path: str) -> None:
        super().__init__(what, where=path, remedy="restore the file from its source")
        self.kind, self.path = kind, path


def read_raw(path: str) -> np.ndarray:
    """The picture as stored: [H,W] or [H,W,C], uint8 or uint16, colours as RGB(A). Raises ImageFault."""
    return decode(read_bytes(path), path)


def decode_alone() -> None:
    """From now on decode PNGs of 8-bit RGB with pyspng, where that is installed: faster than OpenCV, but other threads
    of this process wait for it."""
    global _plain
    with contextlib.suppress(ImportError):
        from pyspng import load as _plain


def _decode_plain(data: bytes) -> Optional[np.ndarray]:
    """A PNG of 8-bit RGB, None where OpenCV has to decode it, or to say why it cannot."""
    if _plain is not None:
        with contextlib.suppress(RuntimeError):
            return _plain(data)
    return None


def decode(data: bytes, path: str, how: Optional[int] = None, again: bool = False) -> np.ndarray:
    """`read_raw` of the bytes of a file; `path` is named in the ImageFault. `how`: what `checked` said of these bytes,
    so that they need not be checked again. `again`: they have been decoded before."""
    flags = checked(data, path) if how is None else how
    picture = _decode_plain(data) if again and flags == _PLAIN else None  # it lets pass what OpenCV refuses
    if picture is None:
        with contextlib.suppress(cv2.error):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if picture is None:
        raise ImageFault("undecodable", "cannot be decoded as a picture", path)
    if picture.dtype not in (np.uint8, np.uint16):  # TIFF has them, and whatever else is called .png
        raise ImageFault("undecodable", "holds %s values, pictures have 8 or 16 bits" % picture.dtype, path)
    if flags == cv2.IMREAD_UNCHANGED and picture.ndim == 3 and picture.shape[2] in (3, 4):
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB if picture.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return picture


def checked(data: bytes, path: str) -> int:
    """How the bytes of a file are to be decoded, a number for `decode`; ImageFault where the picture is not whole."""
    if data.startswith(PNG_START):
        if _check_png(data, path) and data[24:26] == _EIGHT_BIT_RGB:  # no second array to swap the channels
            return _PLAIN
    elif data.startswith(JPEG_START) and not _jpeg_is_whole(data):
        raise ImageFault("truncated", "ends before the JPEG does", path)
    return cv2.IMREAD_UNCHANGED  # applies no EXIF rotation


def read_bytes(path: str) -> bytes:
    """The bytes of a picture's file; ImageFault where there are none."""
    return read_with_state(path)[0]


def read_with_state(path: str) -> Tuple[bytes, os.stat_result]:
    """The bytes of a picture's file and its state after they were read; ImageFault where there are none."""
    try:
        with open(path, "rb", buffering=0) as handle:
            data, state = handle.readall(), os.fstat(handle.fileno())
    except FileNotFoundError:
        raise ImageFault("undecodable", "no such file", path) from None
    except OSError as error:
        raise ImageFault("undecodable", "cannot be read (%s)" % error.strerror, path) from None
    if not data:
        raise ImageFault("empty-file", "is empty", path)
    return data, state


def png_size(path: str) -> Optional[Tuple[int, int]]:
    """Height and width that the header of a PNG says, without decoding it; None where there is no sound header."""
    try:
        with open(path, "rb", buffering=0) as handle:
            head = handle.read(_PNG_HEAD)
    except OSError:
        return None
    if len(head) < _PNG_HEAD or not head.startswith(PNG_START) or head[12:16] != b"IHDR":
        return None
    if zlib.crc32(head[12:29]) != int.from_bytes(head[29:33], "big"):
        return None
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    return (height, width) if 0 < height * width <= MAX_PIXELS else None


def _check_png(data: bytes, path: str) -> bool:
    """Raise ImageFault where a PNG is not whole; whether it is without a transparent colour."""
    if data.rfind(PNG_END) < 0:
        raise ImageFault("truncated", "ends before the PNG does", path)
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if width * height > MAX_PIXELS:
        raise ImageFault("undecodable", "says it is %d x %d pixels, which no frame is" % (width, height), path)
    kind, kinds, bare = b"", set(), memoryview(data)
    for kind, start, end in png_chunks(data):
        # libpng would let some damage pass, loudly
        if zlib.crc32(bare[start - 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            kind = b""
            break
        kinds.add(kind)
    if kind != b"IEND":
        raise ImageFault("undecodable", "is a PNG whose check sums do not agree", path)
    if b"acTL" in kinds:  # of some of these OpenCV makes a black picture
        raise ImageFault("undecodable", "is an animation, not one picture", path)
    return b"tRNS" not in kinds


def png_chunks(data: bytes) -> Iterator[Tuple[bytes, int, int]]:
    """(kind, start, end) of the content of every whole chunk of a PNG, IEND the last."""
    at, kind = len(PNG_START), b""
    while kind != b"IEND" and at + 12 <= len(data):
        start = at + 8
        end = start + int.from_bytes(data[at : at + 4], "big")
        kind, at = data[at + 4 : start], end + 4
        if at <= len(data):
            yield kind, start, end


def _jpeg_is_whole(data: bytes) -> bool:
    """Whether the JPEG's own end is there, marker by marker: that of a thumbnail in its head is another."""
    at = len(JPEG_START) - 1
    while at >= 0 and at + 2 <= len(data):
        mark = data[at + 1]
        if mark == JPEG_END:
            return True
        if mark == 0xFF:  # padding
            at += 1
        elif mark in JPEG_BARE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        at = data.find(b"\xff", at)
    return False


def read_frame(path: str) -> np.ndarray:
    """[H,W,3] uint8 RGB, whatever the file's depth and channels. Raises ImageFault."""
    return as_rgb(read_raw(path))


def as_rgb(picture: np.ndarray) -> np.ndarray:
    """A decoded picture of any depth and channels as [H,W,3] uint8 RGB."""
    picture = to_8_bits(picture)
    if picture.ndim == 2:
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(picture[..., :3]) if picture.shape[2] == 4 else picture


def to_8_bits(picture: np.ndarray) -> np.ndarray:
    """uint16 pictures to uint8 by their upper byte; uint8 ones as they are."""
    return (picture >> 8).astype(np.uint8) if picture.dtype == np.uint16 else picture


def png_bytes(picture: np.ndarray, compression: Optional[int] = 3) -> bytes:
    """[H,W,3] RGB or [H,W] grey, uint8 -> PNG."""
    bgr = picture if picture.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, compression])
    if not done:
        raise ValueError("cannot encode a picture of shape %s as PNG" % (picture.shape,))
    return data.tobytes()


def jpeg_bytes(picture: np.ndarray, quality: int) -> bytes:
    """[H,W,3] uint8 RGB -> JPEG; for pictures to look at, never for labels."""
    bgr = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("cannot encode a picture of shape %s as JPEG" % (picture.shape,))
    return data.tobytes()


def write_png(path: str, picture: np.ndarray) -> None:
    """Write [H,W,3] RGB or [H,W] grey, uint8, as PNG, whole or not at all."""
    atomic.write_bytes(path, png_bytes(picture))


def is_lossy(data: bytes) -> bool:
    """Whether a file is a JPEG or WebP by its bytes, whatever it is called; WebP without loss is none."""
    return data.startswith(JPEG_START) or (data[8:12] == b"WEBP" and b"VP8 " in _riff_chunks(data))


def _riff_chunks(data: bytes) -> Iterator[bytes]:
    """The name of every chunk of a WebP."""
    at = 12
    while at + 8 <= len(data):
        yield data[at : at + 4]
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def is_picture(name: str) -> bool:
    """Whether a file name has the ending of a picture."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS and not name.startswith(".")
