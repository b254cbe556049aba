"""A cache on disk: one file a split that says what it was made from, and holds its frames as they came.

Header (JSON), then a sha256 a frame, then pixels. A frame's digest is written behind its pixels, and whoever opens the
file compares them before use: so a kill, a crash of the machine or a second process that fills the same file never
shows a half-written frame. The header is compared byte for byte with what it would be now; where it differs, the file
gives way to a new one, and who still maps the old one keeps that.
"""

import contextlib
import hashlib
import json
import logging
import os
import threading
from typing import Any, Callable, Dict, List, Optional, Sequence

import cv2
import numpy as np

from camvid_tools import atomic, locks

log = logging.getLogger("camvid.pipeline")

SCHEMA = "camvid-cache/1"
ENDING = ".frames"
PAGE = 4096
DIGEST_BYTES = 32
_EMPTY = bytes(DIGEST_BYTES)
_FIRST_LINE = SCHEMA + " %012d\n"


class FileStore:
    """Bytes of frames in a file, mapped into memory for reading."""

    def __init__(self, path: str, handle: Any, frames: int, head: int, start: int) -> None:
        self.path, self._file, self._head, self._start = path, handle, head, start
        mapped = np.memmap(handle, np.uint8, "r").view(np.ndarray)
        self.pixels = mapped[start:]
        self._digests = mapped[head : head + DIGEST_BYTES * frames].reshape(frames, DIGEST_BYTES)
        self._is_full, self._telling = False, threading.Lock()

    def count(self) -> int:
        """How many frames are there."""
        return int(np.count_nonzero(self._digests.any(axis=1)))

    def known(self, index: int) -> Optional[bytes]:
        """The digest of a frame that was written, by whatever process; None where there is none yet."""
        digest = self._digests[index].tobytes()
        return None if digest == _EMPTY else digest

    def put(self, index: int, slot: Any, sample: Any, digest: bytes) -> bool:
        """Write a frame, then its digest; whether that went well. A disk that fails is told once."""
        if self._is_full:
            return False
        try:
            self._write(sample[0], self._start + slot.start)
            self._write(sample[1], self._start + slot.start + sample[0].size)
            self._write(np.frombuffer(digest, np.uint8), self._head + DIGEST_BYTES * index)
        except OSError as error:
            with self._telling:
                told, self._is_full = self._is_full, True
            if not told:
                log.warning("no more frames are cached: %s (%s)", self.path, error.strerror or error)
        return not self._is_full

    def _write(self, array: np.ndarray, place: int) -> None:
        data = memoryview(np.ascontiguousarray(array)).cast("B")
        while len(data):
            done = os.pwrite(self._file.fileno(), data, place)
            data, place = data[done:], place + done


def open_store(
    folder: str, source: Any, slots: Sequence[Any], total: int, require_room: Callable[[], None], say: Callable
) -> FileStore:
    """The cache file of a tree's split in `folder`, made where there is none that fits; OSError, ToolkitError.

    `require_room` raises where `total` bytes do not fit.
    """
    path = os.path.join(folder, _name(source))
    about = _about(source, slots)
    head = _header(about)
    digests = -(-len(head) // DIGEST_BYTES) * DIGEST_BYTES
    start = -(-(digests + DIGEST_BYTES * len(slots)) // PAGE) * PAGE
    with locks.after_others(folder):
        handle = _opened(path, head, start + total)
        if handle is None:
            _make_way(path, about, say)
            require_room()
            handle = _made(path, head, start + total)
    return FileStore(path, handle, len(slots), digests, start)


def _name(source: Any) -> str:
    root = os.path.realpath(source.path)
    mark = hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return "%s-%s-%s%s" % (os.path.basename(root), mark, source.split, ENDING)


def _about(source: Any, slots: Sequence[Any]) -> Dict[str, Any]:
    """What decides the pixels of a cache."""
    root = os.path.realpath(source.path)
    files = [[[os.path.relpath(path, source.path)] + list(state) for path, state in pair] for pair in source.files()]
    frames = [[name, slot.height, slot.width, pair] for name, slot, pair in zip(source.names, slots, files)]
    return {
        "source": root,
        "split": source.split,
        "classes": source.classes.digest(),
        "opencv": cv2.__version__,
        "frames": frames,
    }


def _header(about: Dict[str, Any]) -> bytes:
    text = json.dumps(about).encode("ascii")
    return (_FIRST_LINE % len(text)).encode("ascii") + text


def _opened(path: str, head: bytes, size: int) -> Optional[Any]:
    """The file, if it is just what this header asks for."""
    if not os.path.isfile(path):
        return None
    handle = open(path, "r+b" if os.access(path, os.W_OK) else "rb", buffering=0)
    if os.fstat(handle.fileno()).st_size == size and handle.read(len(head)) == head:
        return handle
    handle.close()
    return None


def _make_way(path: str, about: Dict[str, Any], say: Callable) -> None:
    """Remove a cache that is no longer right, and say why; and what a kill left of one."""
    atomic.refuse_other(path, (b"camvid-cache/",))
    if os.path.isfile(path):
        say("cache %s is made anew: %s" % (path, _difference(path, about)))
        os.remove(path)
    with contextlib.suppress(FileNotFoundError):
        os.remove(atomic.part_of(path))


def _difference(path: str, about: Dict[str, Any]) -> str:
    try:
        with open(path, "rb") as handle:
            first = handle.readline(len(_FIRST_LINE % 0))
            old = json.loads(handle.read(min(int(first.split()[1]), os.path.getsize(path))).decode("ascii"))
        if not first.startswith(SCHEMA.encode("ascii")):
            return "it is of another release"
        for key, what in (("classes", "the class table"), ("opencv", "OpenCV"), ("source", "the place of the data")):
            if old[key] != about[key]:
                return "%s was changed" % what
        return _changed_frame(old["frames"], about["frames"]) or "it is damaged"
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return "it is damaged"


def _changed_frame(old: List, new: List) -> Optional[str]:
    before, now = ({file[0]: file[1:] for frame in frames for file in frame[3]} for frames in (old, new))
    for file in sorted(set(before) | set(now)):
        if before.get(file) != now.get(file):
            return "%s %s" % (file, "is gone" if file not in now else "is new" if file not in before else "was changed")
    return None


def _made(path: str, head: bytes, size: int) -> Any:
    """A new cache file without frames, all of its room taken: a map of a file that the disk cannot hold would crash."""
    part = atomic.part_of(path)
    handle = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), "r+b", buffering=0)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle.fileno(), 0, size)
        else:
            os.truncate(handle.fileno(), size)
        handle.write(head)
        os.fsync(handle.fileno())
        os.replace(part, path)
        return handle
    except BaseException:
        handle.close()
        with contextlib.suppress(OSError):
            os.remove(part)
        raise
