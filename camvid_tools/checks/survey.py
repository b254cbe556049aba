"""The whole check of one data set: every frame read once, every check run, one record of all that was found."""

import os
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Tuple

from .. import classes, layout, lists, manifest, splitfolder, splits
from ..classes import ClassTable
from ..codec import ColourCodec
from ..drives import names_tell
from ..errors import ToolkitError
from ..findings import INFORMATION, Finding, ordered, verdict
from ..words import counted, typed
from . import colours, content, identity, leakage, pairs, reading, remedies, shifts, statistics
from .reading import Reading

Progress = Callable[[Iterable, int, str], Iterable]
MEND_TABLE = "mend that line; ids are row numbers, so keep the order"


class Survey(NamedTuple):
    """All that a check has found out. `readings` in the order of the video, without whole labels."""

    found: layout.Scan
    table: ClassTable
    readings: List[Reading]
    findings: List[Finding]
    identity: identity.Identity
    strange: colours.Totals
    nearest: List[leakage.Nearest]
    leakage: Dict[str, Any]
    tallies: Dict[str, statistics.Tally]

    @property
    def verdict(self) -> str:
        """`errors`, `warnings` or `clean`."""
        return verdict(self.findings)

    def commands(self) -> List[str]:
        """What would make the set clean."""
        return remedies.commands(self.found, self.table, self.findings, self.strange.listed, self.readings)

    def next(self) -> List[str]:
        """The command that goes on with the set as it is; none where it is not fit."""
        if self.verdict == "errors":
            return []
        if any(pair.split for pair in self.found.pairs):
            if any(finding.kind == "size-differs" for finding in self.findings):  # `commands` encodes, with a size
                return []
            return [typed(["camvid-encode", "--src", self.found.root])]
        flags = splits.flags_for(pair.name for pair in self.found.pairs)
        return [typed(["camvid-split", "--src", self.found.root] + flags)]


def scan(folder: str) -> layout.Scan:
    """The frames and labels of a folder, split as its lists say; ToolkitError where there is no data set to check."""
    found = lists.split_by_lists(layout.scan(folder))
    splitfolder.refuse_unfinished(found.root)
    if not (found.pairs or found.unlabelled or found.frameless):
        raise ToolkitError(
            "its folders hold no picture", where=folder, remedy="camvid-split or camvid-synth fills them"
        )
    return found


def survey(found: layout.Scan, progress: Progress = lambda items, total, doing: items) -> Survey:
    """Check a scanned folder."""
    table, judged, findings = class_table(found)
    nearest = leakage.nearest(found.pairs)
    copied = leakage.CopyScore(nearest, table)
    readings = []
    in_order = leakage.reading_order(found.pairs, nearest)
    for one in progress(reading.read_all(found, in_order, ColourCodec(table)), len(in_order), "checking"):
        if one.label is not None:
            copied.feed(one.pair.name, one.pair.split, one.label.ids)
            one = one._replace(label=one.label._replace(ids=None))
        readings.append(one)
    readings.sort(key=lambda one: reading.video_order(one.pair.name))
    leaks = leakage.summary(nearest, copied, names_tell(pair.name for pair in found.pairs))
    findings += [finding for one in readings for finding in one.findings]
    findings += _against_each_other(found, table, judged, readings)
    known = identity.of(found, table, judged, readings)
    findings += list(_leak_findings(leaks, known.preset, leakage.closeness(pair.name for pair in found.pairs)))
    labelled = [one for one in readings if one.label is not None]
    strange = colours.totals([(r.pair.label, r.label.form, r.label.lossy, r.label.unknown) for r in labelled], table)
    return Survey(
        found,
        table,
        readings,
        ordered(findings),
        known,
        strange,
        nearest,
        leaks,
        statistics.tally(readings, table),
    )


def class_table(found: layout.Scan) -> Tuple[ClassTable, bool, List[Finding]]:
    """The class table as far as it can be read, and whether labels can be judged by it; a fault is not the end."""
    path = os.path.join(found.root, classes.FILE_NAME)
    if not os.path.exists(path):
        try:
            return splitfolder.class_table(found), True, []
        except ToolkitError as error:
            return classes.camvid32(), False, [Finding("class-dict", ".", None, error.what, error.remedy or "")]
    try:
        table, problems = classes.parse(classes.read_text(path))
    except ToolkitError as error:
        table, problems = ClassTable((), ()), [error.what]
    findings = [Finding("class-dict", classes.FILE_NAME, None, problem, MEND_TABLE) for problem in problems]
    usable = 0 < len(table) <= classes.MAX_CLASSES
    return (table if usable else classes.camvid32()), usable and not problems, findings


