"""Where frames and labels lie: the folder layouts that CamVid is found in, and pairing by name."""

import contextlib
import os
from collections import Counter
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .errors import ToolkitError
from .imageio import is_picture
from .splits import SPLITS

LABEL_SUFFIXES = ("_L", "_P", "")


class Pair(NamedTuple):
    """One frame: its bare name, the split its folder stands for (or None), and both paths relative to the root."""

    name: str
    split: Optional[str]
    image: str
    label: str


class Orphan(NamedTuple):
    """A picture without its partner."""

    name: str
    split: Optional[str]
    path: str


class Scan(NamedTuple):
    """What a folder holds. `root` may lie one folder below the one asked for; paths are relative to it."""

    root: str
    layout: str
    pairs: List[Pair]
    unlabelled: List[Orphan]
    frameless: List[Orphan]
    stray: List[str]
    suffixes: Dict[str, Dict[str, int]]


# (split or None, frames' folder, labels' folder); the first layout of which a pair of folders exists is taken.
_SPLIT = [(split, split, split + "_labels") for split in SPLITS]
_SEGNET = [(split, split, split + "annot") for split in SPLITS]
_RAW = [
    (None, "701_StillsRaw_full", "LabeledApproved_full"),
    (None, "701_StillsRaw_full", "."),  # the published label archive unpacks without a folder
    (None, "701_StillsRaw", "LabeledApproved_full"),
]
_FASTAI = [(None, "images", "labels")]
LAYOUTS = (("split", _SPLIT), ("segnet", _SEGNET), ("raw", _RAW), ("fastai", _FASTAI))
EXPECTED = (
    "701_StillsRaw_full/ + LabeledApproved_full/ (raw), train/ + train_labels/ ... (split), "
    "train/ + trainannot/ ... (SegNet), images/ + labels/ (fastai), or NAME.png + NAME_L.png in one folder"
)


def scan(folder: str) -> Scan:
    """Find frames and labels below `folder`; ToolkitError if it holds none in any known layout."""
    if not os.path.isdir(folder):
        what = "is a file, a folder is due" if os.path.exists(folder) else "no such folder"
        raise ToolkitError(what, where=folder, remedy="give the folder that holds CamVid")
    for root in [folder] + _only_subfolder(folder):
        found = _scan(root)
        if found is not None:
            return found
    raise ToolkitError("no frames and labels in a known layout", where=folder, remedy="expected " + EXPECTED)


def is_data_set(folder: str) -> bool:
    """Whether `folder` itself holds frames and labels in a known layout."""
    return os.path.isdir(folder) and _layout_of(folder) is not None


def refuse_inside(folder: str) -> None:
    """ToolkitError where results would lie among the frames or labels of a data set, which are only read."""
    whole = os.path.realpath(folder)
    for root in (whole, os.path.dirname(whole)):
        found = _scan(root) if os.path.isdir(root) else None
        files = [file for pair in found.pairs for file in (pair.image, pair.label)] if found else []
        if whole in {os.path.normpath(os.path.join(root, os.path.dirname(file))) for file in files}:
            what = "holds frames or labels of a data set, which are only read"
            raise ToolkitError(what, where=folder, remedy="choose another --out")


def unread_folders(found: Scan) -> List[Tuple[str, int]]:
    """(folder, pictures) of every folder up to two levels down that holds pictures and is no part of the layout."""
    files = [file for pair in found.pairs for file in (pair.image, pair.label)] + found.stray
    files += [orphan.path for orphan in found.unlabelled + found.frameless]
    read = {os.path.dirname(file) or "." for file in files}
    unread = []
    for folder in _folders_below(found.root, ".", 2):
        pictures = 0 if folder in read else len(_pictures(found.root, folder))
        if pictures:
            unread.append((folder, pictures))
    return unread


