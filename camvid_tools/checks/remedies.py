"""The commands that would make a set clean."""

from typing import Iterator, List, Sequence, Set

import numpy as np

from .. import classes, labels, layout, lists, splitfolder, splits
from ..classes import ClassTable
from ..drives import place
from ..findings import INFORMATION, Finding
from ..words import counted, typed
from . import pairs
from .colours import COMPRESSED, LOSSY, NEAR, Total, recoding
from .reading import LabelFacts, Reading

MEND_TABLE = "# mend class_dict.csv by hand: ids are row numbers, so keep the order"
WRITE_TABLE = "# write class_dict.csv: the line name,r,g,b first, then one line a class in the order of its ids"

OTHER_LABELS = (
    "%.0f %% of all label pixels are of no class: find the labels that belong to the class table, or its table"
)
MOST_LOST = 0.1  # what a mended copy may turn into Void of all label pixels; CamVid's Void is 5 %

# What camvid-fix mends in a copy; all other problems of a frame or label it can only leave out.
MENDED = (
    "alpha-channel",
    "sixteen-bit",
    "exif-rotation",
    "label-form",
    "unknown-colour",
    "lossy-label",
    "stray-file",
    "mixed-suffixes",
    "missing-label",
    "missing-frame",
    "path-outside",
)
DROPPED = (
    "undecodable",
    "truncated",
    "empty-file",
    "grey-image",
    "size-mismatch",
    "shifted-ids",
    "duplicate-frame",
    "near-duplicate",
    "blank-label",
    "known-bad-label",
)


def commands(
    found: layout.Scan,
    table: ClassTable,
    findings: Sequence[Finding],
    strange: Sequence[Total],
    readings: Sequence[Reading],
) -> List[str]:
    """Shell commands, in order, with a comment where a person has to decide; empty where there is nothing to do."""
    kinds = {finding.kind for finding in findings if finding.severity != INFORMATION}
    told: List[str] = []
    root = found.root
    rows = missing_rows(strange)
    if "class-dict" in kinds and splitfolder.has_class_table(found):
        told, rows = [MEND_TABLE], []  # a row may be there, and not be read
    elif "class-dict" in kinds:
        told = [WRITE_TABLE]
    if rows:
        told.append("# add to class_dict.csv, each in its place: " + "  ".join(rows))
    told += list(_by_hand(findings))
    within = distance(strange, table)
    lost = _share_lost(readings, table, within)
    if lost > MOST_LOST and "class-dict" not in kinds:
        told.append("# " + OTHER_LABELS % (100 * lost))
    mended = {kind for kind in MENDED if _files(findings, kind) - set(_unread(findings))}
    mended -= {"unknown-colour"} if rows and not _others(strange) else set()
    mended -= {"missing-label", "missing-frame"} if _unread(findings) else set()  # they may lie there
    dropped = [kind for kind in DROPPED if _files(findings, kind)]
    if lost > MOST_LOST:
        mended, dropped = set(), []
    elif dropped and _none_left(found, findings, dropped):
        told.append("# every frame has a problem that cannot be mended (%s): restore the set" % ", ".join(dropped))
        dropped = []
    if mended or dropped:
        root = layout.beside(found.root, "_fixed")
        flags = ["--within", str(within)] if within and "unknown-colour" in mended else []
        flags += ["--drop", ",".join(dropped)] if dropped else []
        told += [typed(["camvid-fix", "--src", found.root, "--out", root] + flags), typed(["camvid-check", root])]
    if "size-differs" in kinds and found.layout in ("split", "segnet") and "exif-rotation" not in mended:
        told.append(typed(["camvid-encode", "--src", root, "--resize", "%dx%d" % pairs.usual_size(readings)]))
    if "split-leak" in kinds:
        told.append(_split_by_drive(found, root))
    return told


