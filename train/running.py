"""One training: graph, session and run folder put together around the loop, and closed again."""

import contextlib
import hashlib
import json
import shlex
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from camvid_tools import __version__
from camvid_tools.console import Console
from camvid_tools.errors import Interrupted, RunFault
from eval import protocols, runner, scoring
from pipeline import sizes, workers
from pipeline.batches import EvalBatches, TrainBatches
from pipeline.device import Device
from pipeline.ranks import Ranks
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

from . import curves, flags, logs, loop, pretrained, replay
from . import graph as graphs
from .checkpoint import Checkpoints
from .progress import Meter, Progress
from .settings import Settings, alike
from .state import Parts, State, Stop, Validate


class Job(NamedTuple):
    """What a training starts from. held_out: the frames to validate on, None where there are none; start: the weights
    that it begins with, None for none; trace: the file for a step's timeline, None for none."""

    settings: Settings
    source: Any
    held_out: Any
    device: Device
    ranks: Ranks
    start: Optional[pretrained.Start]
    trace: Optional[str]
    argv: List[str]


def require_possible(job: Job) -> None:
    """ToolkitError for what a machine or a batch cannot be, before a run's folder is touched."""
    workers.require(job.settings.workers)
    _batches(job)


def _batches(job: Job) -> TrainBatches:
    settings, source = job.settings, job.source
    spec = BatchSpec(settings.batch_size, settings.height, settings.width, len(source.classes))
    schedule = Schedule(len(source), settings.batch_size, settings.seed, *job.ranks)
    return TrainBatches(source, schedule, settings.augmentation, spec, settings.on_damaged)


def train(job: Job, state: State, out: Console) -> None:
    """Build, restore, loop from `state` on; closes everything it opened."""
    settings, source = job.settings, job.source
    make = _batches(job)
    schedule = make.schedule
    with contextlib.ExitStack() as opened:
        feed = opened.enter_context(workers.feed(make, settings.workers))
        state.spent.workers = getattr(feed, "pids", ())
        job.device.join()
        built = graphs.build(settings, feed, state.batches, settings.seed, job.device.needs, state.step)
        with built.graph.as_default():
            checkpoints = Checkpoints(settings.output_path, built.variables, built.scale_state)
            initialise = graphs.initialiser(built)
            start = job.start if state.last is None else None
            load_pretrained = pretrained.setter(start, built.weights)
            job.device.prepare(built.variables + [built.taken])
        opened.callback(curves.draw, settings.output_path)
        opened.callback(logs.close_log, logs.open_log(settings.output_path, flags.device_id()))
        events = opened.enter_context(contextlib.closing(logs.Events(settings.output_path, built.graph)))
        metrics = opened.enter_context(contextlib.closing(logs.Metrics(settings.output_path)))
        progress = opened.enter_context(contextlib.closing(Progress(out, settings.total_steps, state.step)))
        validator = opened.enter_context(contextlib.closing(_Validator(settings, job.held_out, job.device)))
        parts = Parts(
            settings,
            make,
            job.device,
            built,
            checkpoints,
            metrics,
            events,
            validator.scores,
            progress,
            Meter(settings.batch_size * job.ranks.size),
            source.survey()[0],
            job.trace,
        )
        try:
            with job.device.training_session(built.graph) as session:
                session.run(initialise)
                load_pretrained(session)
                if state.last is not None:
                    checkpoints.restore(session, state.last)
                job.device.begin(session, _facts(settings, source, state))
                loop.run(parts, session, state)
        except Interrupted as stop:
            raise Interrupted(
                stop.what, stop.exit_code, remedy="go on with: " + resume_command(job.argv, settings)
            ) from None
        except RunFault as fault:
            logs.log.error("%s", fault)
            metrics.add("note", state.step, schedule.epoch_of(state.batches), fault=str(fault))
            raise
        finally:
            logs.log.info("work: %s", job.device.report())


def _facts(settings: Settings, source: Any, state: State) -> Dict[str, str]:
    """What has to be the same of all ranks; see peers.FACTS."""
    begin = "nothing" if state.last is None else "%d %s" % (state.batches, state.last.about["weights_digest"])
    told = {
        "settings": json.dumps([__version__, alike(settings)], sort_keys=True),
        "training frames": source.survey()[0],
        "weights to begin with": begin,
    }
    return {name: hashlib.sha256(text.encode("utf-8")).hexdigest() for name, text in told.items()}


class _Validator:
    """Scores weights on the val split, in a graph and session of its own that are made when first needed."""

    def __init__(self, settings: Settings, source: Any, device: Device) -> None:
        self._settings, self._source, self._device = settings, source, device
        self._scorer: Optional[runner.Scorer] = None
        self.scores: Optional[Validate] = None if source is None else self._scores

    def _scores(self, values: Dict[str, np.ndarray], stop: Stop) -> Dict[str, Any]:
        if self._scorer is None:
            self._open()
        self._scorer.load(runner.scored(values))
        predictions = loop.until_stopped(self._scorer.predictions(), stop)
        return scoring.quick(predictions, len(self._source.classes), self._protocol)

    def _open(self) -> None:
        settings, classes = self._settings, self._source.classes
        self._protocol = protocols.resolve(None, classes.names, classes.colours)
        height, width = sizes.evaluation_size(self._source)
        make = EvalBatches(self._source, BatchSpec(min(4, len(self._source)), height, width, len(classes)))
        model = graphs.model(settings, len(classes))
        self._scorer = runner.Scorer(model, make, self._device, settings.threads)

    def close(self) -> None:
        """Close the session, if there is one."""
        if self._scorer is not None:
            self._scorer.close()


def resume_command(argv: List[str], settings: Settings) -> str:
    """The command that goes on with this run."""
    kept = [word for word in argv if word not in ("--resume", "--overwrite")]
    return " ".join(replay.begin(settings) + [shlex.quote(word) for word in kept] + ["--resume"])
