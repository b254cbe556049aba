"""The training loop: step, log, validate, save, until done or told to stop."""

import contextlib
import signal
from typing import Any, Dict, Iterable, Iterator, Optional

import tensorflow.compat.v1 as tf

from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from eval.runfolder import BEST, LAST

from . import curves
from .calls import Calls
from .checkpoint import fetch
from .logs import log
from .state import Parts, State, Stop

LOGGED = ("loss", "loss_main", "loss_aux", "learning_rate", "loss_scale")


def run(parts: Parts, session: tf.Session, state: State) -> None:
    """Train from `state` to the end. Raises Interrupted or RunFault with everything saved that can be.

    A checkpoint is saved before the weights are validated, so that no fault of the val split and no kill while it is
    read costs a step; a run that was stopped in between validates first when it goes on.
    """
    session.run(parts.built.iterator.initializer)  # alone: a card takes nothing else that stands beside it
    total, calls = parts.settings.total_steps, Calls(parts, session, state)
    with _stop_requests() as stop:
        if state.validated != state.step and _due(state.validated, state.step, parts.settings.validate_every, total):
            _validate(parts, session, state, stop)
        asked = calls.agree(stop)
        while state.step < total and not asked:
            before = state.step
            try:
                values = calls.make()
            except Exception:
                if parts.make.fault is not None and calls.recount():  # no batch arrived: what is done can be saved
                    _save_if_new(parts, session, state)
                raise
            _log(parts, state, values, before)
            asked = calls.agree(stop)  # all ranks do the same from here, whichever of them was asked
            if asked or _due(before, state.step, parts.settings.save_every, total):
                _save(parts, session, state, LAST)
            if not asked and _due(before, state.step, parts.settings.validate_every, total):
                _validate(parts, session, state, stop)
                asked = calls.agree(stop)
        if stop:
            _save_if_new(parts, session, state)
            if state.step < total or parts.validate is not None and state.validated != state.step:
                raise Interrupted("stopped at step %d, saved" % state.step, 128 + stop[0])


def _due(before: int, after: int, every: int, total: int) -> bool:
    """Whether a multiple of `every`, or the end, lies in the steps that were just done."""
    return after // every > before // every or after >= total


def _log(parts: Parts, state: State, values: Dict[str, Any], before: int) -> None:
    settings, meter = parts.settings, parts.meter
    parts.progress.step(state.step, float(values["loss"]), meter)
    if not _due(before, state.step, settings.log_every, settings.total_steps):
        return
    numbers = {name: float(values[name]) for name in LOGGED if name in values}
    numbers["images_per_second"] = round(meter.images_per_second(), 2)
    if meter.input_wait() is not None:
        numbers["input_wait"] = round(meter.input_wait(), 4)
    if "loss_scale" in numbers:
        numbers["overflows"] = state.batches - state.step
    epoch = parts.make.schedule.epoch_of(state.batches)
    parts.metrics.add("train", state.step, epoch, cpu_s=round(state.spent.seconds(), 1), **numbers)
    parts.events.add(state.step, **{"train/" + name: value for name, value in numbers.items()})
    log.info("step %d of %d  epoch %.2f  %s", state.step, settings.total_steps, epoch, _words(numbers))
    meter.reset()


def _words(numbers: Dict[str, float]) -> str:
    text = "loss %(loss).4f  rate %(learning_rate).5f  %(images_per_second).1f images/s" % numbers
    if "input_wait" in numbers:
        text += "  input wait %.1f %%" % (100 * numbers["input_wait"])
    if "loss_scale" in numbers:
        text += "  loss scale %(loss_scale)g  skipped %(overflows)d" % numbers
    return text


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
    epoch = parts.make.schedule.epoch_of(state.batches)
    parts.metrics.add("validation", state.step, epoch, cpu_s=round(state.spent.seconds(), 1), **scores)
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
