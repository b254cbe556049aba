"""camvid-split: sort CamVid's frames into train, val and test."""

import argparse
import os
import sys
from typing import List, Optional, Sequence, Tuple

from .. import classes, console, layout, placing, resplit, splitfolder, splits
from ..drives import place
from ..errors import ToolkitError
from ..words import counted, typed

SCHEMA = "camvid-split/1"
NAMED_AT_MOST = 10


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-split",
        "Sort CamVid's frames into train, val and test (421/112/168 by default), with class table and manifest.",
        "camvid-split --src CamVid",
    )
    parser.add_argument("--src", required=True, metavar="DIR", help="the folder that holds CamVid; never changed")
    parser.add_argument("--out", metavar="DIR", help="the folder to make (default: SRC_split beside it)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--preset", choices=splits.PRESETS, default="default", help="the published split to follow")
    which.add_argument(
        "--shares",
        metavar="TRAIN/VAL/TEST",
        type=_shares,
        help="split data of your own by whole drives, e.g. 60/16/24",
    )
    parser.add_argument("--seed", type=int, default=0, help="order of drives of equal length under --shares")
    parser.add_argument("--mode", choices=sorted(placing.MODES), default="copy", help="how files get there")
    parser.add_argument("--class_dict", metavar="CSV", help="the class table (default: the source's own)")
    parser.add_argument(
        "--allow_partial",
        action="store_true",
        help="go on with what is there, each frame in its published split",
    )
    parser.add_argument("--dry_run", action="store_true", help="say what would be done and write nothing")
    return parser


def _shares(text: str) -> Tuple[float, float, float]:
    try:
        parts = tuple(float(part) for part in text.split("/"))
    except ValueError:
        parts = ()
    if len(parts) != 3 or not all(0 <= part < float("inf") for part in parts) or not sum(parts):
        raise argparse.ArgumentTypeError("%r is not of the form 60/16/24" % text)
    return parts[0], parts[1], parts[2]


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Scan, assign, complain or write."""
    found = layout.scan(options.src)
    splitfolder.refuse_unfinished(found.root)
    table = classes.read(options.class_dict) if options.class_dict else splitfolder.class_table(found)
    assignment = resplit.assign(found, options.preset, options.shares, options.seed)
    target = options.out or layout.beside(options.src, "_split")
    if os.path.realpath(target) == os.path.realpath(options.src) or layout.is_inside(target, found.root):
        raise ToolkitError("lies in the source, which is never changed", where=target, remedy="choose another --out")
    out.say("%s: layout '%s', %s with labels" % (found.root, found.layout, counted(len(found.pairs), "frame")))
    wrong = resplit.complaints(found, assignment)
    if wrong and not options.allow_partial:
        raise ToolkitError(_listing(wrong, assignment), where=found.root, remedy=_partial_remedy(assignment))
    if not assignment.chosen:
        raise ToolkitError("none of its frames is in this split", where=found.root, remedy="see --shares")
    for sentence in wrong[:NAMED_AT_MOST]:
        out.say("  left out: " + sentence)
    if len(wrong) > NAMED_AT_MOST:
        out.say("  and %d more" % (len(wrong) - NAMED_AT_MOST))
    counts = {split: sum(1 for s, _ in assignment.chosen if s == split) for split in splits.SPLITS}
    digests = {
        split: splits.list_digest(pair.name for s, pair in assignment.chosen if s == split) for split in splits.SPLITS
    }
    for split in splits.SPLITS if options.shares else ():
        if not counts[split] and options.shares[splits.SPLITS.index(split)]:
            out.warn("%s stays empty: the frames are of %s, and none is torn apart" % (split, _drives(assignment)))
    resplit.refuse_foreign(target, assignment.preset)
    if not options.dry_run:
        resplit.write(found, table, assignment, target, options.mode, out)
    out.say(_closing(assignment, counts, digests, target, options.dry_run))
    out.result(
        {
            "schema": SCHEMA,
            "preset": assignment.preset,
            "counts": counts,
            "digests": digests,
            "out": target,
            "missing": assignment.missing,
        }
    )
    return 0


def _drives(assignment: resplit.Assignment) -> str:
    return counted(len({place(pair.name).drive for _, pair in assignment.chosen}), "drive")


def _listing(wrong: List[str], assignment: resplit.Assignment) -> str:
    more = "" if len(wrong) <= NAMED_AT_MOST else ", and %d more" % (len(wrong) - NAMED_AT_MOST)
    return "not all of the split '%s' is there: %s%s" % (
        assignment.preset,
        ", ".join(wrong[:NAMED_AT_MOST]),
        more,
    )


def _partial_remedy(assignment: resplit.Assignment) -> str:
    if not assignment.chosen:
        return "for data of your own, split by whole drives: --shares 60/20/20"
    return "--allow_partial goes on with what is there"


def _closing(assignment: resplit.Assignment, counts: dict, digests: dict, target: str, dry: bool) -> str:
    published = splits.DIGESTS.get(assignment.preset)
    whole = published is not None and tuple(digests[s] for s in splits.SPLITS) == published
    kind = "the published lists, digests agree" if whole else "a part of the published lists"
    sizes = "/".join(str(counts[split]) for split in splits.SPLITS)
    lines = ["%s %s: %s train/val/test frames" % ("would make" if dry else "made", target, sizes)]
    if published is not None:
        lines[0] += " (%s)" % kind
    elif assignment.chosen:
        lines[0] += ", %s in all" % _drives(assignment)
    lines.append("next: " + typed(["camvid-check", target]))
    return "\n".join(lines)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-split."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
