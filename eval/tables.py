"""One protocol's scores, for people as a table of text and for programs as a block of eval.json."""

import textwrap
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .bootstrap import Interval, intervals
from .boundary import boundary_ious
from .metrics import UNION, Scores, score
from .protocols import Protocol

WIDTH = 100
NAME_WIDTH = 26  # what the other columns leave of 100


class Block(NamedTuple):
    """Everything that is said about one protocol."""

    protocol: Protocol
    scores: Scores
    mean_interval: Interval
    intervals: Tuple[Interval, ...]  # by class
    boundary_iou: Optional[float]


def score_block(
    confusions: np.ndarray,
    protocol: Protocol,
    boundary: Optional[Tuple[np.ndarray, np.ndarray]] = None,
    seed: int = 0,
) -> Block:
    """Scores of per-frame confusions [F,P,P] int64 in palette ids under `protocol`; `boundary` is the summed
    (intersection [K], union [K]) of boundary.boundary_counts in protocol ids."""
    counts = protocol.regroup(confusions)
    scores = score(counts, protocol.classes, protocol.mean_over)
    mean_interval, by_class = intervals(counts, seed=seed, mean_over=protocol.mean_over)
    outline = boundary_ious(boundary[0], boundary[1], [iou is not None for iou in scores.iou]) if boundary else None
    return Block(protocol, scores, mean_interval, tuple(by_class), outline[1] if outline else None)


def scores_json(block: Block) -> Dict[str, Any]:
    """The block of eval.json: plain Python values, null where there is nothing to divide by (never NaN).

    `confusion` is [K,K], rows truth; `other` [K] counts true pixels that were predicted as none of the K
    classes, so that a row of `confusion` and its `other` add up to the class' pixels.
    """
    protocol, scores = block.protocol, block.scores
    return {
        "protocol": {"name": protocol.name, "rules": protocol.rules},
        "classes": [_class_json(block, i) for i in range(len(scores.names))],
        "mean_iou": scores.mean_iou,
        "mean_iou_interval": _pair(block.mean_interval),
        "mean_accuracy": scores.mean_accuracy,
        "pixel_accuracy": scores.pixel_accuracy,
        "frequency_weighted_iou": scores.frequency_weighted_iou,
        "boundary_iou": block.boundary_iou,
        "absent": list(scores.absent),
        "confusion": scores.confusion.tolist(),
        "other": list(scores.other),
    }


def _class_json(block: Block, i: int) -> Dict[str, Any]:
    scores = block.scores
    return {
        "id": block.protocol.ids()[i],
        "name": scores.names[i],
        "iou": scores.iou[i],
        "interval": _pair(block.intervals[i]),
        "accuracy": scores.accuracy[i],
        "precision": scores.precision[i],
        "pixels": scores.pixels[i],
        "frames": scores.frames[i],
    }


def _pair(interval: Interval) -> Optional[List[float]]:
    return None if interval is None else list(interval)


def table(block: Block) -> str:
    """The scores as text of at most 100 columns: a line a class, then the totals; `-` where there is none."""
    scores = block.scores
    width = min(NAME_WIDTH, max(len(name) for name in scores.names + ("class",)))
    form = "%%3s  %%-%ds  %%6s  %%-14s  %%8s  %%9s  %%13s  %%6s" % width
    lines = [form % ("id", "class", "IoU", "95 % interval", "accuracy", "precision", "pixels", "frames")]
    lines.append("-" * len(lines[0]))
    for i, name in enumerate(scores.names):
        numbers = (_number(scores.iou[i]), _range(block.intervals[i]))
        numbers += (_number(scores.accuracy[i]), _number(scores.precision[i]))
        frames = "-" if scores.frames[i] is None else str(scores.frames[i])
        numbers += ("{:,}".format(scores.pixels[i]), frames)
        lines.append(form % ((block.protocol.ids()[i], _cut(name, width)) + numbers))
    lines.append("-" * len(lines[0]))
    return "\n".join(lines + _totals(block)) + "\n"


def _totals(block: Block) -> List[str]:
    scores = block.scores
    counted = len(scores.names) - len(scores.absent)
    interval = "" if block.mean_interval is None else "  " + _range(block.mean_interval)
    over = "over %d of %d classes  (protocol %s)" % (counted, len(scores.names), block.protocol.name)
    lines = ["mean IoU %s%s  %s" % (_number(scores.mean_iou), interval, over)]
    rest = [("pixel accuracy", scores.pixel_accuracy), ("mean accuracy", scores.mean_accuracy)]
    rest += [("frequency weighted IoU", scores.frequency_weighted_iou), ("boundary IoU", block.boundary_iou)]
    known = ["%s %s" % (name, _number(value)) for name, value in rest if value is not None]
    lines += ["   ".join(known)] if known else ["no pixel was scored"]
    if scores.absent:
        why = "true or predicted" if block.protocol.mean_over == UNION else "true"
        lines += _wrap("absent (no %s pixel, out of the mean): " % why + ", ".join(scores.absent))
    if any(scores.other):
        share = 100.0 * sum(scores.other) / sum(scores.pixels)
        lines.append("predicted as none of these classes: {:,} pixels ({:.2f} %)".format(sum(scores.other), share))
    return lines


def _wrap(text: str) -> List[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="    ")


def _number(value: Optional[float]) -> str:
    return "-" if value is None else "%.3f" % value


def _range(interval: Interval) -> str:
    return "-" if interval is None else "[%.3f, %.3f]" % interval


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "~"
