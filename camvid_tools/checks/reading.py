"""Reading one frame and its label once: what is wrong with either, and all that later checks need of them."""

import hashlib
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from .. import exif, imageio, labels, layout, manifest
from ..codec import ColourCodec
from ..drives import place
from ..findings import Finding
from . import colours, painting, shifts

THUMB_WH = (32, 24)
ROWS_ENOUGH = 8 * THUMB_WH[1]  # of which a thumbnail is made: more change nothing that one can see
SMALL_HW = (90, 120)  # labels are kept at about this size, by leaving out rows and columns
_ROWS_AT_ONCE = 128  # what lies between a picture and its sums stays in the cache
SAVE_8_BITS = "camvid-fix saves it with 8 bits a channel"
Size = Tuple[int, int]


class FrameFacts(NamedTuple):
    """A frame [H,W,3]: its size, a thumbnail [24,32,3], sums and sums of squares by channel, no colour, orientation.

    `sha256` is that of the file where a manifest waits for it, else None.
    """

    size: Size
    thumb: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    grey: bool
    turned: int
    sha256: Optional[str]


class LabelFacts(NamedTuple):
    """A label [H,W]: size, form, pixels by id [256], the label with rows and columns left out, pixels by cell of
    a grid and class (`shifts.cell_counts`), colours of no class.

    `ids` is the whole label, dropped once the checks that compare labels have seen it.
    """

    size: Size
    form: str
    lossy: bool
    pixels: np.ndarray
    small: np.ndarray
    cells: np.ndarray
    unknown: colours.Unknown
    void_sides: List[str]
    sha256: str
    ids: Optional[np.ndarray]


class Reading(NamedTuple):
    """What reading one pair gave; facts are None where a file could not be read."""

    pair: layout.Pair
    frame: Optional[FrameFacts]
    label: Optional[LabelFacts]
    findings: List[Finding]


def read_all(found: layout.Scan, pairs: Iterable[layout.Pair], codec: ColourCodec) -> Iterator[Reading]:
    """Read these pairs of a scan in their order, once, on all cores; ahead by a bounded number."""
    workers = os.cpu_count() or 1
    hashed = found.layout == "split" and os.path.exists(os.path.join(found.root, manifest.FILE_NAME))
    with ThreadPoolExecutor(workers) as pool:
        ahead = deque()
        for pair in pairs:
            ahead.append(pool.submit(read, found.root, pair, codec, hashed))
            if len(ahead) > 4 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def video_order(name: str) -> Tuple[str, int, str]:
    """A key that sorts frames drive by drive in the order of the video."""
    drive, number = place(name)
    return drive, -1 if number is None else number, name


def read(root: str, pair: layout.Pair, codec: ColourCodec, hashed: bool = False) -> Reading:
    """Read one frame and its label and say what is wrong with either; `hashed`: with the frame's sha256."""
    findings: List[Finding] = []
    frame = _frame(root, pair, hashed, findings)
    label = _label(root, pair, codec, findings)
    if frame is not None and label is not None and label.size not in _fitting(frame):
        detail = "label is %d x %d, its frame %d x %d (height x width)" % (label.size + frame.size)
        findings.append(
            Finding("size-mismatch", pair.label, pair.split, detail, "take label and frame from one source")
        )
    return Reading(pair, frame, label, findings)


def _fitting(frame: FrameFacts) -> Tuple[Size, Size]:
    """The sizes of labels that fit a frame: as stored, and as its EXIF block says."""
    return frame.size, exif.upright_size(frame.size, frame.turned)


def _decode(root: str, file: str, split: Optional[str], findings: List[Finding]) -> Tuple[Optional[np.ndarray], bytes]:
    path = os.path.join(root, file)
    try:
        data = imageio.read_bytes(path)
        return imageio.decode(data, path), data
    except imageio.ImageFault as fault:
        findings.append(Finding(fault.kind, file, split, fault.what, fault.remedy or ""))
        return None, b""


