"""A mended copy of a data set: what goes into it, and writing it so that a cut-off copy never looks whole."""

import contextlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

import numpy as np

from . import atomic, classes, exif, imageio, layout, lists, manifest, mending, targets
from .checks.remedies import MENDED
from .checks.survey import Survey
from .codec import ColourCodec
from .errors import ToolkitError
from .findings import INFORMATION, OF_FRAMES, OF_LABELS, Finding

COMMAND = "camvid-fix"
RECORD = "fixes.json"
SCHEMA = "camvid-fix/1"
UNREADABLE = ("undecodable", "truncated", "empty-file")
Progress = Callable[[Iterable, int, str], Iterable]


class Plan(NamedTuple):
    """What goes into the copy, what is left out and why, and which problems stay."""

    keep: List[layout.Pair]
    dropped: List[Tuple[str, str]]
    stays: Dict[str, int]


class Fixed(NamedTuple):
    """One pair of the copy: where its files went and what was changed in them."""

    image: str
    label: str
    changes: List[Tuple[str, mending.Change]]


def plan(done: Survey, drop: Sequence[str], within: float) -> Plan:
    """Which pairs go into the copy; ToolkitError names files that can be neither read nor kept."""
    named = {name: kind for kind in drop for name in _names_with(done, kind)}
    unreadable = [f for f in done.findings if f.kind in UNREADABLE and f.kind not in drop]
    lone = {orphan.path for orphan in done.found.unlabelled + done.found.frameless}
    unreadable = [f for f in unreadable if f.file not in lone]
    if unreadable:
        kinds = sorted({f.kind for f in unreadable})
        raise ToolkitError(
            "cannot be read" + (", one of %d" % len(unreadable) if len(unreadable) > 1 else ""),
            where=unreadable[0].file,
            remedy="restore it, or leave such frames out: --drop %s" % ",".join(sorted(set(drop) | set(kinds))),
        )
    unlisted = set(lists.unlisted(done.found))
    keep = [p for p in done.found.pairs if (p.split, p.name) not in named and p not in unlisted]
    if not keep:
        raise ToolkitError("no frame would be left", where=done.found.root)
    _refuse_without_void(done, keep, within)
    dropped = [(name, kind) for (_, name), kind in sorted(named.items(), key=lambda item: item[0][1])]
    dropped += [(pair.image, "stray-file") for pair in sorted(unlisted) if (pair.split, pair.name) not in named]
    dropped += [(o.path, "missing-label") for o in done.found.unlabelled]
    dropped += [(o.path, "missing-frame") for o in done.found.frameless]
    stays: Dict[str, int] = {}
    for finding in done.findings:
        gone = finding.kind in drop or finding.kind in MENDED or _against_manifest(finding)
        if not gone and finding.severity != INFORMATION:
            stays[finding.kind] = stays.get(finding.kind, 0) + 1
    return Plan(keep, dropped, stays)


def _against_manifest(finding: Finding) -> bool:
    """Whether a problem is one with the manifest, which no copy has."""
    return finding.kind in ("manifest-mismatch", "wrong-split") and finding.file not in dict(lists.FILES)


def _refuse_without_void(done: Survey, keep: Sequence[layout.Pair], within: float) -> None:
    """ToolkitError, before anything is written, where pixels would become Void and there is none."""
    if done.table.void_ids():
        return
    codec, wanted = ColourCodec(done.table), set(keep)
    for reading in done.readings:
        if reading.pair in wanted and reading.label is not None and reading.label.unknown.number:
            _mended_label(done.found.root, reading.pair, codec, within)


class MendedLabel(NamedTuple):
    """A label file: its bytes, its size as viewers show it, its pixels mended, and what was changed."""

    data: bytes
    size: Tuple[int, int]
    picture: np.ndarray
    changes: List[mending.Change]


def _mended_label(root: str, pair: layout.Pair, codec: ColourCodec, within: float) -> MendedLabel:
    path = os.path.join(root, pair.label)
    data = imageio.read_bytes(path)
    painted, turned = imageio.decode(data, path), exif.orientation(data)
    try:
        mended, changes = mending.mend_label(painted, turned, codec, within)
    except ToolkitError as error:
        raise ToolkitError(error.what, where=path, remedy=error.remedy) from None
    return MendedLabel(data, exif.upright_size(painted.shape[:2], turned), mended, changes)


def _names_with(done: Survey, kind: str) -> List[Tuple[str, str]]:
    files = {finding.file for finding in done.findings if finding.kind == kind}
    return [(pair.split, pair.name) for pair in done.found.pairs if pair.image in files or pair.label in files]


def known_kinds(text: str) -> List[str]:
    """`KIND,...` as a list; ToolkitError names the kinds of problem that a frame or label can have."""
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    known = dict(OF_FRAMES, **OF_LABELS)
    wrong = [kind for kind in wanted if kind not in known]
    if wrong:
        what = "no kind of problem of a frame '%s'" % wrong[0]
        raise ToolkitError(what, remedy="there are: %s" % ", ".join(known))
    return wanted