def _by_hand(findings: Sequence[Finding]) -> Iterator[str]:
    """What only a person can do about tables, lists and the manifest."""
    listed = sorted({file for file, _ in lists.FILES} & {f.file for f in findings if f.severity != INFORMATION})
    if listed:
        yield "# mend %s: the lines are named above" % ", ".join(listed)
    if _unread(findings):
        yield "# name or move away the folders that were not read: %s" % "  ".join(_unread(findings))
    kinds = ("manifest-mismatch", "wrong-split")
    if any(finding.kind in kinds and finding.file not in listed for finding in findings):
        yield "# bring back the files that were split: the same camvid-split again, from its source"
    if any(finding.kind == "shifted-ids" and finding.file == classes.FILE_NAME for finding in findings):
        yield "# put the class_dict.csv there that belongs to the labels"


def _unread(findings: Sequence[Finding]) -> List[str]:
    return [finding.file for finding in findings if finding.kind == "stray-file" and finding.file.endswith("/")]


def _share_lost(readings: Sequence[Reading], table: ClassTable, within: int) -> float:
    """Of all label pixels, the share that would become Void."""
    held = [reading.label for reading in readings if reading.label is not None]
    lost = sum(_lost(label, table, within) for label in held if label.unknown.number)
    return float(lost / max(1, sum(label.pixels.sum() for label in held)))


def _lost(label: LabelFacts, table: ClassTable, within: int) -> int:
    if label.form == labels.IDS:
        return label.unknown.by_distance.sum()
    recoded = label.form == labels.GREY_IDS or (not label.lossy and recoding(label.unknown.most, table) is not None)
    return 0 if recoded else label.unknown.by_distance[within + 1 :].sum()


def _files(findings: Sequence[Finding], kind: str) -> Set[str]:
    """The frames and labels with a problem of a kind; none for one that the set has as a whole."""
    here = {finding.file for finding in findings if finding.kind == kind and finding.severity != INFORMATION}
    return here - {classes.FILE_NAME, "."}


def _none_left(found: layout.Scan, findings: Sequence[Finding], dropped: Sequence[str]) -> bool:
    files = {file for kind in dropped for file in _files(findings, kind)}
    return all(pair.image in files or pair.label in files for pair in found.pairs)


def _split_by_drive(found: layout.Scan, root: str) -> str:
    names = [pair.name for pair in found.pairs]
    flags = splits.flags_for(names)
    if len(set(names)) < len(names):
        return "# split by whole drives, once no two frames have one name"
    if "--shares" in flags:
        given = set(splits.by_shares(names, (60, 20, 20)).values())
    else:
        given = {splits.preset("by-drive")[name] for name in names}
    if "train" not in given or len(given) == 1:
        drives = counted(len({place(name).drive for name in names}), "drive")
        return (
            "# hold frames of other drives out: those of the %s here are too few for a split by whole drives" % drives
        )
    words = ["camvid-split", "--src", root, "--out", layout.beside(root, "_by_drive")] + flags
    return typed(words if "--shares" in flags else words + ["--preset", "by-drive"])


def missing_rows(strange: Sequence[Total]) -> List[str]:
    """Rows that class_dict.csv seems to lack: `NAME,r,g,b`."""
    return ["%s,%d,%d,%d" % ((total.missing or "NAME",) + total.colour) for total in strange if total.fills]


def _others(strange: Sequence[Total]) -> bool:
    return any(not total.fills for total in strange)


def distance(strange: Sequence[Total], table: ClassTable) -> int:
    """The `--within` that undoes compression: less than half of what parts any two classes; else 0, all to Void.

    A blended edge is no reason: half way between two classes often lies a third.
    """
    near = [total.distance for total in strange if total.cause.endswith(COMPRESSED) or total.cause == LOSSY]
    colours = table.colour_array().astype(np.float64)
    gaps = np.linalg.norm(colours[:, np.newaxis] - colours[np.newaxis], axis=2)
    half = np.min(gaps[gaps > 0], initial=2 * NEAR) / 2
    near = [gap for gap in near if gap < half]
    return min(int(max(near)) + 1, int(half)) if near else 0