def _frame(root: str, pair: layout.Pair, hashed: bool, findings: List[Finding]) -> Optional[FrameFacts]:
    picture, data = _decode(root, pair.image, pair.split, findings)
    if picture is None:
        return None

    def say(kind: str, detail: str, remedy: str) -> None:
        findings.append(Finding(kind, pair.image, pair.split, detail, remedy))

    if picture.dtype != np.uint8:
        say("sixteen-bit", "16 bits a channel", SAVE_8_BITS)
    if picture.ndim == 2:
        say("grey-image", "one channel", "restore the colour frame, or leave it out")
    elif picture.shape[2] == 4:
        say("alpha-channel", "has a fourth channel", "camvid-fix saves it as RGB")
    turned = exif.orientation(data)
    if turned != exif.UPRIGHT:
        detail = "its EXIF block says orientation %d: viewers turn it, training does not" % turned
        say("exif-rotation", detail, "camvid-fix turns the pixels")
    picture = imageio.as_rgb(picture)
    sums, squares = _sums(picture)
    rows = max(1, picture.shape[0] // ROWS_ENOUGH)
    thumb = cv2.resize(picture[::rows], THUMB_WH, interpolation=cv2.INTER_AREA)
    grey = _is_grey(thumb) and _is_grey(picture) and not _is_flat(picture)
    digest = hashlib.sha256(data).hexdigest() if hashed else None
    return FrameFacts(picture.shape[:2], thumb, sums, squares, grey, turned, digest)


def _sums(rgb: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Sums [3] and sums of squares [3] by channel of rgb [H,W,3].

    OpenCV takes these of single channels six times as fast as of three that lie side by side.
    """
    sums, squares = np.zeros(3), np.zeros(3)
    for top in range(0, len(rgb), _ROWS_AT_ONCE):
        for channel, plane in enumerate(cv2.split(rgb[top : top + _ROWS_AT_ONCE])):
            mean, deviation = cv2.meanStdDev(plane)
            sums[channel] += mean[0, 0] * plane.size
            squares[channel] += (deviation[0, 0] ** 2 + mean[0, 0] ** 2) * plane.size
    return sums, squares


def _is_flat(rgb: np.ndarray) -> bool:
    return bool((rgb == rgb[0, 0]).all())


def _is_grey(rgb: np.ndarray) -> bool:
    return bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all())


def _label(root: str, pair: layout.Pair, codec: ColourCodec, findings: List[Finding]) -> Optional[LabelFacts]:
    picture, data = _decode(root, pair.label, pair.split, findings)
    if picture is None:
        return None

    def say(kind: str, detail: str, remedy: str, at: Optional[Tuple[int, int]] = None) -> None:
        findings.append(Finding(kind, pair.label, pair.split, detail, remedy, at))

    if picture.dtype != np.uint8:
        say("sixteen-bit", "16 bits a channel", SAVE_8_BITS)
    if imageio.is_lossy(data):
        say("lossy-label", "stored as JPEG or WebP, which changes colours", "restore the PNG label")
    turned = exif.orientation(data)
    if turned != exif.UPRIGHT:
        say("exif-rotation", "its EXIF block says orientation %d" % turned, "camvid-fix turns the pixels")
    picture = labels.to_8_bits(picture)
    read_as = labels.interpret(picture, codec)
    pixels = painting.histogram(read_as.ids)
    grey_ids = bool(read_as.unknown) and labels.holds_grey_ids(picture, len(codec.classes))
    lossy = imageio.is_lossy(data)
    unknown = colours.unknown(picture, read_as.ids, codec.classes, lossy) if read_as.unknown else colours.NONE
    if np.count_nonzero(pixels) == 1 and not read_as.unknown and not lossy:
        say("blank-label", "all of it is %s" % painting.name(codec.classes, int(pixels.argmax())), "paint it anew")
    border = painting.unwritten_borders(read_as.ids, codec.classes.void_ids())
    for strip in border if np.count_nonzero(pixels) > 1 else ():
        say("unwritten-border", strip.words(), "none needed: Void is left out of loss and scores", strip.at)
    small = painting.thinned(read_as.ids, SMALL_HW)
    return LabelFacts(
        read_as.ids.shape,
        labels.GREY_IDS if grey_ids else read_as.form,
        lossy,
        pixels,
        small,
        shifts.cell_counts(small, len(codec.classes)),
        unknown,
        painting.most_void_sides(read_as.ids, codec.classes.void_ids()),
        hashlib.sha256(data).hexdigest(),
        read_as.ids,
    )
