"""One call of a training: the runs that it takes, and what has to be true after each of them."""

import contextlib
import signal
from typing import Any, Dict

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools import atomic
from camvid_tools.errors import RunFault
from eval import runner

from . import replay
from .state import Parts, State, Stop

PROFILED_STEP = 10  # of this process, or its last: by then the feed runs ahead and memory is allocated
MOST_SKIPPED = 200  # batches in a row: a loss scale finds its place from 2**15 downwards within 30
LOOK = "docs/ascend.md names what keeps a card from repeating a step"


class SharedFault(RunFault):
    """A fault that all ranks find after the same call, since what tells of it is shared."""


class Calls:
    """Makes calls of `iterations_per_loop` steps: as many runs of one step on a host, a single run on a card."""

    def __init__(self, parts: Parts, session: tf.Session, state: State) -> None:
        self._parts, self._session, self._state = parts, session, state
        self._first_batch, self._updated = state.batches, state.batches
        self._profiled = None if parts.trace is None else min(state.step + PROFILED_STEP, parts.settings.total_steps)
        self._compiled = False

    def agree(self, stop: Stop) -> bool:
        """Whether this rank, or any other, was asked to stop; it then counts as asked here, too."""
        agreed = self._parts.device.peers.agree(self._session, bool(stop))
        if agreed and not stop:
            stop.append(signal.SIGTERM)
        return agreed

    def make(self) -> Dict[str, Any]:
        """All steps of a call, but for those beyond the last one of a training; the values of its last step."""
        settings = self._parts.settings
        values: Dict[str, Any] = {}
        for _ in range(settings.iterations_per_loop // self._parts.device.steps_a_run):
            values = self._run()
            if self._state.step >= settings.total_steps:
                break
        return values

    def recount(self) -> bool:
        """Set the state by the graph's own counters, since a call that failed may have made some of its steps; False
        where the device does not answer any more."""
        if self._parts.device.steps_a_run > 1:
            built = self._parts.built
            try:
                done, taken = self._session.run([built.step, built.taken])
            except tf.errors.OpError:
                return False
            self._state.step, self._state.batches = int(done), self._first_batch + int(taken)
        return True

    def _run(self) -> Dict[str, Any]:
        parts, state = self._parts, self._state
        options = metadata = None
        if state.step + 1 == self._profiled:
            options, metadata = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), tf.RunMetadata()
        around = contextlib.nullcontext() if self._compiled else parts.device.first_call()
        try:
            with around:
                values = self._session.run(parts.built.fetches, options=options, run_metadata=metadata)
        except tf.errors.OpError as error:
            if parts.make.fault is not None:
                raise parts.make.fault from None
            raise RunFault("TensorFlow stopped at step %d: %s" % (state.step, runner.reason(error))) from error
        self._compiled = True
        self._require_finite(values)
        self._advance(values)
        if metadata is not None:
            _write_trace(metadata, parts.trace)
        return values

    def _require_finite(self, values: Dict[str, Any]) -> None:
        if not np.isfinite(values["minimised"]):
            batch = self._first_batch + int(values["taken"]) - 1
            raise SharedFault(
                "the loss is not finite at step %d (batch %d: %s)"
                % (max(self._state.step, int(values["step"]) - 1), batch, self._parts.make.names(batch)),
                remedy=replay.remedy(self._parts.settings, batch),
            )

    def _advance(self, values: Dict[str, Any]) -> None:
        """Go on by what the graph counted; RunFault where that is not what the run was to do."""
        state, due = self._state, self._parts.device.steps_a_run
        batches = self._first_batch + int(values["taken"])
        made, updates = batches - state.batches, int(values["step"]) - state.step
        state.step, state.batches = state.step + updates, batches
        if made != due:
            raise SharedFault("a run made %d steps where %d were due" % (made, due), remedy=LOOK)
        if not (0 if "loss_scale" in values else made) <= updates <= made:
            raise SharedFault("%d batches gave %d updates" % (made, updates), remedy=LOOK)
        self._updated = batches if updates else self._updated
        if batches - self._updated >= MOST_SKIPPED:
            raise SharedFault(
                "each of the last %d updates overflowed, at a loss scale of %g now"
                % (MOST_SKIPPED, values["loss_scale"]),
                remedy="lower --learning_rate; --loss_scale none shows whether the scale is the cause",
            )
        waited = values.get("input_wait_s")
        self._parts.meter.steps(made, None if waited is None else float(waited))


def _write_trace(metadata: Any, path: str) -> None:
    """The step's timeline in chrome://tracing's form."""
    from tensorflow.python.client import timeline

    atomic.write_text(path, timeline.Timeline(metadata.step_stats).generate_chrome_trace_format())
