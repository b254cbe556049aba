"""The training loop: step, log, validate, save, until done or told to stop."""

import contextlib
import signal
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from eval.runfolder import BEST, LAST, Checkpoint
from pipeline.batches import TrainBatches

from . import curves
from .checkpoint import Checkpoints, fetch
from .graph import TrainGraph
from .logs import Events, Metrics, log
from .progress import Meter, Progress
from .settings import Settings

PROFILED_STEP = 10  # of this process: by then the feed runs ahead and memory is allocated
LOGGED = ("loss", "loss_main", "loss_aux", "learning_rate")

Stop = List[int]  # receives the number of each signal that asks the run to stop
Validate = Callable[[Dict[str, np.ndarray], Stop], Dict[str, Any]]


class Parts(NamedTuple):
    """Everything the loop works with, put together by the command."""

    settings: Settings
    make: TrainBatches
    built: TrainGraph
    checkpoints: Checkpoints
    metrics: Metrics
    events: Events
    validate: Optional[Validate]
    progress: Progress
    meter: Meter
    data_digest: str
    profile: Optional[str]


class State:
    """Where the run stands: steps done, batches consumed, the newest validation (`validated`: its step) and the best
    mean IoU so far, the newest `last` checkpoint."""

    def __init__(self, newest: Optional[Checkpoint] = None, best: Optional[float] = None) -> None:
        about = newest.about if newest is not None else {}
        self.step, self.batches = about.get("step", 0), about.get("batches", 0)
        self.validated, self.scores, self.best = about.get("validated", 0), about.get("scores", {}), best
        self.last = newest

    def about(self, data_digest: str) -> Dict[str, Any]:
        """What a checkpoint's JSON says of it."""
        return {
            "step": self.step,
            "batches": self.batches,
            "validated": self.validated,
            "scores": self.scores,
            "best_mean_iou": self.best,
            "data_digest": data_digest,
        }

    def is_saved(self) -> bool:
        """Whether a checkpoint holds just this state."""
        return self.step == (self.last.step if self.last is not None else 0)


def run(parts: Parts, session: tf.Session, state: State) -> None:
    """Train from `state` to the end. Raises Interrupted or RunFault with everything saved that can be.

    A checkpoint is saved before the weights are validated, so that no fault of the val split and no kill while it is
    read costs a step; a run that was stopped in between validates first when it goes on.
    """
    session.run(parts.built.iterator.initializer)
    total, first = parts.settings.total_steps, state.step
    with _stop_requests() as stop:
        if (
            state.step
            and state.validated != state.step
            and _due(state.step - 1, state.step, parts.settings.validate_every, total)
        ):
            _validate(parts, session, state, stop)
        while state.step < total and not stop:
            before = state.step
            values = _one_call(parts, session, state, first)
            _log(parts, state, values, before)
            if stop or _due(before, state.step, parts.settings.save_every, total):
                _save(parts, session, state, LAST)
            if not stop and _due(before, state.step, parts.settings.validate_every, total):
                _validate(parts, session, state, stop)
        if stop:
            _save_if_new(parts, session, state)
            if state.step < total or parts.validate is not None and state.validated != total:
                raise Interrupted("stopped at step %d, saved" % state.step, 128 + stop[0])


def _due(before: int, after: int, every: int, total: int) -> bool:
    """Whether a multiple of `every`, or the end, lies in the steps that were just done."""
    return after // every > before // every or after >= total


def _one_call(parts: Parts, session: tf.Session, state: State, first: int) -> Dict[str, Any]:
    """All steps of a call, whose last one's values it gives."""
    values: Dict[str, Any] = {}
    for _ in range(min(parts.settings.iterations_per_loop, parts.settings.total_steps - state.step)):
        profiled = parts.profile is not None and state.step - first == PROFILED_STEP - 1
        values = _one_step(parts, session, state, profiled)
    return values


