"""Files against each other: frames and labels, the rest of the set, the manifest, lists, links that lead away."""

import os
from collections import Counter
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from .. import imageio, layout, lists, manifest
from ..findings import ERROR, Finding
from ..words import counted
from .reading import Reading

MOSTLY = 0.5  # CamVid: 0.05
NAME_IT = "name it as the other folders are named, or move it away"
AGAIN = "run camvid-split again"


def partners(found: layout.Scan) -> Iterator[Finding]:
    """Frames without labels and the reverse, stray files, labels named in several ways."""
    for orphan in found.unlabelled:
        remedy = "add its label, or camvid-fix leaves it out"
        yield Finding("missing-label", orphan.path, orphan.split, "frame without a label", remedy)
    for orphan in found.frameless:
        remedy = "add its frame, or camvid-fix leaves it out"
        yield Finding("missing-frame", orphan.path, orphan.split, "label without a frame", remedy)
    for file in found.stray:
        twice = imageio.is_picture(file)
        detail = "a second picture of one frame or label" if twice else "neither a frame nor a label"
        remedy = "keep the right one of the two" if twice else "remove it"
        yield Finding("stray-file", file, None, detail, remedy + ", or camvid-fix leaves this one out")
    for pair in lists.unlisted(found):
        detail = "in no list, so in no split: training and scores go without it"
        yield Finding("stray-file", pair.image, None, detail, "add it to a list, or camvid-fix leaves it out")
    for folder, pictures in layout.unread_folders(found):
        detail = "holds %s that were not read: no folder of this layout is called so" % counted(pictures, "picture")
        yield Finding("stray-file", folder + "/", None, detail, NAME_IT)
    for folder, counts in found.suffixes.items():
        if len(counts) > 1:
            detail = ", ".join("%d with '%s'" % (n, suffix) for suffix, n in sorted(counts.items()))
            remedy = "camvid-fix names all alike"
            yield Finding("mixed-suffixes", folder, None, "labels named in several ways: " + detail, remedy)


def unlike_the_rest(readings: Sequence[Reading]) -> Iterator[Finding]:
    """Frames unlike the rest in size or without colour, labels unlike the rest in form."""
    frames = [reading for reading in readings if reading.frame is not None]
    labelled = [reading for reading in readings if reading.label is not None]
    size = usual_size(readings)
    form = _most(reading.label.form for reading in labelled)
    colour = 2 * sum(reading.frame.grey for reading in frames) < len(frames)
    for reading in frames:
        pair = reading.pair
        if reading.frame.size != size:
            detail = "%d x %d, the rest %d x %d" % (reading.frame.size + size)
            yield Finding("size-differs", pair.image, pair.split, detail, "camvid-encode --resize makes them alike")
        if reading.frame.grey and colour and not _told(reading, "grey-image"):
            detail = "three equal channels, the rest are in colour"
            yield Finding("grey-image", pair.image, pair.split, detail, "restore the colour frame, or leave it out")
    for reading in labelled:
        if reading.label.form != form:
            detail = "holds %s, the rest %s" % (reading.label.form, form)
            remedy = "camvid-fix writes all labels as colours"
            yield Finding("label-form", reading.pair.label, reading.pair.split, detail, remedy)


def mostly_void(readings: Sequence[Reading], void_ids: Sequence[int]) -> Iterator[Finding]:
    """A set that hardly says anything, such as one whose labels had other colours and were mended."""
    pixels = sum(reading.label.pixels for reading in readings if reading.label is not None)
    share = float(np.sum(pixels[list(void_ids)]) / pixels.sum()) if np.ndim(pixels) and void_ids else 0.0
    if share > MOSTLY:
        text, remedy = "%.0f %% of all label pixels are Void", "find the labels that belong to the class table"
        yield Finding("blank-label", ".", None, text % (100 * share), remedy, weighed=ERROR if share == 1 else None)


def usual_size(readings: Sequence[Reading]) -> Optional[Tuple[int, int]]:
    """(height, width) of most frames; None where none could be read."""
    return _most(reading.frame.size for reading in readings if reading.frame is not None)


def _most(values: Iterator[Any]) -> Any:
    ranked = Counter(values).most_common(1)
    return ranked[0][0] if ranked else None


def _told(reading: Reading, kind: str) -> bool:
    return any(finding.kind == kind for finding in reading.findings)


