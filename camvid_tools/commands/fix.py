"""camvid-fix: a mended copy of a data set, with every change counted. The source is never touched."""

import argparse
import sys
from typing import List, Optional, Sequence

from .. import console
from ..words import counted, typed

SHOWN = 12


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-fix",
        "Write a mended copy of a data set: colours of no class to Void or the nearest class, ids to colours, EXIF "
        "applied, alpha dropped, 16 bits to 8. Every change is counted; the source is never touched.",
        "camvid-fix --src CamVid_split --out CamVid_fixed --within 40 --drop duplicate-frame",
    )
    parser.add_argument("--src", required=True, metavar="DIR", help="the data set to mend")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--within",
        type=_distance,
        default=0.0,
        metavar="N",
        help="largest distance in RGB at which a colour goes to the nearest class (default: 0, all to Void)",
    )
    parser.add_argument(
        "--drop",
        default="",
        metavar="KIND,...",
        help="leave frames with these problems out, by the kinds that camvid-check names",
    )
    return parser


def _distance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("%r is no distance: a number from 0 to 442" % text)
    return value


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Check, plan, write, say what was changed and what stays."""
    from .. import fixing, mending
    from ..checks import survey
    from ..errors import ToolkitError

    drop = fixing.known_kinds(options.drop)
    found = survey.scan(options.src)
    fixing.refuse_foreign(found.root, options.out)
    done = survey.survey(found, out.progress)
    faulty = [finding for finding in done.findings if finding.kind == "class-dict"]
    if faulty:
        raise ToolkitError(faulty[0].detail, where="%s/%s" % (found.root, faulty[0].file), remedy=faulty[0].remedy)
    planned = fixing.plan(done, drop, options.within)
    fixed = fixing.write(done, planned, options.out, options.within, out.progress)
    changes = mending.merged([change for one in fixed for _, change in one.changes])
    for line in _text(planned, changes):
        out.say(line)
    _warn_of_void(done, changes, out)
    gone = sorted({pair.split for pair in found.pairs if pair.split} - {pair.split for pair in planned.keep})
    if gone:
        out.warn("no frame is left in %s" % ", ".join(gone))
    changed = sum(1 for one in fixed if one.changes)
    said = "made %s: %s, %d of them changed, %d left out; every change is in %s"
    out.say(said % (options.out, counted(len(fixed), "frame"), changed, len(planned.dropped), fixing.RECORD))
    out.say("next: " + typed(["camvid-check", options.out]))
    out.result(dict(fixing.record(planned, fixed), out=options.out))
    return 0


def _warn_of_void(done, changes, out: console.Console) -> None:
    """A copy can be clean and yet worth nothing."""
    from ..checks import remedies

    names = [done.table.names[i] for i in done.table.void_ids()]
    lost = sum(change.pixels for change in changes if change.what.endswith(tuple(" became " + name for name in names)))
    whole = sum(int(one.label.pixels.sum()) for one in done.readings if one.label is not None)
    if lost > remedies.MOST_LOST * whole:
        text = "%.0f %% of all label pixels became %s: the class table hardly belongs to these labels"
        out.warn(text % (100 * lost / whole, names[0]))


def _text(planned, changes) -> List[str]:
    lines = ["%10d pixels: %s" % (change.pixels, change.what) for change in changes[:SHOWN]]
    if len(changes) > SHOWN:
        lines.append("%10d more kinds of change" % (len(changes) - SHOWN))
    lines += ["  left out: %s (%s)" % item for item in planned.dropped[:SHOWN]]
    if len(planned.dropped) > SHOWN:
        lines.append("  and %d more" % (len(planned.dropped) - SHOWN))
    lines += ["  stays as it is: %d of %s" % (number, kind) for kind, number in planned.stays.items()]
    return lines


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-fix."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
