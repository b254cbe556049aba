"""Several evaluations beside each other, and which of their differences are larger than the noise."""

from typing import Dict, List, Optional, Sequence, Tuple

from camvid_tools.report import markup

from ..bootstrap import Interval, differences
from .classes import share, spread
from .scored import Scored

STYLE = """
.more { color: var(--clean); font-weight: 600; } .less { color: var(--error); font-weight: 600; }
"""

LEAD = (
    "%s. Differences are from 1. A coloured one is larger than the noise: its 95 %% interval, by resampling frames, "
    "the same for both, is all on one side of 0; below %d frames none is given. That covers which frames were scored, "
    "not which seed was trained, and neighbouring frames of a drive are alike, so take a small one with care."
)
FEWEST = 20  # frames: with fewer the percentiles of resampling are too narrow


def section(runs: Sequence[Scored], colours: Dict[str, Sequence[int]]) -> str:
    """Mean IoU and classes of all runs; each but the first with its difference from that."""
    first = runs[0]
    compared = [_compared(first, other) for other in runs[1:]]
    heads = ["", "1"]  # names would push the differences off a phone
    for number in range(1, len(runs)):
        heads += ["%d" % (number + 1), "difference", "95 %"]
    rows = [_row("<b>mean IoU</b>", [one.block.scores.mean_iou for one in runs], [found[0] for found in compared])]
    for i, name in enumerate(first.block.scores.names):
        mark = markup.swatch(colours[name]) + " " if name in colours else ""
        shown = '<span class="nowrap">%s%s</span>' % (mark, markup.text(name))
        rows.append(_row(shown, [one.block.scores.iou[i] for one in runs], [found[1][i] for found in compared]))
    named = "; ".join("<b>%d</b>: %s" % (i + 1, markup.text(one.title)) for i, one in enumerate(runs))
    lead = LEAD % (named, FEWEST)
    return markup.section("versus", "Side by side", markup.table(heads, rows, range(1, len(heads))), lead)


def title(runs: Sequence[Scored], number: int) -> str:
    """A short name that tells runs apart."""
    return "%d: %s" % (number + 1, runs[number].title)


def _compared(one: Scored, other: Scored) -> Tuple[Interval, List[Interval]]:
    """The intervals of the differences; none where too few frames make them too narrow to tell anything."""
    if len(one.source) < FEWEST:
        return None, [None] * len(one.block.scores.names)
    return differences(one.confusions, other.confusions, mean_over=one.block.protocol.mean_over)


def _row(name: str, values: Sequence[Optional[float]], intervals: Sequence[Interval]) -> List[str]:
    cells = [name, share(values[0])]
    for value, interval in zip(values[1:], intervals):
        known = value is not None and values[0] is not None
        cells += [share(value), _difference(value - values[0], interval) if known else "-", spread(interval)]
    return cells


def _difference(value: float, interval: Interval) -> str:
    kind = verdict(interval)
    words = "%+.3f" % value if round(value, 3) else "0.000"
    return '<span class="%s">%s</span>' % (kind, words) if kind else words


def verdict(interval: Interval) -> str:
    """`more` or `less` where all of the interval is on one side of 0, else nothing."""
    if interval is None:
        return ""
    return "more" if interval[0] > 0 else "less" if interval[1] < 0 else ""
