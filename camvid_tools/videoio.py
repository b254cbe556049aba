"""Reading and writing videos, frame by frame. Beside `imageio` the one module that knows OpenCV's channel order."""

import contextlib
import os
from typing import Callable, Iterator, NamedTuple, Optional

import cv2
import numpy as np

from . import atomic
from .errors import ToolkitError

EXTENSIONS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
WRITTEN = ".mp4"
_CODEC = "mp4v"  # the one for it that every build of OpenCV can write
_MOST_TICKS = 65535  # a second, of its clock

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # silence: damage is told once, in our own words


class VideoFault(ToolkitError):
    """A video that cannot be used."""

    def __init__(self, what: str, path: str) -> None:
        super().__init__(what, where=path, remedy="give its frames as pictures")


class Header(NamedTuple):
    """What a video's header says: frames, perhaps not quite all that it holds, and frames a second."""

    frames: int
    rate: float


def is_video(name: str) -> bool:
    """Whether a file name has the ending of a video."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS and not name.startswith(".")


def header(path: str) -> Header:
    """Open a video and look at it; VideoFault where it cannot be read."""
    with contextlib.closing(_Reader(path)) as film:
        frames, rate = film.property(cv2.CAP_PROP_FRAME_COUNT), film.property(cv2.CAP_PROP_FPS)
    if not 0 < rate < 1000:
        raise VideoFault("is a video without a frame rate", path)
    return Header(max(1, int(frames)), rate)


def frames(path: str) -> Iterator[np.ndarray]:
    """Every frame as [H,W,3] uint8 RGB, decoded when it is asked for, turned as players turn it; VideoFault where there
    is none."""
    with contextlib.closing(_Reader(path)) as film:
        frame = film.read()
        if frame is None:
            raise VideoFault("holds no frame that can be read", path)
        while frame is not None:
            yield frame
            frame = film.read()


class _Reader:
    def __init__(self, path: str) -> None:
        self._film = cv2.VideoCapture(path)
        if not self._film.isOpened():
            raise VideoFault("cannot be read as a video", path)

    def property(self, which: int) -> float:
        return float(self._film.get(which))

    def read(self) -> Optional[np.ndarray]:
        there, frame = self._film.read()
        return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) if there else None

    def close(self) -> None:
        self._film.release()


@contextlib.contextmanager
def writing(path: str, rate: float) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that takes the frames, [H,W,3] uint8 RGB and all of one size, of a video at `path`, which is
    written whole or not at all and ends in WRITTEN. ToolkitError where it cannot be written."""
    with atomic.replacing(path) as part:
        aside = part + WRITTEN  # the container is chosen by the name
        film = _Writer(aside, _writable(rate))
        try:
            with _named(path):
                yield film.add
                film.close()
                film.check()
            os.replace(aside, part)
        finally:
            film.close()
            with contextlib.suppress(OSError):
                os.remove(aside)


class _Unwritten(Exception):
    """OpenCV could not write; it tells nobody."""


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except _Unwritten:
        remedy = "see that the place is writable and has room"
        raise ToolkitError("the video could not be written whole", where=path, remedy=remedy) from None


def _writable(rate: float) -> float:
    """The rate with as many digits as the codec's clock can count."""
    digits = next(digits for digits in (3, 2, 1, 0) if rate * 10**digits <= _MOST_TICKS)
    return round(rate, digits)


class _Writer:
    def __init__(self, path: str, rate: float) -> None:
        self._path, self._rate, self._count = path, rate, 0
        self._film: Optional[cv2.VideoWriter] = None

    def add(self, frame: np.ndarray) -> None:
        height, width = frame.shape[:2]
        even = cv2.copyMakeBorder(frame, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)  # the codec's rule
        if self._film is None:
            size = (even.shape[1], even.shape[0])
            self._film = cv2.VideoWriter(self._path, cv2.VideoWriter_fourcc(*_CODEC), self._rate, size)
            if not self._film.isOpened():
                raise _Unwritten
        self._film.write(cv2.cvtColor(even, cv2.COLOR_RGB2BGR))
        self._count += 1

    def close(self) -> None:
        if self._film is not None:
            self._film.release()
            self._film = None

    def check(self) -> None:
        try:
            whole = header(self._path).frames == self._count
        except VideoFault:
            whole = False
        if not whole:
            raise _Unwritten