def _one_step(parts: Parts, session: tf.Session, state: State, profiled: bool) -> Dict[str, Any]:
    options = metadata = None
    if profiled:
        options, metadata = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), tf.RunMetadata()
    try:
        values = session.run(parts.built.fetches, options=options, run_metadata=metadata)
    except tf.errors.OpError as error:
        if parts.make.fault is not None:  # no batch arrived, so the weights are those of the step before
            _save_if_new(parts, session, state)
            raise parts.make.fault from None
        raise RunFault("TensorFlow stopped at step %d: %s" % (state.step, error.message.splitlines()[0])) from error
    if not np.isfinite(values["minimised"]):
        frames = parts.make.names(state.batches)
        raise RunFault(
            "the loss is not finite at step %d (batch %d: %s)" % (state.step, state.batches, frames),
            remedy="lower --learning_rate; the checkpoint before it is kept, and --resume goes on from there",
        )
    state.step, state.batches = state.step + 1, state.batches + 1
    parts.meter.step(float(values["input_wait_s"]))
    if metadata is not None:
        _write_trace(metadata, parts.profile)
    return values


def _log(parts: Parts, state: State, values: Dict[str, Any], before: int) -> None:
    settings, meter = parts.settings, parts.meter
    parts.progress.step(state.step, float(values["loss"]), meter)
    if not _due(before, state.step, settings.log_every, settings.total_steps):
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


class _Stopped(Exception):
    """A validation was broken off, since the run is to stop."""


def until_stopped(items: Iterable, stop: Stop) -> Iterator:
    """Yield `items` until the run is asked to stop: a validation may take longer than a machine waits for its end."""
    for item in items:
        if stop:
            raise _Stopped
        yield item


def _validate(parts: Parts, session: tf.Session, state: State, stop: Stop) -> None:
    if parts.validate is None:
        return
    with parts.meter.paused():
        parts.progress.doing("validating")
        try:
            state.scores = parts.validate(fetch(session, parts.built.variables), stop)
        except _Stopped:
            return
        except ToolkitError as fault:
            _save_if_new(parts, session, state)
            raise RunFault(fault.what, fault.where, fault.remedy) from None
        state.validated = state.step
        better = state.scores["mean_iou"] is not None and (state.best is None or state.scores["mean_iou"] > state.best)
        _tell(parts, state, better)
        if better:
            state.best = state.scores["mean_iou"]
            _save(parts, session, state, BEST)
        if state.last is not None and state.is_saved():
            state.last = parts.checkpoints.annotate(state.last, state.about(parts.data_digest))
        curves.draw(parts.settings.output_path)


def _tell(parts: Parts, state: State, better: bool) -> None:
    """A validation for programs, TensorBoard, the log and the terminal."""
    scores = state.scores
    parts.metrics.add("validation", state.step, parts.make.schedule.epoch_of(state.batches), **scores)
    shown = {"validation/" + name: scores[name] for name in ("mean_iou", "pixel_accuracy")}
    parts.events.add(state.step, **shown)
    text = "step %d: %s mean IoU %s, pixel accuracy %s%s" % (
        state.step,
        scores["protocol"],
        number(scores["mean_iou"]),
        number(scores["pixel_accuracy"]),
        ", best so far" if better else "",
    )
    log.info(text)
    parts.progress.say(text)


def number(value: Optional[float]) -> str:
    """A score for people: four decimals, or `-` where there is none."""
    return "-" if value is None else "%.4f" % value


def _save(parts: Parts, session: tf.Session, state: State, kind: str) -> None:
    with parts.meter.paused():
        checkpoint = parts.checkpoints.save(session, kind, state.about(parts.data_digest))
        if kind == LAST:
            state.last = checkpoint
        log.info("saved %s, weights %s", checkpoint.prefix, checkpoint.about["weights_digest"][:16])


def _save_if_new(parts: Parts, session: tf.Session, state: State) -> None:
    if not state.is_saved():
        _save(parts, session, state, LAST)


@contextlib.contextmanager
def _stop_requests() -> Iterator[Stop]:
    """A list that receives the signal's number on Ctrl-C or SIGTERM; the second Ctrl-C stops at once."""
    asked: Stop = []

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