def manifest_holds(
    found: layout.Scan, held: Optional[Dict[str, Any]], table_digest: str, readings: Sequence[Reading]
) -> Iterator[Finding]:
    """Files against the manifest: gone, added, changed, or in another split."""
    if held is None:
        text = "no manifest: this folder was not made by camvid-split, and is used as it is"
        yield Finding("no-manifest", ".", None, text, "none needed")
        return
    if held["palette_digest"] != table_digest:
        yield Finding("manifest-mismatch", "class_dict.csv", None, "not the class table of the manifest", AGAIN)
    listed = {frame["name"]: frame for frame in held["frames"]}
    here, lone = {pair.name for pair in found.pairs}, {_base(o.path) for o in found.unlabelled + found.frameless}
    here |= {name for name, frame in listed.items() if lone & {_base(frame["image"]), _base(frame["label"])}}
    for name in sorted(set(listed) - here):
        if "/" in name or "\\" in name:
            detail = "the manifest names a path, not a frame"
            yield Finding("path-outside", manifest.FILE_NAME, None, "%s: %r" % (detail, name), AGAIN)
        else:
            yield Finding("manifest-mismatch", name, listed[name]["split"], "in the manifest, but gone", AGAIN)
    for reading in readings:  # a frame copied into another split is there twice under one name
        pair = reading.pair
        if pair.name in listed:
            yield from _against_entry(reading, listed[pair.name])
        else:
            yield Finding("manifest-mismatch", pair.image, pair.split, "not in the manifest", AGAIN)


def _base(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _against_entry(reading: Reading, entry: Dict[str, Any]) -> Iterator[Finding]:
    pair = reading.pair
    if pair.split != entry["split"]:
        detail = "lies in %s, the manifest says %s" % (pair.split, entry["split"])
        yield Finding("wrong-split", pair.image, pair.split, detail, AGAIN)
    for file, facts, key in ((pair.image, reading.frame, "image"), (pair.label, reading.label, "label")):
        if facts is not None and facts.sha256 != entry[key + "_sha256"]:  # what cannot be read was told already
            detail = "its bytes are not those that were split"
            yield Finding("manifest-mismatch", file, pair.split, detail, AGAIN)


def lists_hold(found: layout.Scan) -> Iterator[Finding]:
    """Lists beside the folders: entries that are not there, lie in another split, or lead out of the folder."""
    entries, faults = lists.read(found.root)
    for file, what in faults:
        yield Finding("manifest-mismatch", file, None, "a list that cannot be read: " + what, "mend or remove it")
    splits_of = {name: pair.split for pair in found.pairs for name in (pair.name, lists.bare_name(pair.label))}
    seen: Dict[str, str] = {}
    for entry in entries:
        where = "line %d: %s" % (entry.line, entry.path)
        remedy = "mend %s" % entry.file
        if lists.leads_outside(entry.path):
            yield Finding("path-outside", entry.file, entry.split, where + " leads out of the folder", remedy)
        elif entry.label is not None and not lists.belong(entry.label, entry.name):
            detail = "%s has %s for its label, but labels go by name" % (where, entry.label)
            yield Finding("manifest-mismatch", entry.file, entry.split, detail, remedy)
        elif entry.name not in splits_of:
            detail = where + " is not here, or has no label"
            yield Finding("manifest-mismatch", entry.file, entry.split, detail, remedy)
        elif seen.setdefault(entry.name, entry.split) != entry.split:
            detail = where + " is in the list of %s as well" % seen[entry.name]
            yield Finding("wrong-split", entry.file, entry.split, detail, remedy)
        elif splits_of[entry.name] not in (None, entry.split):
            detail = where + " lies in %s" % splits_of[entry.name]
            yield Finding("wrong-split", entry.file, entry.split, detail, remedy)


def links_stay_inside(found: layout.Scan) -> Iterator[Finding]:
    """Single files that are links out of the folder; a set that is all links was meant so."""
    files = [(file, pair.split) for pair in found.pairs for file in (pair.image, pair.label)]
    away = [(file, split) for file, split in files if _leads_away(found.root, file)]
    if 2 * len(away) > len(files):
        return
    for file, split in away:
        detail = "a link out of the folder, to %s" % os.path.realpath(os.path.join(found.root, file))
        yield Finding("path-outside", file, split, detail, "put the file itself there; camvid-fix copies it")


def _leads_away(root: str, file: str) -> bool:
    path = os.path.join(root, file)
    return os.path.islink(path) and not layout.is_inside(path, root)


def counts(found: layout.Scan, splits: Sequence[str]) -> Dict[str, int]:
    """Frames with labels a split; under the key `all` where the folder is not split, `none` for those in no list."""
    other = "none" if lists.unlisted(found) else "all"
    numbers = Counter(pair.split or other for pair in found.pairs)
    return {split: numbers[split] for split in list(splits) + [other] if numbers[split]}


def names_by_split(found: layout.Scan, splits: Sequence[str]) -> Dict[str, List[str]]:
    """Split -> names of its frames."""
    return {split: [pair.name for pair in found.pairs if pair.split == split] for split in splits}
