"""The header of a packed file: JSON in the HDF5 user block, so that reading a file needs no HDF5.

The file begins with one line of ASCII: schema, number of bytes of the JSON behind it, their sha256. HDF5's own
structures, which other programs read, are a C library's business: damaged, they can crash it. We never look at them.
"""

import hashlib
import json
import os
import re
from typing import Any, Dict

from .errors import ToolkitError, one_line_reason
from .splits import SPLITS

SCHEMA = "camvid-packed/2"
REMEDY = "make it again with camvid-encode"
HDF5_START = b"\x89HDF\r\n\x1a\n"
_FIRST_LINE = re.compile(rb"(camvid-packed/\d+) (\d{10}) ([0-9a-f]{64})\n")
_FIRST_LINE_BYTES = len(SCHEMA) + 77
_SMALLEST_BLOCK = 4096  # a page, so that what HDF5 aligns behind it stays aligned in the file


def to_bytes(header: Dict[str, Any]) -> bytes:
    """First line and JSON of a header."""
    text = json.dumps(header).encode("ascii")
    return b"%s %010d %s\n%s" % (SCHEMA.encode(), len(text), hashlib.sha256(text).hexdigest().encode(), text)


def block_size(header: Dict[str, Any]) -> int:
    """Bytes of the user block that holds a header: a power of two, as HDF5 wants it."""
    size = _SMALLEST_BLOCK
    while size < len(to_bytes(header)):
        size *= 2
    return size


def is_ours(path: str) -> bool:
    """Whether a file begins like a packed file of this or another release."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as handle:
        start = handle.read(_FIRST_LINE_BYTES)
        if start.startswith(HDF5_START):  # the first form had its schema among HDF5's attributes
            return _mentions(handle, b"camvid-packed/1")
    return start.startswith(b"camvid-packed/")


def _mentions(handle: Any, word: bytes) -> bool:
    handle.seek(0)
    tail = b""
    for block in iter(lambda: handle.read(1 << 20), b""):
        if word in tail + block:
            return True
        tail = block[-len(word) :]
    return False


def read(path: str) -> Dict[str, Any]:
    """The header of a packed file, its digest, types and sizes checked; ToolkitError where it is not whole or ours."""
    if not os.path.isfile(path):
        what = "is no file" if os.path.exists(path) else "no such file"
        raise ToolkitError(what, where=path, remedy="give a file made by camvid-encode")
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as handle:
            header = json.loads(_text(handle, size).decode("ascii"))
        _check(header, size)
        return header
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ToolkitError("is no packed file (%s)" % one_line_reason(error), where=path, remedy=REMEDY) from None


def _text(handle: Any, size: int) -> bytes:
    start = handle.read(_FIRST_LINE_BYTES)
    if start.startswith(HDF5_START):
        raise ValueError("HDF5 of another program, or of an earlier release")
    line = _FIRST_LINE.fullmatch(start)
    if line is None:
        raise ValueError("it does not begin with %s" % SCHEMA)
    if line.group(1) != SCHEMA.encode():
        raise ValueError("it has schema %s, not %s" % (line.group(1).decode(), SCHEMA))
    length = int(line.group(2))
    if len(start) + length > size:
        raise ValueError("it is cut off")
    text = handle.read(length)
    if hashlib.sha256(text).hexdigest().encode() != line.group(3):
        raise ValueError("its header was changed")
    return text


def _check(header: Dict[str, Any], size: int) -> None:
    """ValueError, or any error of a wrong type, unless a header can be relied on."""
    if header["bytes"] != size:
        raise ValueError("it has %d bytes, %r were written" % (size, header["bytes"]))
    if not isinstance(header["palette"], str):
        raise ValueError("its class table is no text")
    if set(header["recipe"]) != {"groups", "mapping", "resize"}:
        raise ValueError("it does not say how it was made")
    if header["origin"] is not None:
        _check_origin(header["origin"])
    for split, about in header["splits"].items():
        _check_split(split, about, size)


def _check_origin(origin: Dict[str, Any]) -> None:
    types = (str, int, int, str)
    rows = [(origin["folder"], 0, 0, "")] + [tuple(row) for row in origin["files"]]
    if not all(len(row) == 4 and all(map(isinstance, row, types)) for row in rows):
        raise ValueError("it does not say what it was made from")


def _check_split(split: str, about: Dict[str, Any], size: int) -> None:
    names, drives, unknown = about["names"], about["drives"], about["unknown"]
    height, width = about["size"]
    whole = [height, width, about["images"], about["labels"]] + unknown
    if not names or not len(names) == len(drives) == len(unknown):
        raise ValueError("the split %r is not whole" % split)
    if not all(isinstance(text, str) for text in names + drives + [about["data_digest"]]):
        raise ValueError("the split %r has names that are no text" % split)
    outside = [name for name in names if not _is_plain(name)] + [split] * (split not in SPLITS)
    if outside:
        raise ValueError("it names %r, a path that leads out of the folder: do not trust it" % outside[0])
    if not all(isinstance(number, int) and number >= 0 for number in whole) or not height * width:
        raise ValueError("the split %r has sizes that are none" % split)
    pixels = len(names) * height * width
    if about["images"] + 3 * pixels > size or about["labels"] + pixels > size:
        raise ValueError("the split %r leads out of the file" % split)


def _is_plain(name: str) -> bool:
    """Whether a frame's name is a file's name and nothing else."""
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\\0")
