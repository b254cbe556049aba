"""--explain: the same pixels scored by the rules of other tools, and in words why the figures differ.

Rules read from the tools' sources: MMSegmentation IoUMetric, PaddleSeg val.py and metrics.py, CoinCheung/BiSeNet
evaluate.py, detectron2 SemSegEvaluator, segmentation_models.pytorch get_stats, tf.metrics.mean_iou.
"""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .metrics import TRUTH, UNION, ious, mean_of_known, tallies
from .protocols import Protocol

ZOO_FRAMES, ZOO_READ = 168, 416  # of the test split, and of those that its evaluation reads of it (421 in batches of 8)


class Rule(NamedTuple):
    """A tool's way: mean IoU of confusions [F,K,K+1], or of [F,P,P] in the palette's ids where `whole`."""

    tool: str
    words: str
    mean: Callable[[np.ndarray], Optional[float]]
    whole: bool = False


def _over(mean_over: str, absent: Optional[float] = None) -> Callable[[np.ndarray], Optional[float]]:
    """Counts summed over all frames; classes that are out of the mean count as `absent` where that is a number."""

    def mean(confusions: np.ndarray) -> Optional[float]:
        found = ious(tallies(confusions.sum(axis=0)), mean_over)
        return mean_of_known(found if absent is None else np.where(np.isnan(found), absent, found))

    return mean


def _smoothed(confusions: np.ndarray) -> Optional[float]:
    tally = tallies(confusions.sum(axis=0))
    return float((tally.hit / (tally.true + tally.predicted - tally.hit + 1)).mean())


def _by_frame(absent: Optional[float]) -> Callable[[np.ndarray], Optional[float]]:
    """A mean IoU for each frame, then their mean."""

    def mean(confusions: np.ndarray) -> Optional[float]:
        found = ious(tallies(confusions), UNION)
        if absent is not None:
            return float(np.where(np.isnan(found), absent, found).mean())
        return mean_of_known(np.array([np.nan if m is None else m for m in map(mean_of_known, found)]))

    return mean


def _zoo_loop(confusions: np.ndarray) -> Optional[float]:
    """416 frames of a split of 168 that repeats: each twice, and 80 a third time."""
    frames = len(confusions)
    times = np.full(frames, ZOO_READ // frames) + (np.arange(frames) < ZOO_READ % frames)
    return _over(UNION)((confusions * times[:, None, None]).sum(axis=0, keepdims=True))


RULES: Tuple[Rule, ...] = (
    Rule("MMSegmentation", "a class without a true pixel that is predicted somewhere counts 0", _over(UNION)),
    Rule("detectron2", "a class counts where it has true pixels, whatever is predicted", _over(TRUTH)),
    Rule("PaddleSeg", "a class that is neither true nor predicted counts 1", _over(UNION, 1.0)),
    Rule("CoinCheung/BiSeNet", "1 is added to every union, so that an absent class counts 0", _smoothed),
    Rule(
        "segmentation_models.pytorch",
        "reduction `macro-imagewise`: a mean for each frame, where an absent class counts 1, then their mean",
        _by_frame(1.0),
    ),
    Rule(
        "mean over frames",
        "a mean for each frame over the classes true or predicted in it, then their mean",
        _by_frame(None),
    ),
    Rule(
        "tf.metrics.mean_iou",
        "Void and all that is left out here is a class like the others (no class left out: protocol modelzoo)",
        _over(UNION),
        whole=True,
    ),
)
ZOO = Rule(
    "the model zoo's evaluation",
    "the same over the 416 frames that its loop reads of 168: all twice, 80 of them (here the first) a third time",
    _zoo_loop,
    whole=True,
)


def explained(confusions: np.ndarray, protocol: Protocol) -> List[Dict[str, Any]]:
    """Per-frame confusions [F,P,P] int64 in palette ids -> for each tool its name, mean_iou, and words."""
    regrouped = protocol.regroup(confusions)
    rules = RULES + ((ZOO,) if len(confusions) == ZOO_FRAMES else ())
    return [
        {"tool": rule.tool, "mean_iou": rule.mean(confusions if rule.whole else regrouped), "rule": rule.words}
        for rule in rules
    ]


def text(rows: List[Dict[str, Any]], protocol: Protocol, mean_iou: Optional[float]) -> str:
    """The rows for people."""
    lines = ["the same predictions by the rules of other tools; %s says %s:" % (protocol.name, _number(mean_iou))]
    for row in rows:
        lines.append("  %s  %-28s %s" % (_number(row["mean_iou"]), row["tool"], row["rule"]))
    return "\n".join(lines)


def _number(value: Optional[float]) -> str:
    return "   -  " if value is None else "%.4f" % value
