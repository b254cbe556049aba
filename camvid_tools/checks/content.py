"""Frames that are the same picture, and labels that do not belong to their frame, by content."""

import os
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from .. import imageio
from ..drives import place
from ..findings import ERROR, Finding
from .reading import Reading

# Mean difference of two thumbnails in grey levels, brightness and contrast made equal. A frame that was halved or went
# through JPEG, down to quality 30, stays below 0.6; CamVid's two most alike, from a standing car, differ by 1.8.
SAME_PICTURE = 1.0
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
HARDLY_MOVED = 6.0  # neighbours in a video: labels of CamVid that are right then agree to 0.83 and more,
DISAGREE_BELOW = 0.7  # the label of Seq05VD_f02610, which lies beside its frame, to 0.56
_BLOCK = 2048

# sha256 of label files that are known to be bad, whatever they are called.
KNOWN_BAD = {
    "e080f9c41840c6753ab3e7577105862c2822c018b778b30f2ba13ccc931ad682": "Seq05VD_f02610: 175 pixels have colours of "
    "no class, and the whole label lies some 90 of 480 pixels beside its frame",
}
KNOWN_BAD_NAME, KNOWN_BAD_UNKNOWN = "Seq05VD_f02610", range(100, 1001)
KEEP_OR_DROP = "keep it where scores must stay comparable, else camvid-fix --drop known-bad-label"
FRAME_DROP = "camvid-fix --drop %s leaves it out"


def duplicates(root: str, readings: Sequence[Reading]) -> Iterator[Finding]:
    """Frames whose decoded pixels are equal: a warning, and an error where they lie in different splits."""
    alike: Dict[bytes, List[Reading]] = {}
    for reading in _in_order(readings):
        frame = reading.frame
        if frame is not None:
            key = frame.thumb.tobytes() + frame.sums.tobytes() + frame.squares.tobytes() + str(frame.size).encode()
            alike.setdefault(key, []).append(reading)
    for group in alike.values():
        for number, later in enumerate(group):
            twin = next((early for early in group[:number] if _same_pixels(root, early, later)), None)
            if twin is not None:
                across = None not in (twin.pair.split, later.pair.split) and twin.pair.split != later.pair.split
                yield _twins("duplicate-frame", later, twin, "the same pixels as", ERROR if across else None)


def near_duplicates(readings: Sequence[Reading], told: Sequence[Finding]) -> Iterator[Finding]:
    """Held-out frames that are one of the training frames, stored, resized or brightened anew."""
    exact = {finding.file for finding in told}
    whole = [r for r in _in_order(readings) if r.frame is not None]
    train = [r for r in whole if r.pair.split == "train"]
    held_out = [r for r in whole if r.pair.split not in ("train", None) and r.pair.image not in exact]
    if not train or not held_out:
        return
    (known, scales), (wanted, wanted_scales) = _levelled(train), _levelled(held_out)
    coarse, wanted_coarse = _coarse(known), _coarse(wanted)
    for index, reading in enumerate(held_out):
        scale = np.sqrt(scales * wanted_scales[index])
        alike = np.flatnonzero(_gaps(wanted_coarse[index], coarse) * scale < SAME_PICTURE)  # never below the true gap
        if not len(alike):
            continue
        gaps = _gaps(wanted[index], known[alike]) * scale[alike]
        gap, nearest = float(gaps.min()), int(alike[gaps.argmin()])
        if gap < SAME_PICTURE and train[nearest].pair.image not in exact:
            words = "differs by %.1f grey levels from" % gap
            yield _twins("near-duplicate", reading, train[nearest], words, None)


def _in_order(readings: Sequence[Reading]) -> List[Reading]:
    splits = ("train", "val", "test", None)  # of two twins the one that no list names is the surplus
    return sorted(readings, key=lambda r: (splits.index(r.pair.split), r.pair.name))


def _same_pixels(root: str, a: Reading, b: Reading) -> bool:
    if a.frame.sha256 is not None and a.frame.sha256 == b.frame.sha256:
        return True
    one, other = (imageio.read_frame(os.path.join(root, r.pair.image)) for r in (a, b))
    return np.array_equal(one, other)


def _twins(kind: str, later: Reading, twin: Reading, words: str, weighed) -> Finding:
    where = "" if twin.pair.split in (None, later.pair.split) else " (in %s)" % twin.pair.split
    detail = "%s %s%s" % (words, twin.pair.image, where)
    remedy = FRAME_DROP % kind
    return Finding(kind, later.pair.image, later.pair.split, detail, remedy, None, twin.pair.image, weighed)


