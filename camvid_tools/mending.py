"""Safe remedies for one frame or label: pure functions from what is stored to what should be, and what they changed."""

from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from . import exif, imageio, labels
from .checks import colours
from .classes import UNKNOWN, ClassTable
from .codec import ColourCodec
from .errors import ToolkitError
from .words import counted

VOID = "Void"
_NAMED = 100  # colours of a label that are counted one by one, most pixels first: a JPEG has ten thousand


class Change(NamedTuple):
    """What was done to a file, and to how many of its pixels."""

    what: str
    pixels: int


def mend_frame(picture: np.ndarray, turned: int, label_size: Tuple[int, int]) -> Tuple[np.ndarray, List[Change]]:
    """A decoded frame with its EXIF orientation -> [H,W,3] uint8 RGB, upright, and the changes; none: as it was.

    A quarter turn that would part the frame from a label that fits it as stored is dropped instead.
    """
    size = picture.shape[0] * picture.shape[1]
    changes = []
    if picture.dtype != np.uint8:
        changes.append(Change("16 bits became 8", size))
    if picture.ndim == 3 and picture.shape[2] == 4:
        changes.append(Change("alpha channel dropped", size))
    if turned in exif.QUARTER_TURNS and label_size == picture.shape[:2]:
        changes.append(Change("EXIF turn dropped: the label fits the frame as stored", size))
        turned = exif.UPRIGHT
    if turned != exif.UPRIGHT:
        changes.append(Change("turned as its EXIF block says (%d)" % turned, size))
    return exif.upright(imageio.as_rgb(picture), turned), changes


def mend_label(picture: np.ndarray, turned: int, codec: ColourCodec, within: float) -> Tuple[np.ndarray, List[Change]]:
    """A decoded label of any form -> [H,W,3] uint8 RGB in the table's colours, and the changes.

    Colours of no class become the nearest class at most `within` away (Euclidean, RGB), else Void; ToolkitError where
    the table has no Void for them. A recoding of all colours (channels swapped, a gamma) is undone first.
    """
    changes = []
    size = picture.shape[0] * picture.shape[1]
    if picture.dtype != np.uint8:
        changes.append(Change("16 bits became 8", size))
    picture = exif.upright(labels.to_8_bits(picture), turned)
    if turned != exif.UPRIGHT:
        changes.append(Change("turned as its EXIF block says (%d)" % turned, size))
    if picture.ndim == 3 and picture.shape[2] == 4:
        changes.append(Change("alpha channel dropped", size))
        picture = np.ascontiguousarray(picture[..., :3])
    ids, done = _ids(picture, codec)
    changes += done
    unknown = ids == UNKNOWN
    if unknown.any():
        rgb = picture if picture.ndim == 3 else picture[..., np.newaxis].repeat(3, axis=2)
        ids[unknown], done = _classes_for(rgb[unknown], codec.classes, within if picture.ndim == 3 else 0, picture.ndim)
        changes += done
    return codec.decode(ids), changes


def _ids(picture: np.ndarray, codec: ColourCodec) -> Tuple[np.ndarray, List[Change]]:
    """Ids of a label [H,W] or [H,W,3], 255 where nothing is known, after whole-label remedies."""
    read = labels.interpret(picture, codec)
    size = read.ids.size
    if read.form == labels.IDS:
        return read.ids.copy(), [Change("ids became colours", size)]
    if read.unknown and labels.holds_grey_ids(picture, len(codec.classes)):
        return np.ascontiguousarray(picture[..., 0]), [Change("ids in three channels became colours", size)]
    recoded = colours.recoding(colours.unknown(picture, read.ids, codec.classes).most, codec.classes)
    if recoded is not None:
        ids = _undo(picture, recoded, codec)
        if (ids == UNKNOWN).sum() < (1 - colours.NEARLY_ALL) * read.unknown:
            return ids, [Change("undone: %s" % recoded.words(), int((ids != read.ids).sum()))]
    return read.ids, []


def _undo(picture: np.ndarray, recoded: colours.Recoding, codec: ColourCodec) -> np.ndarray:
    if recoded.swapped:
        return codec.encode(np.ascontiguousarray(picture[..., ::-1]))
    found, back = np.unique(picture.reshape(-1, 3), axis=0, return_inverse=True)
    off = np.abs(found.astype(np.int64)[:, np.newaxis] - colours.curved(codec.classes, recoded.gamma)[np.newaxis])
    off = off.max(axis=2)
    ids = np.where(off.min(axis=1) <= colours.GAMMA_OFF, off.argmin(axis=1), UNKNOWN).astype(np.uint8)
    return ids[back.ravel()].reshape(picture.shape[:2])


def _classes_for(pixels: np.ndarray, table: ClassTable, within: float, ndim: int) -> Tuple[np.ndarray, List[Change]]:
    """Ids for unknown pixels [P,3], and one change for each colour and each class it became."""
    found, back, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    nearest, gaps = table.nearest_ids(found)
    void = table.void_ids()
    near = gaps <= within
    if not near.all() and not void:
        raise ToolkitError(
            "%s of no class, and the table has no Void for them" % counted(int(counts[~near].sum()), "pixel"),
            remedy="add a row Void,r,g,b to class_dict.csv, or send them to the nearest class: --within 442",
        )
    ids = np.where(near, nearest, void[0] if void else 0).astype(np.uint8)
    changes, others = [], np.zeros(256, np.int64)
    named = set(np.argsort(-counts, kind="stable")[:_NAMED].tolist())
    for one in range(len(found)):
        if one in named:
            name = colours.hex_of(found[one].tolist()) if ndim == 3 else "id %d" % found[one][0]
            changes.append(Change("%s became %s" % (name, table.names[ids[one]]), int(counts[one])))
        else:
            others[ids[one]] += counts[one]
    changes += [Change("other colours became %s" % table.names[i], int(others[i])) for i in np.flatnonzero(others)]
    return ids[back.ravel()], changes


def merged(changes: List[Change], most: Optional[int] = None) -> List[Change]:
    """Changes of one kind added up, most pixels first."""
    summed = {}
    for change in changes:
        summed[change.what] = summed.get(change.what, 0) + change.pixels
    return [Change(*item) for item in sorted(summed.items(), key=lambda item: (-item[1], item[0]))][:most]
