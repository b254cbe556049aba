"""Leakage to look at: each drive as a strip of its frames in the order of the video, coloured by split."""

from typing import Dict, List, Optional, Sequence, Tuple

from ..checks import leakage
from ..checks.leakage import CLOSE, Nearest
from ..checks.reading import Reading
from ..checks.survey import Survey
from ..drives import place
from ..words import counted
from . import markup

ROW = 100  # frames a line of a strip: ticks keep their width, on a phone too
LINES = 12  # at most, so that a long drive stays one glance: then a line holds more
DRIVES = 24
TICK, LINE, GAP = 8, 38, 6
TALL = {"train": 12, "val": 18, "test": 24, None: 6}  # told apart by height as well as by colour
CAP = 4

LEGEND = (
    "One tick a frame, in the order of the video, %d a line; point at one for its name. "
    "A red cap marks a held-out frame %s a training frame of its drive: nearly the same picture, "
    "so a score on it says how well a model remembers, not how it does on a new street."
)


def section(done: Survey) -> str:
    """Sentences on each held-out split, and a strip a drive."""
    drives = _drives(done.readings)
    if not any(one.pair.split for one in done.readings):
        names = ["%s (%s)" % (name or "without a name", counted(len(d), "frame")) for name, d in drives.items()]
        body = "<p>Not split yet, so nothing can leak. Drives, which a split should keep whole: %s.</p>"
        return markup.section("leakage", "Leakage", body % markup.and_so_on(names, DRIVES) if names else "")
    said = [markup.text(leakage.sentence(split, held)) for split, held in done.leakage.items()]
    body = markup.bullets(said, "sentences") if said else "<p>No frame is held out for val or test.</p>"
    nearest = {(one.name, one.split): one for one in done.nearest}
    long_ones = [(name, frames) for name, frames in drives.items() if len(frames) > 1]
    shown = sorted(sorted(long_ones, key=lambda item: (-len(item[1]), item[0]))[:DRIVES])
    row = _row_of([len(frames) for _, frames in shown])
    strips = [_strip(name, frames, nearest, row) for name, frames in shown]
    strips += _not_drawn(len(drives) - len(long_ones), len(long_ones) - len(shown))
    key = markup.key([_style_and_words(split) for split in _counts(done.readings)] + [("close", "close to training")])
    words = LEGEND % (row, leakage.closeness(one.pair.name for one in done.readings))
    legend = '%s<p class="lead">%s</p>' % (key, markup.text(words)) if shown else ""
    return markup.section("leakage", "Leakage", body + legend + "\n".join(strips))


def _drives(readings: Sequence[Reading]) -> Dict[str, List[Reading]]:
    """Drive -> its frames, which are in the order of the video already."""
    found: Dict[str, List[Reading]] = {}
    for one in readings:
        found.setdefault(place(one.pair.name).drive, []).append(one)
    return found


def _not_drawn(single: int, surplus: int) -> List[str]:
    left = ((single, "drive", " of one frame"), (surplus, "drive", " with fewer frames than these"))
    told = [counted(number, noun) + which for number, noun, which in left if number]
    return ["<p>Not drawn: %s.</p>" % " and ".join(told)] if told else []


def _row_of(lengths: Sequence[int]) -> int:
    """Frames a line of the strips."""
    longest = max(lengths or [0])
    return max(ROW, -(-longest // LINES // 50) * 50)


def _strip(name: str, frames: Sequence[Reading], nearest: Dict[Tuple[str, str], Nearest], row: int) -> str:
    """A drive as an SVG of `row` ticks a line."""
    ticks = [
        _tick(i % row, i // row, one, nearest.get((one.pair.name, one.pair.split))) for i, one in enumerate(frames)
    ]
    lines = -(-len(frames) // row)
    counts = ", ".join("%d %s" % (n, _style_and_words(split)[1]) for split, n in _counts(frames).items())
    head = "<h3>%s <small>%s: %s</small></h3>" % (
        markup.text(name or "drive without a name"),
        counted(len(frames), "frame"),
        markup.text(counts),
    )
    start = '<svg class="strip" style="--lines:%d" viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" '
    start += 'aria-label="frames of %s by split: %s">'
    start %= (lines, row * TICK, lines * LINE, markup.text(name), markup.text(counts))
    return '<div class="drive">%s\n%s\n%s\n</svg></div>' % (head, start, "\n".join(ticks))


def _counts(frames: Sequence[Reading]) -> Dict[Optional[str], int]:
    splits = [one.pair.split for one in frames]
    return {split: splits.count(split) for split in TALL if split in splits}


def _style_and_words(split: Optional[str]) -> Tuple[str, str]:
    return (split, split) if split else ("all", "in no list")


def _tick(column: int, line: int, one: Reading, near: Optional[Nearest]) -> str:
    split = one.pair.split
    tall, bottom = TALL[split], (line + 1) * LINE - GAP
    x, close = column * TICK + 1, near is not None and near.distance is not None and near.distance <= CLOSE
    style, words = _style_and_words(split)
    words = "%s, %s" % (one.pair.name, words)
    if near is not None and near.distance is not None:
        words += ", %s of video from %s" % (counted(near.distance, "frame"), near.train)
    shape = '<rect x="%d" y="%d" width="%d" height="%d" class="%s"/>'
    bars = shape % (x, bottom - tall, TICK - 2, tall, style)
    bars += shape % (x, bottom - tall - CAP - 1, TICK - 2, CAP, "close") if close else ""
    return "<g><title>%s</title>%s</g>" % (markup.text(words), bars)
