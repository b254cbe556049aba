"""camvid-check: is this data set fit to train on? Ends in a verdict and in what would make it clean."""

import argparse
import sys
from typing import List, Optional, Sequence

from .. import console
from ..findings import ERROR, WARNING, Finding, count
from ..words import counted

SHOWN_A_KIND = 5
SHOWN_COLOURS = 12


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-check",
        "Check a data set: what it is, pairing, files, sizes, colours, leakage, statistics. "
        "Exit code 0 clean or warnings, 1 errors, 2 no data.",
        "camvid-check CamVid_split --html report.html --statistics statistics.json",
    )
    parser.add_argument("dir", nargs="?", default=".", metavar="DIR", help="the data set (default: found from here)")
    parser.add_argument(
        "--html", type=console.file_name, metavar="FILE", help="write a report to look at: one file, opens from disk"
    )
    parser.add_argument(
        "--statistics",
        type=console.file_name,
        metavar="FILE",
        help="write counts and class weights as JSON; train --class_weights reads it",
    )
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Read everything once; say what it is, what is wrong, what leaks, the verdict and the remedy."""
    from .. import atomic, splitfolder
    from ..checks import statistics, survey

    atomic.refuse_other(options.statistics, atomic.JSON_STARTS)
    atomic.refuse_other(options.html, atomic.HTML_STARTS)
    folder = splitfolder.locate(options.dir)
    found = survey.scan(folder)
    out.say("checking %s" % found.root)
    done = survey.survey(found, out.progress)
    for line in _text(done):
        out.say(line)
    if options.statistics:
        atomic.write_json(options.statistics, statistics.document(done.tallies, done.table))
        out.say("made %s: counts, image statistics, class weights" % options.statistics)
    if options.html:
        from .. import report

        atomic.write_text(options.html, report.page(done, out.progress))
        out.say("made %s: open it in a browser" % options.html)
    out.say(_closing(done, options.strict and done.verdict == "warnings"))
    out.result(survey.document(done))
    return 1 if done.verdict == "errors" or (options.strict and done.verdict == "warnings") else 0


def _text(done) -> List[str]:
    from ..checks import leakage

    lines = ["  " + sentence for sentence in done.identity.sentences]
    lines += ["  leakage, " + leakage.sentence(split, held) for split, held in done.leakage.items()]
    lines += _findings(done.findings) + _colours(done)
    return lines


def _findings(findings: List[Finding]) -> List[str]:
    lines: List[str] = []
    for kind in dict.fromkeys((finding.severity, finding.kind) for finding in findings):
        same = [finding for finding in findings if (finding.severity, finding.kind) == kind]
        lines.append("%s %s (%d)" % (kind + (len(same),)))
        lines += ["  " + finding.placed() for finding in same[:SHOWN_A_KIND]]
        if len(same) > SHOWN_A_KIND:
            lines.append("  and %d more; --json or --html names them all" % (len(same) - SHOWN_A_KIND))
        lines.append("  remedy: %s" % same[0].remedy)
    return lines


def _colours(done) -> List[str]:
    from ..checks.colours import hex_of

    if not done.strange.listed:
        return []
    lines = ["colours of no class (%s)" % done.strange.counted()]
    for one in done.strange.listed[:SHOWN_COLOURS]:
        text = "  %s %16s in %s, first %s x=%d y=%d; nearest %s (distance %.0f); %s"
        much = (hex_of(one.colour), counted(one.pixels, "pixel"), counted(one.files, "file"))
        lines.append(text % (much + (one.first, one.x, one.y, one.nearest, one.distance, one.cause)))
    if len(done.strange.listed) > SHOWN_COLOURS:
        lines.append("  --json has %d of them" % len(done.strange.listed))
    return lines


def _closing(done, strict: bool) -> str:
    errors, warnings = count(done.findings, ERROR), count(done.findings, WARNING)
    said = {"errors": "not fit as it is", "warnings": "usable", "clean": "clean"}[done.verdict]
    parts = [counted(n, noun) for n, noun in ((errors, "error"), (warnings, "warning")) if n]
    lines = ["verdict: " + ", ".join([said] + parts) + ("; --strict refuses that" if strict else "")]
    commands = done.commands()
    if commands:
        lines += ["what would make it clean:"] + ["  " + command for command in commands]
    lines += ["next: " + command for command in done.next()]
    return "\n".join(lines)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-check."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
