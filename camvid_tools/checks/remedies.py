"""The commands that would make a set clean."""

from typing import List, Sequence, Tuple

import numpy as np

from .. import layout, splits
from ..classes import ClassTable
from ..findings import INFORMATION, Finding
from ..words import typed
from .colours import COMPRESSED, LOSSY, NEAR, Total

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
    found: layout.Scan, table: ClassTable, findings: Sequence[Finding], strange: Sequence[Total], size: Tuple[int, int]
) -> List[str]:
    """Shell commands, in order, with a comment where a person has to decide; empty where there is nothing to do.

    `size`: (height, width) of most frames.
    """
    kinds = {finding.kind for finding in findings if finding.severity != INFORMATION}
    told: List[str] = []
    root = found.root
    if "class-dict" in kinds:
        told.append("# mend class_dict.csv by hand: ids are row numbers, so keep the order")
    rows = missing_rows(strange)
    if rows:
        told.append("# add to class_dict.csv, each in its place: " + "  ".join(rows))
    if kinds & {"manifest-mismatch", "wrong-split"}:
        told.append("# bring back the files that were split: the same camvid-split again, from its source")
    mended = kinds & set(MENDED) - (set() if not rows or _others(strange) else {"unknown-colour"})
    dropped = [kind for kind in DROPPED if kind in kinds]
    if mended or dropped:
        target = layout.beside(root, "_fixed")
        words = ["camvid-fix", "--src", root, "--out", target]
        within = distance(strange, table) if "unknown-colour" in mended else 0
        words += ["--within", str(within)] if within else []
        words += ["--drop", ",".join(dropped)] if dropped else []
        told += [typed(words), typed(["camvid-check", target])]
        root = target
    if "size-differs" in kinds and found.layout in ("split", "segnet"):
        told.append(typed(["camvid-encode", "--src", root, "--resize", "%dx%d" % size]))
    if "split-leak" in kinds:
        told.append(_split_by_drive(found, root))
    return told


def _split_by_drive(found: layout.Scan, root: str) -> str:
    names = {pair.name for pair in found.pairs}
    known = set(splits.camvid_names())
    words = ["camvid-split", "--src", root, "--out", layout.beside(root, "_by_drive")]
    words += ["--preset", "by-drive"] if names <= known else ["--shares", "60/20/20"]
    words += ["--allow_partial"] if names < known else []
    return typed(words)


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
