"""Which frame goes to train, val or test: CamVid's published splits as checked rules, and shares by drive."""

import hashlib
import os
from typing import Callable, Dict, Iterable, List, Tuple

from .classes import DATA
from .drives import place
from .errors import ToolkitError

SPLITS = ("train", "val", "test")

# The rule behind the 421/112/168 folders that GeorgeSeif/Semantic-Segmentation-Suite ships: places in every 50 frames.
_VAL_PLACES = frozenset((6, 7, 8, 9, 28, 29, 36, 37))
_TEST_PLACES = frozenset((16, 17, 18, 19, 26, 27, 38, 39, 46, 47, 48, 49))
_KAGGLE_TEST_HEAD = 84  # Kaggle's copy moved the first 84 names to test, all but two
_KAGGLE_VAL_IN_HEAD = frozenset((78, 79))
_SEGNET_TRAIN_HEAD = 62  # of 0001TP
_BY_DRIVE = {"0001TP": "train", "0016E5": "train", "0006R0": "val", "Seq05VD": "test"}

# sha256 over the sorted names of train, val, test: see `list_digest`.
DIGESTS = {
    "default": (
        "f47f45d05d3a972b39b7eb72919c7e86d459621259b9119e70d9f4640e060693",
        "b4c19fe8cf3d119696b09a30c812f26465bf9263c92a8157a5845e11670e0022",
        "955e66f1f1e526c40307096fc96c781fb3617e0e0c683d42d55ab2a55fdefb9e",
    ),
    "segnet": (
        "0f2b2149e1c9f0df5c4740d2532d6418b8163c47bd2994f198fc05a8a2108507",
        "f80b1b93a53eb17ca8cdd58b5d6e8b0301f1efe0e3a17a7f63454d8c6473150d",
        "6bb0c1951e12b4b5b5a9c6bc2dd6afe2730b6efb7b70395fb859cd3ea2eef702",
    ),
    "kaggle": (
        "4a83bd42309bbb006e102a5e2edd5b801f58f1134c90cc30beb663159eba65fe",
        "41c4a753cf9f608058e714670b31e768d179ccae2a3677ac98e57499902c44a7",
        "9e0cf3b05fe873738bd87261a4b1eacb230f68285b3155ff4fdc2579d9f88138",
    ),
    "by-drive": (
        "8839fafa62ce0555f4b0a3dbd7ab316501720e089a1fbce95062912370894f7d",
        "e46dcd5bec6be9627682ef0ad34de872120d3c7b3a395291b13c1fcc83e1daab",
        "33b557e1ffa0fe449107c5d776834c627136346fcd1da0143e242af6dc5790bc",
    ),
}
PRESETS = tuple(DIGESTS)


def list_digest(names: Iterable[str]) -> str:
    """sha256 of the bare names sorted by code point, each followed by a newline (`LC_ALL=C sort | sha256sum`)."""
    text = "".join(name + "\n" for name in sorted(names))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def camvid_names() -> Tuple[str, ...]:
    """CamVid's 701 frame names, sorted by code point."""
    with open(os.path.join(DATA, "camvid701_names.txt"), encoding="utf-8") as handle:
        return tuple(sorted(handle.read().split()))


def preset(name: str) -> Dict[str, str]:
    """Split of each of CamVid's 701 names under a published split; checked against its three digests."""
    if name not in _RULES:
        raise ToolkitError("no preset '%s'" % name, remedy="there are %s" % ", ".join(PRESETS))
    names = camvid_names()
    assigned = {frame: _RULES[name](index, frame) for index, frame in enumerate(names)}
    found = tuple(list_digest(frame for frame in names if assigned[frame] == split) for split in SPLITS)
    if found != DIGESTS[name]:
        raise AssertionError("preset %s no longer gives its published lists" % name)
    return assigned


def flags_for(names: Iterable[str]) -> List[str]:
    """The flags of camvid-split under which each of these frames finds its place."""
    here, known = set(names), set(camvid_names())
    if not here <= known:
        return ["--shares", "60/20/20"]
    return [] if here == known else ["--allow_partial"]


def _default(index: int, name: str) -> str:
    turn = index % 50
    return "val" if turn in _VAL_PLACES else "test" if turn in _TEST_PLACES else "train"


def _kaggle(index: int, name: str) -> str:
    in_head = index < _KAGGLE_TEST_HEAD and index not in _KAGGLE_VAL_IN_HEAD
    return "test" if in_head else _default(index, name)


def _segnet(index: int, name: str) -> str:
    drive, number = place(name)
    if drive == "0016E5":
        return "val" if 7959 <= number <= 8159 else "train"  # the 15 Hz stretch
    if drive == "0001TP":
        return "train" if index < _SEGNET_TRAIN_HEAD else "test"
    return "test" if drive == "Seq05VD" else "train"


def _by_drive(index: int, name: str) -> str:
    return _BY_DRIVE[place(name).drive]


_RULES: Dict[str, Callable[[int, str], str]] = {
    "default": _default,
    "segnet": _segnet,
    "kaggle": _kaggle,
    "by-drive": _by_drive,
}


def sizes(name: str) -> str:
    """`421/112/168`: the counts of a published split."""
    assigned = list(preset(name).values())
    return "/".join(str(assigned.count(split)) for split in SPLITS)


def recognise(lists: Dict[str, List[str]]) -> str:
    """The preset whose lists these are (split -> names), also in part; else `unknown`."""
    held = {name: split for split, names in lists.items() for name in names}
    if not held:
        return "unknown"
    fits = [name for name in PRESETS if held.items() <= preset(name).items()]
    return fits[0] if len(fits) == 1 else "unknown"


def by_shares(names: Iterable[str], shares: Tuple[float, float, float], seed: int = 0) -> Dict[str, str]:
    """Whole drives to train, val and test, as near to `shares` (any positive scale) as whole drives allow.

    Drives are taken largest first, equal ones in an order drawn from `seed`; each goes where most is missing.
    """
    drives: Dict[str, List[str]] = {}
    for name in sorted(names):
        drives.setdefault(place(name).drive, []).append(name)
    gap = [share / sum(shares) * sum(len(frames) for frames in drives.values()) for share in shares]
    assigned = {}
    for drive in sorted(drives, key=lambda d: (-len(drives[d]), _order(seed, d))):
        at = gap.index(max(gap))
        gap[at] -= len(drives[drive])
        assigned.update((frame, SPLITS[at]) for frame in drives[drive])
    return assigned


def _order(seed: int, drive: str) -> str:
    return hashlib.sha256(("%d/%s" % (seed, drive)).encode("utf-8", "surrogateescape")).hexdigest()