def _folders_below(root: str, folder: str, levels: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for entry in sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                below = _join(folder, entry.name)
                yield below
                if levels > 1:
                    yield from _folders_below(root, below, levels - 1)


def beside(folder: str, ending: str) -> str:
    """What is made from `folder` by default: its name with an ending, next to it, also when it is called `.`."""
    path = os.path.normpath(folder)
    return (os.path.abspath(path) if os.path.basename(path) in (".", "..") else path) + ending


def is_inside(path: str, folder: str) -> bool:
    """Whether `path`, which need not exist, is `folder` or lies below it, links followed."""
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(os.path.join(folder, ""))


def _only_subfolder(folder: str) -> List[str]:
    inside = [entry.path for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
    return inside if len(inside) == 1 else []


def _layout_of(root: str) -> Optional[Tuple[str, List[Tuple[Optional[str], str, str]]]]:
    for name, places in LAYOUTS:
        there = [p for p in places if all(os.path.isdir(os.path.join(root, part)) for part in p[1:])]
        if there:
            return name, there if name in ("split", "segnet") else there[:1]
    files = _pictures(root, ".")
    stems = {os.path.splitext(file)[0] for file in files}
    if any(stem + suffix in stems for stem in stems for suffix in LABEL_SUFFIXES[:2]):
        return "one folder", [(None, ".", ".")]
    return None


def _scan(root: str) -> Optional[Scan]:
    known = _layout_of(root)
    if known is None:
        return None
    result = Scan(root, known[0], [], [], [], [], {})
    for split, frames, labels in known[1]:
        _pair_folders(result, split, frames, labels)
    _half_present(result, known[0])
    return result


def _pair_folders(result: Scan, split: Optional[str], frames: str, labels: str) -> None:
    images = _pictures(result.root, frames)
    painted = _pictures(result.root, labels)
    if frames == labels:
        painted = [file for file in painted if os.path.splitext(file)[0].endswith(LABEL_SUFFIXES[:2])]
        images = sorted(set(images) - set(painted))
    by_name: Dict[str, str] = {}
    for file in sorted(images, key=_png_first):
        name = os.path.splitext(file)[0]
        if name in by_name:
            result.stray.append(_join(frames, file))
        by_name.setdefault(name, file)
    taken = set()
    for file in sorted(painted, key=_usual_first(painted, by_name)):
        name, suffix = _frame_of(os.path.splitext(file)[0], by_name)
        if name is None:
            result.frameless.append(Orphan(os.path.splitext(file)[0], split, _join(labels, file)))
        elif name in taken:
            result.stray.append(_join(labels, file))
        else:
            taken.add(name)
            counts = result.suffixes.setdefault(labels, {})
            counts[suffix] = counts.get(suffix, 0) + 1
            result.pairs.append(Pair(name, split, _join(frames, by_name[name]), _join(labels, file)))
    for name in sorted(set(by_name) - taken):
        result.unlabelled.append(Orphan(name, split, _join(frames, by_name[name])))
    result.pairs.sort()
    result.stray.extend(_others(result.root, frames) + (_others(result.root, labels) if labels != frames else []))


def _png_first(file: str) -> Tuple[bool, str]:
    """Of two pictures of one name the PNG has lost nothing."""
    return not file.lower().endswith(".png"), file


def _usual_first(painted: List[str], frames: Dict[str, str]) -> Callable[[str], Any]:
    """Of two labels of one frame the one that is named as most are."""
    suffixes = {file: _frame_of(os.path.splitext(file)[0], frames)[1] for file in painted}
    counts = Counter(suffixes.values())
    return lambda file: (-counts[suffixes[file]],) + _png_first(file)


def _frame_of(stem: str, frames: Dict[str, str]) -> Tuple[Optional[str], str]:
    for suffix in LABEL_SUFFIXES:
        name = stem[: len(stem) - len(suffix)] if suffix else stem
        if stem.endswith(suffix) and name in frames:
            return name, suffix
    return None, ""


def _half_present(result: Scan, layout: str) -> None:
    """Frames whose labels' folder is missing altogether, and the reverse."""
    tail = {"split": "_labels", "segnet": "annot"}.get(layout)
    for split in SPLITS if tail else ():
        has = [os.path.isdir(os.path.join(result.root, split + end)) for end in ("", tail)]
        if has == [True, False]:
            found = [Orphan(os.path.splitext(f)[0], split, _join(split, f)) for f in _pictures(result.root, split)]
            result.unlabelled.extend(found)
        elif has == [False, True]:
            files = _pictures(result.root, split + tail)
            result.frameless.extend(Orphan(os.path.splitext(f)[0], split, _join(split + tail, f)) for f in files)


def _pictures(root: str, folder: str) -> List[str]:
    return sorted(name for name in os.listdir(os.path.join(root, folder)) if is_picture(name))


def _others(root: str, folder: str) -> List[str]:
    """Files in a pictures' folder that are no pictures; the root itself may hold anything."""
    if folder == ".":
        return []
    names = sorted(os.listdir(os.path.join(root, folder)))
    files = [name for name in names if not os.path.isdir(os.path.join(root, folder, name))]
    return [_join(folder, name) for name in files if not is_picture(name) and not _is_our_part(name)]


def _is_our_part(name: str) -> bool:
    return name.startswith(".") and name.endswith(".part")


def _join(folder: str, name: str) -> str:
    return name if folder == "." else folder + "/" + name
