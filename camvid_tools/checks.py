"""The checks behind camvid-check: pure functions from what lies on disk to findings."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from . import imageio, labels, layout, manifest, splits
from .codec import ColourCodec, unknown_colours
from .findings import Finding

KNOWN_BAD = {"Seq05VD_f02610": "its label lies some 90 of 480 pixels beside the frame, in every copy known"}
COLOURS_NAMED = 5


class Inspected(NamedTuple):
    """What reading one pair gave; size and form are None where it could not be read."""

    pair: layout.Pair
    size: Optional[Tuple[int, int]]
    form: Optional[str]
    findings: List[Finding]


def inspect_all(found: layout.Scan, codec: ColourCodec, threads: Optional[int] = None) -> Iterator[Inspected]:
    """Read every frame and label once, on all cores, in the order of the pairs."""
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for result in pool.map(lambda pair: inspect(found.root, pair, codec), found.pairs):
            yield result


def inspect(root: str, pair: layout.Pair, codec: ColourCodec) -> Inspected:
    """Read one frame and its label and say what is wrong with either."""
    findings: List[Finding] = []
    image = _read(root, pair, pair.image, findings)
    label = _read(root, pair, pair.label, findings)
    size = image.shape[:2] if image is not None else None
    form = None
    if image is not None:
        findings.extend(_frame_form(pair, image))
    if label is not None:
        form = labels.IDS if label.ndim == 2 else labels.COLOURS
        findings.extend(_label_pixels(root, pair, label, codec))
    if size is not None and label is not None and label.shape[:2] != size:
        detail = "label is %d x %d, its frame %d x %d (height x width)" % (label.shape[:2] + size)
        findings.append(
            Finding("size-mismatch", pair.label, pair.split, detail, "take label and frame from one source")
        )
    if pair.name in KNOWN_BAD:
        remedy = "keep it to stay comparable, or leave the frame out"
        findings.append(Finding("known-bad-label", pair.label, pair.split, KNOWN_BAD[pair.name], remedy))
    return Inspected(pair, size, form, findings)


def _read(root: str, pair: layout.Pair, file: str, findings: List[Finding]) -> Optional[np.ndarray]:
    try:
        return imageio.read_raw(os.path.join(root, file))
    except imageio.ImageFault as fault:
        findings.append(Finding(fault.kind, file, pair.split, fault.what, fault.remedy or ""))
        return None


def _frame_form(pair: layout.Pair, image: np.ndarray) -> Iterator[Finding]:
    if image.dtype != np.uint8:
        yield Finding("sixteen-bit", pair.image, pair.split, "16 bits a channel", "save it with 8 bits a channel")
    if image.ndim == 2:
        yield Finding("grey-image", pair.image, pair.split, "one channel", "restore the colour frame")
    elif image.shape[2] == 4:
        yield Finding("alpha-channel", pair.image, pair.split, "has a fourth channel", "save it as RGB")


def _label_pixels(root: str, pair: layout.Pair, label: np.ndarray, codec: ColourCodec) -> Iterator[Finding]:
    if label.dtype != np.uint8:
        yield Finding("sixteen-bit", pair.label, pair.split, "16 bits a channel", "save it with 8 bits a channel")
    if imageio.is_lossy(os.path.join(root, pair.label)):
        detail = "stored as JPEG or WebP, which changes colours"
        yield Finding("lossy-label", pair.label, pair.split, detail, "restore the PNG label")
    label = imageio.to_8_bits(label)
    read = labels.interpret(label, codec)
    if read.unknown and read.form == labels.IDS:
        highest = int(label.max())
        detail = "ids up to %d, but there are %d classes" % (highest, len(codec.classes))
        yield Finding(
            "unknown-colour", pair.label, pair.split, detail, "use the class table that belongs to the labels"
        )
    elif read.unknown:
        yield Finding("unknown-colour", pair.label, pair.split, _describe(label, read.ids, codec), _UNKNOWN_REMEDY)


_UNKNOWN_REMEDY = "add a row to class_dict.csv, or leave it: such pixels count as 255 and are ignored"


def _describe(label: np.ndarray, ids: np.ndarray, codec: ColourCodec) -> str:
    found = unknown_colours(label[..., :3], ids)
    parts = []
    for item in found[:COLOURS_NAMED]:
        name, gap = codec.classes.nearest(item.colour)
        text = "#%02x%02x%02x %d pixels, first at x=%d y=%d, nearest %s (distance %.0f)"
        parts.append(text % (item.colour + (item.pixels, item.x, item.y, name, gap)))
    more = "" if len(found) <= COLOURS_NAMED else "; and %d more colours" % (len(found) - COLOURS_NAMED)
    return "%d colours of no class: %s%s" % (len(found), "; ".join(parts), more)


def check_pairs(found: layout.Scan) -> Iterator[Finding]:
    """Frames without labels and the reverse, stray files, mixed label suffixes."""
    for orphan in found.unlabelled:
        yield Finding("missing-label", orphan.path, orphan.split, "frame without a label", "add its label or remove it")
    for orphan in found.frameless:
        yield Finding("missing-frame", orphan.path, orphan.split, "label without a frame", "add its frame or remove it")
    for file in found.stray:
        yield Finding("stray-file", file, None, "neither a frame nor a label", "remove it")
    for folder, counts in found.suffixes.items():
        if len(counts) > 1:
            detail = ", ".join("%d with '%s'" % (n, suffix) for suffix, n in sorted(counts.items()))
            yield Finding("mixed-suffixes", folder, None, "labels named in several ways: " + detail, "name all alike")


def check_alike(inspected: List[Inspected]) -> Iterator[Finding]:
    """Frames unlike the rest in size, labels unlike the rest in form."""
    sizes = Counter(item.size for item in inspected if item.size is not None)
    forms = Counter(item.form for item in inspected if item.form is not None)
    for item in inspected:
        pair = item.pair
        if item.size is not None and item.size != sizes.most_common(1)[0][0]:
            detail = "%d x %d, the rest %d x %d" % (item.size + sizes.most_common(1)[0][0])
            yield Finding("size-differs", pair.image, pair.split, detail, "camvid-encode --resize makes them alike")
        if item.form is not None and item.form != forms.most_common(1)[0][0]:
            detail = "holds %s, the rest %s" % (item.form, forms.most_common(1)[0][0])
            yield Finding("label-form", pair.label, pair.split, detail, "bring all labels into one form")


def check_manifest(found: layout.Scan, held: Optional[Dict[str, Any]], table_digest: str) -> Iterator[Finding]:
    """Files against the manifest: gone, added, changed, or in another split."""
    if held is None:
        text = "no manifest: this folder was not made by camvid-split, and is used as it is"
        yield Finding("no-manifest", ".", None, text, "none needed")
        return
    remedy = "run camvid-split again"
    if held["palette_digest"] != table_digest:
        yield Finding("manifest-mismatch", "class_dict.csv", None, "not the class table of the manifest", remedy)
    here = {pair.name for pair in found.pairs}
    listed = {frame["name"]: frame for frame in held["frames"]}
    for name in sorted(set(listed) - here):
        yield Finding("manifest-mismatch", name, listed[name]["split"], "in the manifest, but gone", remedy)
    for pair in found.pairs:  # a frame copied into another split is there twice under one name
        if pair.name in listed:
            yield from _against_entry(found.root, pair, listed[pair.name], remedy)
        else:
            yield Finding("manifest-mismatch", pair.image, pair.split, "not in the manifest", remedy)


def _against_entry(root: str, pair: layout.Pair, entry: Dict[str, Any], remedy: str) -> Iterator[Finding]:
    if pair.split != entry["split"]:
        detail = "lies in %s, the manifest says %s" % (pair.split, entry["split"])
        yield Finding("wrong-split", pair.image, pair.split, detail, remedy)
    for file, key in ((pair.image, "image_sha256"), (pair.label, "label_sha256")):
        try:
            changed = manifest.file_sha256(os.path.join(root, file)) != entry[key]
        except OSError:  # told already, as undecodable
            continue
        if changed:
            yield Finding("manifest-mismatch", file, pair.split, "its bytes are not those that were split", remedy)


def counts(found: layout.Scan) -> Dict[str, int]:
    """Frames with labels a split; under the key `all` where the folder is not split."""
    numbers = Counter(pair.split or "all" for pair in found.pairs)
    return {split: numbers[split] for split in splits.SPLITS + ("all",) if numbers[split]}


def preset_of(found: layout.Scan) -> str:
    """The published split that these lists are, as a whole or in part; else `unknown`."""
    lists = {s: [p.name for p in found.pairs if p.split == s] for s in splits.SPLITS}
    return splits.recognise(lists)
