"""Small pictures for the report, made from the original files: thumbnails, close-ups, labels laid over their frames.

Files are read again, few of them, and any fault gives no picture rather than no report.
"""

import os
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from .. import drawing, imageio, labels
from ..checks import painting
from ..checks.reading import Reading
from ..checks.survey import Survey
from ..codec import ColourCodec
from ..findings import Finding
from . import markup

THUMB_WIDTH, SAMPLE_WIDTH = 240, 400
CLOSE_UP_WH = (32, 24)
JPEG_QUALITY = 80
SMALL = 64  # pictures at most this wide are shown pixel by pixel
Box = Tuple[int, int, int, int]
Drawn = Tuple[str, Tuple[int, int]]  # the picture's address, and (width, height) of the original


class Picture(NamedTuple):
    """One picture of the page: its address (None: cannot be shown), the size it stands for, words, and a mark.

    `size` (width, height) and `mark` (x, y, width, height) are in pixels of the original; one pixel is ringed.
    """

    uri: Optional[str]
    size: Tuple[int, int]
    caption: str
    alt: str
    mark: Optional[Box] = None


class Album:
    """Makes the report's pictures; each method may be called from any thread."""

    def __init__(self, done: Survey) -> None:
        self._root, self._table = done.found.root, done.table
        self._codec = ColourCodec(done.table)
        self._of_file: Dict[str, Reading] = {}
        for one in done.readings:
            self._of_file[one.pair.image] = self._of_file[one.pair.label] = one
        self._lone_labels = {orphan.path for orphan in done.found.frameless}
        self._colours = done.table.colour_array()

    def of_finding(self, finding: Finding) -> List[Picture]:
        """What shows a problem best: two alike, a label's place and a close-up, a label beside its frame, a frame."""
        one = self._of_file.get(finding.file)
        if finding.other is not None:
            return [self._frame(file, self._whose(file)) for file in (finding.file, finding.other)]
        if finding.file in self._lone_labels:
            return [self._label(finding.file, None)._replace(caption="")]
        if one is None or finding.file != one.pair.label:
            return [self._frame(finding.file, "")]
        frame = self._frame(one.pair.image, "frame")
        if finding.kind == "known-bad-label":
            return [frame, self.overlay(one, THUMB_WIDTH, "label over it")]
        if finding.kind == "unwritten-border":
            return [frame, self._label(finding.file, one, self._strip(one, finding))]
        if finding.at is not None:
            return [self._label(finding.file, one, _pixel(finding.at)), self._close_up(one, finding.at)]
        shown = [frame, self._label(finding.file, one)]
        return [_with_size(picture) for picture in shown] if finding.kind == "size-mismatch" else shown

    def overlay(self, one: Reading, longest: int = SAMPLE_WIDTH, caption: str = "") -> Picture:
        """A frame with its label laid over it."""

        def draw() -> Drawn:
            image = imageio.read_frame(self._path(one.pair.image))
            small = _shrunk(image, longest)
            ids = cv2.resize(self._ids(one.pair.label, one), small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
            return _jpeg(drawing.overlay(small, ids, self._colours)), image.shape[1::-1]

        return _picture(draw, caption, "%s with its label laid over it" % one.pair.name)

    def _frame(self, file: str, caption: str) -> Picture:
        def draw() -> Drawn:
            image = imageio.read_frame(self._path(file))
            return _jpeg(_shrunk(image, THUMB_WIDTH)), image.shape[1::-1]

        return _picture(draw, caption, file)

    def _label(self, file: str, one: Optional[Reading], mark: Optional[Box] = None) -> Picture:
        def draw() -> Drawn:
            painted = self._painted(file, one)
            return _png(_thinned(painted, THUMB_WIDTH)), painted.shape[1::-1]

        return _picture(draw, "label", file, mark)

    def _close_up(self, one: Reading, at: Tuple[int, int]) -> Picture:
        x, y, width, height = _around(at, one.label.size[::-1])

        def draw() -> Drawn:
            cut = self._painted(one.pair.label, one)[y : y + height, x : x + width]
            return _png(cut), (width, height)

        caption = "close-up at x=%d y=%d" % at
        return _picture(draw, caption, "%s, enlarged" % one.pair.label, _pixel((at[0] - x, at[1] - y)))

    def _strip(self, one: Reading, finding: Finding) -> Optional[Box]:
        """The strip that a finding about a border means."""
        try:
            ids = self._ids(one.pair.label, one)
        except imageio.ImageFault:
            return None
        strips = painting.unwritten_borders(ids, self._table.void_ids())
        meant = [strip for strip in strips if strip.words() == finding.detail]
        if not meant:
            return None
        (x, y), (height, width), depth = meant[0].at, ids.shape, meant[0].depth
        return (x, y, width, depth) if meant[0].side in ("top", "bottom") else (x, y, depth, height)

    def _whose(self, file: str) -> str:
        one = self._of_file.get(file)
        name = os.path.splitext(os.path.basename(file))[0]
        return "%s in %s" % (name, one.pair.split) if one is not None and one.pair.split else name

    def _ids(self, file: str, one: Optional[Reading]) -> np.ndarray:
        """[H,W] uint8 ids of a label, also of one that holds them as grey in three channels."""
        picture = self._raw(file)
        if one is not None and one.label is not None and one.label.form == labels.GREY_IDS:
            picture = np.ascontiguousarray(picture[..., 0])
        return labels.interpret(picture, self._codec).ids

    def _painted(self, file: str, one: Optional[Reading]) -> np.ndarray:
        """[H,W,3] uint8 RGB: a label in the colours that its file holds, or those of its ids' classes."""
        form = one.label.form if one is not None and one.label is not None else None
        picture = self._raw(file)
        held_as_ids = picture.ndim == 2 or form == labels.GREY_IDS
        return drawing.paint(self._ids(file, one), self._colours) if held_as_ids else imageio.as_rgb(picture)

    def _raw(self, file: str) -> np.ndarray:
        return labels.to_8_bits(imageio.read_raw(self._path(file)))

    def _path(self, file: str) -> str:
        return os.path.join(self._root, file)


def _picture(draw: Callable[[], Drawn], caption: str, alt: str, mark: Optional[Box] = None) -> Picture:
    """What `draw` makes, or a picture that cannot be shown where a file has a fault."""
    try:
        uri, size = draw()
    except imageio.ImageFault:
        return Picture(None, (4, 3), caption, alt)
    return Picture(uri, size, caption, alt, mark)


def _with_size(picture: Picture) -> Picture:
    """Named with its height and width, where it can be shown."""
    if picture.uri is None:
        return picture
    return picture._replace(caption="%s, %d x %d" % ((picture.caption,) + picture.size[::-1]))


def _pixel(at: Tuple[int, int]) -> Box:
    return (at[0], at[1], 1, 1)


def _shrunk(image: np.ndarray, longest: int) -> np.ndarray:
    """A frame no wider, and no higher, than `longest`."""
    width, _ = size = _fitting(image.shape[1::-1], longest)
    return image if size == image.shape[1::-1] else drawing.scaled(image, width)


def _thinned(picture: np.ndarray, longest: int) -> np.ndarray:
    """The same of a label, whose colours must stay."""
    size = _fitting(picture.shape[1::-1], longest)
    return picture if size == picture.shape[1::-1] else cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST)


def _fitting(size: Tuple[int, int], longest: int) -> Tuple[int, int]:
    factor = min(1.0, longest / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _around(at: Tuple[int, int], size: Tuple[int, int]) -> Tuple[int, int, int, int]:
    """x, y, width, height of a cut around a pixel that stays inside a picture of `size`."""
    width, height = (min(want, have) for want, have in zip(CLOSE_UP_WH, size))
    x, y = (int(np.clip(c - cut // 2, 0, have - cut)) for c, cut, have in zip(at, (width, height), size))
    return x, y, width, height


def _jpeg(rgb: np.ndarray) -> str:
    if max(rgb.shape[:2]) <= SMALL:
        return _png(rgb)
    return markup.data_uri("jpeg", imageio.jpeg_bytes(rgb, JPEG_QUALITY))


def _png(rgb: np.ndarray) -> str:
    return markup.data_uri("png", imageio.png_bytes(rgb, 9))
