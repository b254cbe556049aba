"""Line charts as drawings within the page: they scale, print, and follow its light or dark colours."""

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from camvid_tools.report import markup

WIDTH, HEIGHT = 480, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 28  # margins inside the drawing
POINTS = 400  # at most, of a line: a screen shows no more
Point = Tuple[float, float]

STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: .85rem; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem; margin: 0; }
.chart svg { display: block; width: 100%; height: auto; } .chart text { fill: var(--faint); font-size: 12px; }
.chart .grid { stroke: var(--line); stroke-width: 1; } .chart circle { fill: var(--run); }
.chart polyline { fill: none; stroke: var(--run); stroke-width: 2; } .chart .raw { opacity: .35; stroke-width: 1; }
.r0 { --run: var(--train); } .r1 { --run: var(--val); } .r2 { --run: var(--clean); } .r3 { --run: var(--close); }
i.r0, i.r1, i.r2, i.r3 { background: var(--run); }
"""
COLOURS = 4
ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


class Line(NamedTuple):
    """Points by step under a name, in the colour of run number `run`; dots: mark each; raw: faint, under another."""

    name: str
    points: Sequence[Point]
    run: int = 0
    dots: bool = False
    raw: bool = False


def chart(title: str, lines: Sequence[Line], top: Optional[float] = None) -> str:
    """A figure with a value axis from 0 to `top`, or to a round number over all values; empty without a point."""
    drawn = [line for line in lines if line.points]
    if not drawn:
        return ""
    last = max(x for line in drawn for x, _ in line.points) or 1
    high = top or _round_up(max(y for line in drawn for _, y in line.points))
    parts = [_grid(last, high)] + [_line(line, last, high) for line in drawn]
    words = "%s; last value %s" % (title, ", ".join("%s %.4g" % (line.name, line.points[-1][1]) for line in drawn))
    svg = '<svg viewBox="0 0 %d %d" role="img" aria-label="%s">%s</svg>'
    picture = svg % (WIDTH, HEIGHT, markup.text(words), "".join(parts))
    return '<figure class="chart"><h3>%s</h3>%s</figure>' % (markup.text(title), picture)


def smoothed(points: Sequence[Point]) -> List[Point]:
    """A running mean over a twentieth of the points."""
    width = max(1, len(points) // 20)
    sums = np.concatenate([[0], np.cumsum([y for _, y in points])])
    ends = np.arange(1, len(points) + 1)
    starts = np.maximum(ends - width, 0)
    return [(x, float(mean)) for (x, _), mean in zip(points, (sums[ends] - sums[starts]) / (ends - starts))]


def _round_up(value: float) -> float:
    """The least of a few round numbers, times a power of ten, that is not below `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in ROUND if step * power >= value * 0.999)


def _grid(last: float, high: float) -> str:
    parts = []
    for share in (0, 0.5, 1):
        x, y = _at((share * last, share * high), last, high)
        parts.append('<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>' % (LEFT, y, WIDTH - RIGHT, y))
        parts.append('<text x="%d" y="%.1f" text-anchor="end">%.4g</text>' % (LEFT - 6, y + 4, share * high))
        anchor = ("start", "middle", "end")[round(2 * share)]
        words = "step {:,}".format(round(share * last)) if share == 1 else "{:,}".format(round(share * last))
        parts.append('<text x="%.1f" y="%d" text-anchor="%s">%s</text>' % (x, HEIGHT - 8, anchor, words))
    return "".join(parts)


def _line(line: Line, last: float, high: float) -> str:
    every = -(-len(line.points) // POINTS)
    kept = list(line.points[::every]) + [line.points[-1]] * ((len(line.points) - 1) % every > 0)
    places = [_at(point, last, high) for point in kept]
    kind = "r%d%s" % (line.run % COLOURS, " raw" * line.raw)
    drawn = '<polyline class="%s" points="%s"/>' % (kind, " ".join("%.1f,%.1f" % place for place in places))
    if line.dots:
        drawn += "".join('<circle class="%s" cx="%.1f" cy="%.1f" r="3"/>' % ((kind,) + place) for place in places)
    return drawn


def _at(point: Point, last: float, high: float) -> Point:
    x, y = point
    return LEFT + (WIDTH - LEFT - RIGHT) * x / last, TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(y, high) / high)
