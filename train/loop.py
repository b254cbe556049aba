"""The training loop: step, log, validate, save, until done or told to stop."""

import contextlib
import signal
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools.errors import Interrupted, RunFault
from eval.runfolder import BEST, LAST
from pipeline.batches import TrainBatches

from . import curves
from .checkpoint import Checkpoints, fetch
from .graph import TrainGraph
from .logs import Events, Metrics, log
from .progress import Meter, Progress
from .settings import Settings

PROFILED_STEP = 10
LOGGED = ("loss", "loss_main", "loss_aux", "learning_rate")


class Parts(NamedTuple):
    """Everything the loop works with, put together by the command."""

    settings: Settings
    make: TrainBatches
    built: TrainGraph
    checkpoints: Checkpoints
    metrics: Metrics
    events: Events
    validate: Optional[Callable[[Dict[str, np.ndarray]], Dict[str, Any]]]
    progress: Progress
    data_digest: str
    profile: Optional[str]


class State:
    """Where the run stands: steps done, batches consumed, the best score so far."""

    def __init__(self, step: int = 0, batches: int = 0, best: Optional[float] = None) -> None:
        self.step, self.batches, self.best = step, batches, best
        self.scores: Dict[str, Any] = {}

    def about(self, data_digest: str) -> Dict[str, Any]:
        """What a checkpoint's JSON says of it."""
        return {
            "step": self.step,
            "batches": self.batches,
            "best_mean_iou": self.best,
            "scores": self.scores,
            "data_digest": data_digest,
        }


def run(parts: Parts, session: tf.Session, state: State) -> None:
    """Train from `state` to the end. Raises Interrupted or RunFault with everything saved that can be."""
    session.run(parts.built.iterator.initializer)
    meter = Meter(parts.settings.batch_size)
    saved = state.step
    with _stop_requests() as stop:
        while state.step < parts.settings.total_steps:
            values = _one_step(parts, session, state, meter)
            _log(parts, state, values, meter)
            if _due(state.step, parts.settings.validate_every, parts.settings.total_steps):
                _validate(parts, session, state, meter)
            if stop or _due(state.step, parts.settings.save_every, parts.settings.total_steps):
                _save(parts, session, state, LAST, meter)
                saved = state.step
            if stop and state.step < parts.settings.total_steps:
                assert saved == state.step
                raise Interrupted("stopped at step %d, saved" % state.step, 128 + stop[0])


def _due(step: int, every: int, total: int) -> bool:
    return step % every == 0 or step == total


def _one_step(parts: Parts, session: tf.Session, state: State, meter: Meter) -> Dict[str, Any]:
    options = metadata = None
    if parts.profile and state.step == PROFILED_STEP:
        options, metadata = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), tf.RunMetadata()
    try:
        values = session.run(parts.built.fetches, options=options, run_metadata=metadata)
    except tf.errors.OpError as error:
        if parts.make.fault is not None:
            raise parts.make.fault from None
        raise RunFault("TensorFlow stopped at step %d: %s" % (state.step, error.message.splitlines()[0])) from error
    if not np.isfinite(values["minimised"]):
        frames = parts.make.names(state.batches)
        raise RunFault(
            "the loss is not finite at step %d (batch %d: %s)" % (state.step, state.batches, frames),
            remedy="lower --learning_rate; the checkpoint before it is kept, and --resume goes on from there",
        )
    if metadata is not None:
        _write_trace(metadata, parts.profile)
    state.step, state.batches = state.step + 1, state.batches + 1
    meter.step(float(values["input_wait_s"]))
    return values


def _log(parts: Parts, state: State, values: Dict[str, Any], meter: Meter) -> None:
    settings = parts.settings
    parts.progress.step(state.step, float(values["loss"]), meter)
    if not _due(state.step, settings.log_every, settings.total_steps):
        return
    numbers = {name: float(values[name]) for name in LOGGED}
    numbers.update(images_per_second=round(meter.images_per_second(), 2), input_wait=round(meter.input_wait(), 4))
    epoch = parts.make.schedule.epoch_of(state.batches)
    parts.metrics.add("train", state.step, epoch, **numbers)
    parts.events.add(state.step, **{"train/" + name: value for name, value in numbers.items()})
    log.info(
        "step %d of %d  epoch %.2f  loss %.4f  rate %.5f  %.1f images/s  input wait %.1f %%",
        state.step,
        settings.total_steps,
        epoch,
        numbers["loss"],
        numbers["learning_rate"],
        numbers["images_per_second"],
        100 * numbers["input_wait"],
    )
    meter.reset()


def _validate(parts: Parts, session: tf.Session, state: State, meter: Meter) -> None:
    if parts.validate is None:
        return
    with meter.paused():
        parts.progress.doing("validating")
        scores = parts.validate(fetch(session, parts.built.variables))
        state.scores = scores
        epoch = parts.make.schedule.epoch_of(state.batches)
        parts.metrics.add("validation", state.step, epoch, **scores)
        parts.events.add(
            state.step,
            **{"validation/mean_iou": scores["mean_iou"], "validation/pixel_accuracy": scores["pixel_accuracy"]},
        )
        better = scores["mean_iou"] is not None and (state.best is None or scores["mean_iou"] > state.best)
        text = "step %d: %s mean IoU %s, pixel accuracy %s%s" % (
            state.step,
            scores["protocol"],
            _number(scores["mean_iou"]),
            _number(scores["pixel_accuracy"]),
            ", best so far" if better else "",
        )
        log.info(text)
        parts.progress.say(text)
        if better:
            state.best = scores["mean_iou"]
            _save(parts, session, state, BEST, meter)
        curves.draw(parts.settings.output_path)


def _number(value: Optional[float]) -> str:
    return "-" if value is None else "%.4f" % value


def _save(parts: Parts, session: tf.Session, state: State, kind: str, meter: Meter) -> None:
    with meter.paused():
        checkpoint = parts.checkpoints.save(session, kind, state.about(parts.data_digest))
        log.info("saved %s, weights %s", checkpoint.prefix, checkpoint.about["weights_digest"][:16])


@contextlib.contextmanager
def _stop_requests() -> Iterator[List[int]]:
    """A list that receives the signal's number on Ctrl-C or SIGTERM; the second Ctrl-C stops at once."""
    asked: List[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        previous = [(number, signal.signal(number, ask)) for number in (signal.SIGINT, signal.SIGTERM)]
    except ValueError:  # not the main thread: whoever runs this thread handles signals
        previous = []
    try:
        yield asked
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def _write_trace(metadata: Any, path: str) -> None:
    """The step's timeline in chrome://tracing's form."""
    from tensorflow.python.client import timeline

    with open(path, "w", encoding="utf-8") as out:
        out.write(timeline.Timeline(metadata.step_stats).generate_chrome_trace_format())
