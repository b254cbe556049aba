"""How long one frame takes, in the three senses that people mean."""

import time
from typing import Any, Callable, Dict, List, NamedTuple

import numpy as np

from pipeline.batches import EvalBatches

from . import runner

SECONDS, WARM_UP, LEAST = 2.0, 3, 20  # timed for so long in each sense, after so many frames, at least so many
KEPT = 4  # frames held in memory for the first two senses


class Delay(NamedTuple):
    """Milliseconds for one frame."""

    median: float
    p95: float


class Latency(NamedTuple):
    """whole: a frame in memory is uploaded, the network runs, class scores are brought to the frame's size, ids are
    back on the host. without_upsampling: class scores are, as the network gives them, at their own stride.
    with_reading: the whole, and before it the frame and its label are read from where the data lies (the system's file
    cache is warm)."""

    whole: Delay
    without_upsampling: Delay
    with_reading: Delay


def latency(network: runner.FrameByFrame, make: EvalBatches) -> Latency:
    """Time single frames of `make`, which makes batches of one, in turns after warm-up."""
    frames = [make(number)[0].copy() for number in range(min(KEPT, len(make)))]
    senses = [
        lambda number: network.ids(frames[number % len(frames)]),
        lambda number: network.scores(frames[number % len(frames)]),
        lambda number: network.ids(make(number % len(make))[0]),
    ]
    return Latency(*_timed(senses))


def document(delays: Latency, device: str) -> Dict[str, Any]:
    """eval.json's `latency_ms`."""
    parts = {name: _rounded(delay) for name, delay in delays._asdict().items()}
    return dict(parts.pop("whole"), device=device, **parts)


def _rounded(delay: Delay) -> Dict[str, float]:
    return {part: round(milliseconds, 2) for part, milliseconds in delay._asdict().items()}


def _timed(calls: List[Callable[[int], None]]) -> List[Delay]:
    """Of each call, all in turns, so that what else the machine does falls on all alike."""
    for number in range(WARM_UP):
        for call in calls:
            call(number)
    spent: List[List[float]] = []
    while len(spent) < LEAST or np.sum(spent) < SECONDS * len(calls):
        spent.append([_seconds(call, len(spent)) for call in calls])
    milliseconds = 1000 * np.array(spent).T
    return [Delay(float(np.median(row)), float(np.percentile(row, 95))) for row in milliseconds]


def _seconds(call: Callable[[int], None], number: int) -> float:
    start = time.perf_counter()
    call(number)
    return time.perf_counter() - start
