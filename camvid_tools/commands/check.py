"""camvid-check: is this data set fit to train on? Ends in a verdict."""

import argparse
import os
import sys
from collections import Counter
from typing import List, Optional, Sequence, Tuple

from .. import checks, classes, codec, console, layout, manifest, splitfolder
from ..errors import ToolkitError
from ..findings import ERROR, WARNING, Finding, verdict

SCHEMA = "camvid-check/1"
SHOWN_A_KIND = 5


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-check",
        "Check a data set: counts, pairing, decodability, sizes, colours. Exit code 0 clean, 1 problems, 2 no data.",
        "camvid-check CamVid_split",
    )
    parser.add_argument("dir", nargs="?", default=".", metavar="DIR", help="the data set (default: found from here)")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Read everything once, print the findings by kind and the verdict."""
    folder = splitfolder.locate(options.dir)
    found = layout.scan(folder)
    splitfolder.refuse_unfinished(found.root)
    if not (found.pairs or found.unlabelled or found.frameless):
        raise ToolkitError(
            "its folders hold no picture", where=folder, remedy="camvid-split or camvid-synth fills them"
        )
    if folder != options.dir:
        out.say("checking %s" % folder)
    table, findings = _class_table(found)
    inspected = _inspect(found, table, out)
    findings += [finding for item in inspected for finding in item.findings]
    findings += list(checks.check_pairs(found)) + list(checks.check_alike(inspected))
    findings += _manifest(found, table)
    ending = verdict(findings)
    counts, preset = checks.counts(found), checks.preset_of(found)
    palette = classes.palette_name(table)
    sizes = Counter(item.size for item in inspected if item.size)
    out.say(_about(found, counts, preset, palette, len(table), sizes))
    _print_findings(findings, out)
    out.say(_closing(ending, findings, folder, found.layout))
    out.result(
        {
            "schema": SCHEMA,
            "verdict": ending,
            "problems": [finding.document() for finding in findings],
            "counts": counts,
            "preset": preset,
            "palette": palette,
        }
    )
    return 1 if ending == "errors" or (options.strict and ending == "warnings") else 0


def _class_table(found: layout.Scan) -> Tuple[classes.ClassTable, List[Finding]]:
    """The class table as far as it can be read: a faulty one is a finding, not the end."""
    path = os.path.join(found.root, classes.FILE_NAME)
    if not os.path.exists(path):
        try:
            return splitfolder.class_table(found), []
        except ToolkitError as error:
            return classes.camvid32(), [Finding("class-dict", ".", None, str(error), error.remedy or "")]
    try:
        table, problems = classes.parse(classes.read_text(path))
    except ToolkitError as error:
        table, problems = classes.ClassTable((), ()), [error.what]
    remedy = "mend that line; ids are row numbers, so keep the order"
    findings = [Finding("class-dict", classes.FILE_NAME, None, problem, remedy) for problem in problems]
    usable = 0 < len(table) <= classes.MAX_CLASSES
    return (table if usable else classes.camvid32()), findings


def _inspect(found: layout.Scan, table: classes.ClassTable, out: console.Console) -> List[checks.Inspected]:
    reading = checks.inspect_all(found, codec.ColourCodec(table))
    return list(out.progress(reading, len(found.pairs), "checking"))


def _manifest(found: layout.Scan, table: classes.ClassTable) -> List[Finding]:
    if found.layout != "split":
        return []
    try:
        held = manifest.read(found.root)
    except ToolkitError as error:
        return [Finding("manifest-mismatch", manifest.FILE_NAME, None, error.what, error.remedy or "")]
    return list(checks.check_manifest(found, held, table.digest()))


def _about(found: layout.Scan, counts: dict, preset: str, palette: str, rows: int, sizes: Counter) -> str:
    numbers = ", ".join("%d %s" % (number, split) for split, number in counts.items()) or "none whole"
    size = "%d x %d" % sizes.most_common(1)[0][0] if sizes else "unknown size"
    text = "layout '%s'; frames: %s; height x width %s; %d classes (%s); split: %s"
    return text % (found.layout, numbers, size, rows, palette, preset)


def _print_findings(findings: List[Finding], out: console.Console) -> None:
    kinds: List[str] = []
    for finding in findings:
        if finding.kind not in kinds:
            kinds.append(finding.kind)
    for kind in sorted(kinds, key=lambda k: [f.severity for f in findings if f.kind == k][0]):
        same = [finding for finding in findings if finding.kind == kind]
        out.say("%s %s (%d)" % (same[0].severity, kind, len(same)))
        for finding in same[:SHOWN_A_KIND]:
            out.say("  %s: %s" % (finding.file, finding.detail))
        if len(same) > SHOWN_A_KIND:
            out.say("  and %d more; --json names them all" % (len(same) - SHOWN_A_KIND))
        out.say("  remedy: %s" % same[0].remedy)


def _closing(ending: str, findings: List[Finding], folder: str, kind: str) -> str:
    errors = sum(1 for finding in findings if finding.severity == ERROR)
    warnings = sum(1 for finding in findings if finding.severity == WARNING)
    if ending == "errors":
        return "verdict: not fit as it is, %d errors and %d warnings" % (errors, warnings)
    command = "camvid-encode" if kind in ("split", "segnet") else "camvid-split"
    said = "clean" if ending == "clean" else "usable, %d warnings" % warnings
    return "verdict: %s\nnext: %s --src %s" % (said, command, folder)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-check."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