def _levelled(readings: Sequence[Reading]) -> Tuple[np.ndarray, np.ndarray]:
    """[F,24*32] thumbnails in grey with mean 0 and deviation 1, and the deviations [F] that they had."""
    flat = np.array([(r.frame.thumb @ LUMA).ravel() for r in readings], np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    scale = np.maximum(flat.std(axis=1), 1)
    return flat / scale[:, np.newaxis], scale


def _coarse(thumbs: np.ndarray) -> np.ndarray:
    """[F,6*8] means of 4 x 4 pixels of thumbnails [F,24*32]: they differ by no more than the thumbnails do."""
    return thumbs.reshape(-1, 6, 4, 8, 4).mean(axis=(2, 4)).reshape(-1, 48)


def _gaps(one: np.ndarray, many: np.ndarray) -> np.ndarray:
    """[F] mean absolute differences of one thumbnail from `many` [F,P]."""
    return np.concatenate([np.abs(many[i : i + _BLOCK] - one).mean(axis=1) for i in range(0, len(many), _BLOCK)])


def known_bad(readings: Sequence[Reading], void_ids: Sequence[int]) -> Iterator[Finding]:
    """Labels known to be bad, by their bytes or by what is wrong with them, and labels out of place as a whole."""
    out_of_place = {told.reading.pair.label: told for told in misplaced(readings, void_ids)}
    for reading in readings:
        if reading.label is None:
            continue
        detail = KNOWN_BAD.get(reading.label.sha256)
        if detail is None and reading.pair.name == KNOWN_BAD_NAME and reading.label.pixels[255] in KNOWN_BAD_UNKNOWN:
            detail = next(iter(KNOWN_BAD.values()))
        if detail is None and reading.pair.label in out_of_place:
            detail = out_of_place[reading.pair.label].words()
        if detail is not None:
            yield Finding("known-bad-label", reading.pair.label, reading.pair.split, detail, KEEP_OR_DROP)


class Misplaced(NamedTuple):
    """A label that disagrees with those of the frames before and after, although the frames hardly differ."""

    reading: Reading
    neighbours: List[str]
    agreement: float

    def words(self) -> str:
        """What is wrong, as a phrase."""
        text = "agrees to %.0f %% only with the label of %s, though the frames hardly differ: it lies beside its frame"
        return text % (100 * self.agreement, " and ".join(self.neighbours))


def misplaced(readings: Sequence[Reading], void_ids: Sequence[int]) -> Iterator[Misplaced]:
    """Of neighbours in a drive that hardly moved, the labels that agree with none of theirs.

    A frame is blamed when both its neighbours disagree, or when its only one agrees with the frame behind that.
    """
    whole = [r for r in readings if r.frame is not None and r.label is not None and r.label.size == r.frame.size]
    agreed = [_agreement(a, b, void_ids) for a, b in zip(whole, whole[1:])]
    for i, reading in enumerate(whole):
        before, after = agreed[i - 1] if i else None, agreed[i] if i < len(agreed) else None
        beside = [(a, j) for a, j in ((before, i - 1), (after, i + 1)) if a is not None]
        if not beside or any(agreement >= DISAGREE_BELOW for agreement, _ in beside):
            continue
        if len(beside) == 2 or _agrees_elsewhere(agreed, i, beside[0][1]):
            yield Misplaced(reading, [whole[j].pair.name for _, j in beside], max(a for a, _ in beside))


def _agrees_elsewhere(agreed: List, one: int, neighbour: int) -> bool:
    beyond = neighbour - 1 if neighbour < one else neighbour
    found = agreed[beyond] if 0 <= beyond < len(agreed) else None
    return found is not None and found >= DISAGREE_BELOW


def _agreement(a: Reading, b: Reading, void_ids: Sequence[int]):
    """Share of pixels with one class, where neither is Void; None unless the two are neighbours that hardly moved."""
    if place(a.pair.name).drive != place(b.pair.name).drive or a.label.small.shape != b.label.small.shape:
        return None
    if np.abs(a.frame.thumb.astype(np.int16) - b.frame.thumb).mean() >= HARDLY_MOVED:
        return None
    ignored = list(void_ids) + [255]
    both = ~(np.isin(a.label.small, ignored) | np.isin(b.label.small, ignored))
    return float((a.label.small == b.label.small)[both].mean()) if both.mean() > 0.1 else None