def refuse_foreign(source: str, out: str) -> None:
    """ToolkitError unless `out` is new, empty or an earlier copy of this command, and lies outside the source."""
    marker = os.path.join(out, manifest.UNFINISHED)
    ours = os.path.exists(os.path.join(out, RECORD)) or manifest.cut_off_command(out) == COMMAND
    targets.refuse_foreign(out, ours, marker, COMMAND, source)


def write(done: Survey, planned: Plan, out: str, within: float, progress: Progress) -> List[Fixed]:
    """Write the copy; cut off and repeated, it ends in the same state."""
    os.makedirs(out, exist_ok=True)
    marker = os.path.join(out, manifest.UNFINISHED)
    atomic.write_text(marker, "camvid-fix is at work here, or was cut off: run the same command again\n")
    codec, suffix = ColourCodec(done.table), _suffix(done.found)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = pool.map(lambda pair: _fix(done.found.root, pair, out, suffix, codec, within), planned.keep)
        fixed = list(progress(jobs, len(planned.keep), "mending"))
    _remove_left_over(out, done.found.pairs, fixed)
    atomic.write_text(os.path.join(out, classes.FILE_NAME), done.table.to_csv())
    _write_lists(done.found.root, out, {pair.name for pair in planned.keep})
    atomic.write_json(os.path.join(out, RECORD), record(planned, fixed))
    os.remove(marker)
    return fixed


def record(planned: Plan, fixed: Sequence[Fixed]) -> Dict:
    """What was changed, file by file, as JSON."""
    changes = [{"file": file, "what": c.what, "pixels": c.pixels} for one in fixed for file, c in one.changes]
    dropped = [{"name": name, "kind": kind} for name, kind in planned.dropped]
    files = sorted(file for one in fixed for file in (one.image, one.label))
    told = {"dropped": dropped, "changes": changes, "stays": planned.stays}
    return dict(told, schema=SCHEMA, frames=len(fixed), files=files)


def _suffix(found: layout.Scan) -> str:
    """The ending that most labels have."""
    summed: Dict[str, int] = {}
    for counts in found.suffixes.values():
        for suffix, number in counts.items():
            summed[suffix] = summed.get(suffix, 0) + number
    return max(sorted(summed), key=lambda suffix: summed[suffix])


def _fix(root: str, pair: layout.Pair, out: str, suffix: str, codec: ColourCodec, within: float) -> Fixed:
    changes = []
    label = _mended_label(root, pair, codec, within)
    image = imageio.read_bytes(os.path.join(root, pair.image))
    picture = imageio.decode(image, pair.image)
    mended, done = mending.mend_frame(picture, exif.orientation(image), label.size)
    image_to = os.path.splitext(pair.image)[0] + ".png" if done else pair.image
    atomic.write_bytes(os.path.join(out, image_to), imageio.png_bytes(mended) if done else image)
    changes += [(pair.image, change) for change in done]
    anew = bool(label.changes) or imageio.is_lossy(label.data)
    folder, stem = os.path.dirname(pair.label), pair.name + suffix
    label_to = (folder + "/" if folder else "") + stem + (".png" if anew else os.path.splitext(pair.label)[1])
    atomic.write_bytes(os.path.join(out, label_to), imageio.png_bytes(label.picture) if anew else label.data)
    changes += [(pair.label, change) for change in label.changes]
    return Fixed(image_to, label_to, changes)


def _remove_left_over(out: str, pairs: Sequence[layout.Pair], fixed: Sequence[Fixed]) -> None:
    """Pictures of an earlier copy that this one does not have: its record names them, or they are of the source's
    `pairs`, where it was cut off before it had one."""
    planned = {file for one in fixed for file in (one.image, one.label)}
    names = {(os.path.dirname(file), pair.name) for pair in pairs for file in (pair.image, pair.label)}
    stems = {folder + "/" + name + suffix for folder, name in names for suffix in layout.LABEL_SUFFIXES}
    recorded = _recorded(out)
    for folder in sorted({os.path.dirname(file) for file in recorded} | {folder for folder, _ in names}):
        inside = os.path.join(out, folder)
        for name in sorted(os.listdir(inside)) if os.path.isdir(inside) else ():
            file = folder + "/" + name if folder else name
            ours = file in recorded or folder + "/" + os.path.splitext(name)[0] in stems
            if imageio.is_picture(name) and ours and file not in planned:
                os.remove(os.path.join(out, file))


def _recorded(out: str) -> Set[str]:
    """The files that the record of an earlier copy names."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        with open(os.path.join(out, RECORD), encoding="utf-8") as handle:
            files = json.load(handle)["files"]
        return {file for file in files if layout.is_inside(os.path.join(out, file), out)}
    return set()


def _write_lists(root: str, out: str, names) -> None:
    """The lists of the source, without the frames that were left out."""
    for file, _ in lists.FILES:
        path = os.path.join(root, file)
        lines = None
        if os.path.isfile(path):
            with contextlib.suppress(ToolkitError):  # one that is no text lists nothing
                lines = lists.lines(path)
        if lines is not None:
            known = {spelling for name in names for spelling in lists.spellings(name)}
            kept = [line for line in lines if line.split() and lists.name_in(line) in known]
            atomic.write_text(os.path.join(out, file), "".join(line + "\n" for line in kept))
