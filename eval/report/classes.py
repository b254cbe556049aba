"""Scores by class with their intervals, the confusion matrix, and the largest confusions in words."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from camvid_tools import imageio
from camvid_tools.report import markup
from camvid_tools.words import counted

from .. import pictures
from ..tables import Block

LARGEST = 8  # confusions in words
LEAST = 0.02  # of a class's pixels, below which a confusion is no news

STYLE = """
.iou { position: relative; min-width: 9rem; height: .8rem; background: var(--soft); border-radius: 3px; }
.iou i { position: absolute; left: 0; top: 0; bottom: 0; background: var(--train); border-radius: 3px; }
.iou b { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: var(--ink); }
.matrix { display: block; max-width: 100%; height: auto; margin-bottom: 1rem; border-radius: 10px; }
"""


class Confusion(NamedTuple):
    """`share` of the true pixels of `truth` are called `called`."""

    truth: str
    called: str
    pixels: int
    share: float


def section(block: Block, colours: Dict[str, Sequence[int]], name: str) -> str:
    """The table of classes, best first; classes out of the mean are named below it."""
    scores = block.scores
    order = sorted((i for i, iou in enumerate(scores.iou) if iou is not None), key=lambda i: -scores.iou[i])
    rows = [_row(block, i, colours) for i in order]
    heads = ["class", "IoU", "", "95 %", "accuracy", "precision", "pixels", "frames"]
    body = markup.table(heads, rows, (1, 3, 4, 5, 6, 7))
    if scores.absent:
        body += "<p>Without a true pixel, and out of the mean: %s.</p>" % markup.and_so_on(scores.absent)
    lead = "Protocol %s. %s" % (markup.code(block.protocol.name), markup.text(block.protocol.rules))
    return markup.section(name, "Classes", body, lead)


def _row(block: Block, i: int, colours: Dict[str, Sequence[int]]) -> List[str]:
    scores, interval = block.scores, block.intervals[i]
    name = scores.names[i]
    mark = markup.swatch(colours[name]) + " " if name in colours else ""
    pixels = "{:,}".format(scores.pixels[i])
    frames = "-" if scores.frames[i] is None else "{:,}".format(scores.frames[i])
    shown = '<span class="nowrap">%s%s</span>' % (mark, markup.text(name))
    parts = [shown, share(scores.iou[i]), _bar(scores.iou[i], interval), spread(interval)]
    return parts + [share(scores.accuracy[i]), share(scores.precision[i]), pixels, frames]


def share(value: Optional[float]) -> str:
    """A score with three digits, a dash where there is none."""
    return "-" if value is None else "%.3f" % value


def spread(interval: Optional[Tuple[float, float]]) -> str:
    """An interval."""
    if interval is None:
        return "-"
    low, high = (round(end, 3) + 0.0 for end in interval)  # no minus before a zero
    return '<span class="nowrap">%.3f to %.3f</span>' % (low, high)


def _bar(value: Optional[float], interval: Optional[Tuple[float, float]]) -> str:
    """The value as a bar, the interval as a line over it."""
    inner = '<i style="width:%.1f%%"></i>' % (100 * (value or 0))
    if interval is not None:
        inner += '<b style="left:%.1f%%;width:%.1f%%"></b>' % (100 * interval[0], 100 * (interval[1] - interval[0]))
    return '<div class="iou" aria-hidden="true">%s</div>' % inner


def confusion(block: Block, name: str) -> str:
    """The matrix as a picture, and what it says."""
    scores = block.scores
    picture = pictures.confusion_picture(scores.confusion, scores.names, scores.other)
    height, width = picture.shape[:2]
    address = markup.data_uri("png", imageio.png_bytes(picture, 9))
    image = '<img class="matrix" src="%s" width="%d" height="%d" alt="confusion matrix, rows truth, in per cent">'
    told = [_sentence(one) for one in largest(scores.confusion, scores.pixels, scores.names)]
    none = "<p>No class has more than %.0f %% of it called another.</p>" % (100 * LEAST)
    lead = "Each row is a true class; its cells say what its pixels are called, in per cent. Blue is right, red wrong."
    body = image % (address, width, height) + "<h3>The largest</h3>" + (markup.bullets(told) if told else none)
    return markup.section(name, "Confusions", body, lead)


def largest(counts: np.ndarray, true: Sequence[int], names: Sequence[str]) -> List[Confusion]:
    """The largest confusions of counts [K,K], rows truth, by their share of all true pixels [K] of the class."""
    found = [
        Confusion(names[row], names[column], int(counts[row, column]), counts[row, column] / true[row])
        for row in range(len(names))
        for column in range(len(names))
        if row != column and true[row] and counts[row, column] >= LEAST * true[row]
    ]
    return sorted(found, key=lambda one: -one.share)[:LARGEST]


def _sentence(one: Confusion) -> str:
    names = tuple("<b>%s</b>" % markup.text(name) for name in (one.truth, one.called))
    return "%.0f %% of %s is called %s (%s)" % ((100 * one.share,) + names + (counted(one.pixels, "pixel"),))
