"""Making a split folder: which of the found frames go where, what is missing, and writing it resumably."""

import os
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

from . import atomic, classes, imageio, layout, manifest, placing, splits, targets
from .console import Console
from .drives import place
from .errors import ToolkitError


class Assignment(NamedTuple):
    """What goes where. `missing`: expected frames that are not there; `surplus`: frames that no list knows."""

    preset: str
    chosen: List[Tuple[str, layout.Pair]]
    missing: List[str]
    surplus: List[str]


def assign(
    found: layout.Scan, preset: str, shares: Optional[Tuple[float, float, float]] = None, seed: int = 0
) -> Assignment:
    """Give each pair of `found` its split. A preset is a rule over CamVid's 701 names, whatever is there of them."""
    by_name = _unique(found)
    if shares is not None:
        wanted = splits.by_shares(by_name, shares, seed)
        label = "by-drive %g/%g/%g seed %d" % (shares + (seed,))
    else:
        wanted, label = splits.preset(preset), preset
    chosen = [(wanted[name], pair) for name, pair in sorted(by_name.items()) if name in wanted]
    missing = sorted(set(wanted) - set(by_name))
    surplus = sorted(set(by_name) - set(wanted))
    return Assignment(label, chosen, missing, surplus)


def _unique(found: layout.Scan) -> Dict[str, layout.Pair]:
    by_name: Dict[str, layout.Pair] = {}
    for pair in found.pairs:
        if pair.name in by_name:
            raise ToolkitError(
                "the frame %s is there twice: %s and %s" % (pair.name, by_name[pair.name].image, pair.image),
                where=found.root,
                remedy="remove one of them",
            )
        by_name[pair.name] = pair
    return by_name


def complaints(found: layout.Scan, assignment: Assignment) -> List[str]:
    """A sentence for everything that keeps the split from being whole; empty when nothing does."""
    lone = {o.name: "%s has no label" % o.path for o in found.unlabelled}
    lone.update({o.name: "%s has no frame" % o.path for o in found.frameless})
    gone = ["%s is missing" % name for name in assignment.missing if name not in lone]
    extra = ["%s is none of CamVid's 701 frames" % name for name in assignment.surplus]
    return sorted(lone.values()) + gone + extra


def target_path(split: str, file: str, label: bool) -> str:
    """Where a source file goes in a split folder; labels keep their file names."""
    return "%s%s/%s" % (split, "_labels" if label else "", os.path.basename(file))


def write(
    found: layout.Scan,
    table: classes.ClassTable,
    assignment: Assignment,
    out: str,
    mode: str,
    console: Console,
) -> Dict[str, object]:
    """Write the split folder `out` and return its manifest. Cut off and repeated, it ends in the same state."""
    _claim(out, assignment.preset)
    entries = []
    for split, pair in console.progress(assignment.chosen, len(assignment.chosen), "splitting"):
        entries.append(_place_pair(found.root, out, split, pair, mode))
    for stray in _left_over(out, assignment):
        os.remove(os.path.join(out, stray))
    atomic.write_text(os.path.join(out, classes.FILE_NAME), table.to_csv())
    made = manifest.document(assignment.preset, table.digest(), entries)
    manifest.write(out, made)
    os.remove(os.path.join(out, manifest.UNFINISHED))
    return made


def refuse_foreign(out: str, preset: str) -> None:
    """ToolkitError unless `out` is new, empty, or an earlier split of the same preset."""
    marker = os.path.join(out, manifest.UNFINISHED)
    marked = manifest.cut_off_command(out)
    ours = marked in ("", "camvid-split") or (marked is None and os.path.exists(os.path.join(out, manifest.FILE_NAME)))
    targets.refuse_foreign(out, ours, marker, "camvid-split")
    held = manifest.read(out) if ours else None
    if held is not None and held["preset"] != preset:
        raise ToolkitError(
            "holds the split '%s', not '%s'" % (held["preset"], preset),
            where=out,
            remedy="remove that folder or choose another --out",
        )


def _claim(out: str, preset: str) -> None:
    """Make `out` ours; the marker stands until it is whole."""
    refuse_foreign(out, preset)
    os.makedirs(out, exist_ok=True)
    marker = os.path.join(out, manifest.UNFINISHED)
    atomic.write_text(marker, "camvid-split is at work here, or was cut off: run the same command again\n")


def _place_pair(root: str, out: str, split: str, pair: layout.Pair, mode: str) -> manifest.Entry:
    image = imageio.read_frame(os.path.join(root, pair.image))
    digests = []
    for file, label in ((pair.image, False), (pair.label, True)):
        source, target = os.path.join(root, file), os.path.join(out, target_path(split, file, label))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        digests.append(manifest.file_sha256(source))
        placing.place(mode, source, target, digests[-1])
    size = list(image.shape[:2])
    return manifest.Entry(
        pair.name, split, place(pair.name).drive, pair.image, pair.label, size, digests[0], digests[1]
    )


def _left_over(out: str, assignment: Assignment) -> Iterable[str]:
    """Pictures in the split's folders that this split does not name: from an earlier, different source."""
    planned = {target_path(split, file, label) for split, pair in assignment.chosen for file, label in _files(pair)}
    for split in splits.SPLITS:
        for folder in (split, split + "_labels"):
            inside = os.path.join(out, folder)
            for name in sorted(os.listdir(inside)) if os.path.isdir(inside) else []:
                if imageio.is_picture(name) and folder + "/" + name not in planned:
                    yield folder + "/" + name


def _files(pair: layout.Pair) -> Tuple[Tuple[str, bool], Tuple[str, bool]]:
    return (pair.image, False), (pair.label, True)