def _against_each_other(found: layout.Scan, table: ClassTable, judged: bool, readings: List[Reading]) -> List[Finding]:
    told = list(pairs.partners(found)) + list(pairs.unlike_the_rest(readings))
    if judged:
        told += list(_colour_findings(readings, table)) + list(_shift_findings(readings, table))
        told += list(pairs.mostly_void(readings, table.void_ids()))
    told += list(content.known_bad(readings, table.void_ids()))
    same = list(content.duplicates(found.root, readings))
    told += same + list(content.near_duplicates(readings, same))
    told += list(pairs.lists_hold(found)) + list(pairs.links_stay_inside(found))
    return told + _manifest(found, table, readings)


def _manifest(found: layout.Scan, table: ClassTable, readings: List[Reading]) -> List[Finding]:
    if found.layout != "split":
        return []
    try:
        held = manifest.read(found.root)
    except ToolkitError as error:
        return [Finding("manifest-mismatch", manifest.FILE_NAME, None, error.what, error.remedy or "")]
    return list(pairs.manifest_holds(found, held, table.digest(), readings))


def _colour_findings(readings: List[Reading], table: ClassTable) -> Iterable[Finding]:
    """Colours and ids of no class, label by label; an id just beyond the table is told as a shift."""
    for one in readings:
        if one.label is None or not one.label.unknown.number:
            continue
        first, pair = one.label.unknown.most[0], one.pair
        at = (first.x, first.y)
        if one.label.form == "ids":
            highest = max(item.colour[0] for item in one.label.unknown.most)
            detail = "ids up to %d, but there are %d classes" % (highest, len(table))
            just = highest == len(table)
            kind = "shifted-ids" if just else "unknown-colour"
            remedy = USE_RIGHT_TABLE if just else "use the class table that belongs to the labels"
            detail += ": they count from 1, or class_dict.csv lacks a row" if just else ""
            yield Finding(kind, pair.label, pair.split, detail, remedy, at)
        else:
            detail = colours.described(one.label.unknown, table)
            yield Finding("unknown-colour", pair.label, pair.split, detail, UNKNOWN_REMEDY, at)


USE_RIGHT_TABLE = "use the class table that belongs to the labels, or camvid-fix --drop shifted-ids"
UNKNOWN_REMEDY = "see the causes below; camvid-fix makes such pixels Void, or the nearest class within a distance"


def _shift_findings(readings: List[Reading], table: ClassTable) -> Iterable[Finding]:
    labelled = [one for one in readings if one.label is not None]
    counts = [one.label.cells for one in labelled]
    whole = shifts.shifted_set(counts, table)
    if whole is not None:
        detail = "taken together the labels are no street scenes, but are when %s" % whole.words()
        yield Finding("shifted-ids", classes.FILE_NAME, None, detail, USE_RIGHT_TABLE)
    told = {one.pair.label for one in labelled if one.label.form == "ids" and one.label.unknown.number}
    for one, shift in zip(labelled, shifts.shifted_labels(counts)):
        if shift is not None and one.pair.label not in told:
            detail = "fits the other labels far better if %s" % shift.words()
            yield Finding("shifted-ids", one.pair.label, one.pair.split, detail, USE_RIGHT_TABLE)


def _leak_findings(leaks: Dict[str, Any], preset: str, closeness: str) -> Iterable[Finding]:
    """A leak of a split of one's own is a warning; that of a published one is known, and told as information."""
    for split, held in leaks.items():
        if held["within_two_seconds"]:
            close = "%d of %s" % (held["within_two_seconds"], counted(held["frames"], "frame"))
            detail = "%s: %s a training frame of their drive" % (close, closeness)
            remedy = "compare such scores with scores on the same split only, or split by whole drives"
            published = None if preset == "unknown" else INFORMATION
            yield Finding("split-leak", split, split, detail, remedy, weighed=published)


def document(done: Survey) -> Dict[str, Any]:
    """The JSON of camvid-check."""
    leaks = dict(done.leakage)
    leaks["nearest"] = [one._asdict() for one in done.nearest]
    return {
        "schema": "camvid-check/1",
        "verdict": done.verdict,
        "problems": [finding.document() for finding in done.findings],
        "counts": done.identity.counts,
        "preset": done.identity.preset,
        "palette": done.identity.palette,
        "identity": done.identity.sentences,
        "colours": [total.document() for total in done.strange.listed],
        "colours_total": done.strange.number,
        "colours_total_is_exact": done.strange.whole,
        "leakage": leaks,
        "statistics": statistics.document(done.tallies, done.table),
        "commands": done.commands(),
    }
