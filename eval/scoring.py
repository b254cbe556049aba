"""From predictions to counts: one confusion matrix a frame in palette ids, and boundary counts a protocol."""

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .boundary import boundary_counts
from .confusion import confusion
from .metrics import score
from .protocols import Protocol
from .tables import Block, score_block


class Counted(NamedTuple):
    """What was counted: confusions [F,P,P] int64, and a pair of boundary counts [K] for each protocol."""

    confusions: np.ndarray
    boundaries: List[Tuple[np.ndarray, np.ndarray]]


def count(
    predictions: Iterable, classes: int, protocols: Sequence[Protocol], watch: Optional[Callable] = None
) -> Counted:
    """Count every prediction once; `watch(prediction, confusion)` sees each, for pictures."""
    confusions = []
    sums = [[np.zeros(len(p.classes), np.int64), np.zeros(len(p.classes), np.int64)] for p in protocols]
    for item in predictions:
        counts = confusion(item.truth, item.prediction, classes)
        confusions.append(counts)
        for protocol, total in zip(protocols, sums):
            truth, predicted = protocol.truth_ids(item.truth), protocol.prediction_ids(item.prediction)
            for part, add in zip(total, boundary_counts(truth, predicted, len(protocol.classes))):
                part += add
        if watch is not None:
            watch(item, counts)
    return Counted(np.array(confusions), [(total[0], total[1]) for total in sums])


def blocks(counted: Counted, protocols: Sequence[Protocol]) -> List[Block]:
    """The scores under each protocol."""
    return [score_block(counted.confusions, p, boundary) for p, boundary in zip(protocols, counted.boundaries)]


def quick(predictions: Iterable, classes: int, protocol: Protocol) -> Dict[str, Any]:
    """Scores for a validation during training, as a line of metrics.jsonl has them.

    Same counts and rules as `blocks`, without intervals and boundaries.
    """
    confusions = np.array([confusion(item.truth, item.prediction, classes) for item in predictions])
    scores = score(protocol.regroup(confusions), protocol.classes, protocol.mean_over)
    return {
        "protocol": protocol.name,
        "mean_iou": scores.mean_iou,
        "pixel_accuracy": scores.pixel_accuracy,
        "iou": dict(zip(scores.names, scores.iou)),
    }
