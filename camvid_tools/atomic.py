"""Files that are written whole or not at all: a temporary name beside the target, fsync, rename."""

import contextlib
import json
import os
from typing import Any, Iterator, Optional, Sequence

from .errors import ToolkitError

JSON_STARTS, HTML_STARTS = (b"{", b"["), (b"<",)


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Yield a temporary path beside `path`; on leaving well it is synced and takes the name of `path`.

    The temporary name is a function of the target's, so a repeated run reuses what a killed one left. A link is
    followed; a device such as /dev/stdout is written to as it is.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        yield path
        return
    path = os.path.realpath(path)
    part = part_of(path)
    folder = os.path.dirname(part)
    os.makedirs(folder, exist_ok=True)
    try:
        yield part
        sync_file(part)
        os.replace(part, path)
        sync_folder(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(part)
        raise


def part_of(path: str) -> str:
    """The temporary name of `path` while it is being written."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(folder, ".%s.part" % name)


def refuse_other(path: Optional[str], starts: Sequence[bytes]) -> None:
    """ToolkitError where writing a result would replace a file of another kind, or `path` is a folder.

    `starts`: with what a file of the kind may begin.
    """
    if path in (None, "-"):
        return
    if os.path.isdir(path):
        raise ToolkitError("is a folder, a file is due", where=path, remedy="name a file in it")
    if os.path.isfile(path) and os.path.getsize(path):
        with open(path, "rb") as handle:
            if not handle.read(64).lstrip().startswith(tuple(starts)):
                what = "is there already and holds something else"
                raise ToolkitError(what, where=path, remedy="choose another name, or remove it")


def require_folder(path: Optional[str], flag: str) -> None:
    """ToolkitError where a file stands in the place of a folder to write into."""
    if path and os.path.exists(path) and not os.path.isdir(path):
        raise ToolkitError("is a file, a folder is due", where=path, remedy="choose another %s" % flag)


def is_unclaimed(folder: str, first: str) -> bool:
    """Whether nothing lies in `folder`, which need not exist, but perhaps what a kill left of its `first` file."""
    return not os.path.isdir(folder) or not set(os.listdir(folder)) - {os.path.basename(part_of(first))}


def write_bytes(path: str, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with replacing(path) as part, open(part, "wb") as out:
        out.write(data)


def write_text(path: str, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str, document: Any) -> None:
    """Write a JSON document with a final newline, whole or not at all; NaN is refused."""
    write_text(path, json_text(document))


def json_text(document: Any) -> str:
    """A document as `write_json` writes it."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def sync_file(path: str) -> None:
    """Flush a closed file to the disk."""
    with open(path, "rb+") as handle:
        os.fsync(handle.fileno())


def sync_folder(folder: str) -> None:
    """Flush a rename to the disk, where the system can open folders."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
