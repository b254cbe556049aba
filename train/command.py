"""One training from flags to finished run folder: puts data, graph, run folder and loop together."""

import argparse
import os
import shlex
import time
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from camvid_tools.console import Console
from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from eval import protocols, runfolder, runner, scoring
from net.frontends import FRONTENDS
from pipeline import device as devices
from pipeline import sizes, sources
from pipeline.batches import EvalBatches, TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

from . import curves, flags, logs, loop, run_start
from . import graph as graphs
from .checkpoint import Checkpoints
from .progress import Progress, duration
from .settings import Settings, default_output_path, resolve


def run(options: argparse.Namespace, out: Console, argv: List[str]) -> int:
    """python -m train."""
    given = run_start.with_saved_flags(flags.given(options), default_output_path())
    if "data_path" not in given:
        raise ToolkitError("--data_path is missing", remedy="give a split folder or a packed file")
    source = sources.open_source(given["data_path"], "train", given.get("cache", "none"))
    settings = resolve(given, source)
    if settings.frontend not in FRONTENDS:
        raise ToolkitError("no frontend '%s'" % settings.frontend, remedy="there are %s" % ", ".join(sorted(FRONTENDS)))
    device = devices.choose(settings.device, settings.tf_threads)
    out.say(_about(settings, source, device))
    if options.dry_run:
        out.result(settings.document())
        return 0
    started = time.monotonic()
    checkpoint = run_start.claim(settings, source, given, argv, options, out)
    if checkpoint is not None and checkpoint.step >= settings.total_steps:
        out.say("this run is finished: %d of %d steps\n%s" % (checkpoint.step, settings.total_steps, _next(settings)))
        return 0
    state = _train(settings, source, device, checkpoint, out, options.profile, argv)
    out.say("trained %d steps in %s, best mean IoU %s" % (state.step, duration(time.monotonic() - started), state.best))
    out.say("made %s\n%s" % (settings.output_path, _next(settings)))
    out.result(dict(state.about(source.survey()[0]), run=settings.output_path))
    return 0


def _train(
    settings: Settings,
    source: Any,
    device: devices.Device,
    checkpoint: Optional[runfolder.Checkpoint],
    out: Console,
    profile: Optional[str],
    argv: List[str],
) -> loop.State:
    """Build, restore, loop; closes everything it opened."""
    state = _state(checkpoint)
    spec = BatchSpec(settings.batch_size, settings.height, settings.width, len(source.classes))
    schedule = Schedule(len(source), settings.batch_size, settings.seed)
    make = TrainBatches(source, schedule, settings.augmentation, spec, settings.on_damaged)
    built = graphs.build(settings, make, state.batches, settings.seed)
    with built.graph.as_default():
        checkpoints = Checkpoints(settings.output_path, built.variables)
        initialise = graphs.initialiser(built)
    handler = logs.open_log(settings.output_path, flags.device_id())
    metrics, events = logs.Metrics(settings.output_path), logs.Events(settings.output_path, built.graph)
    progress = Progress(out, settings.total_steps, state.step)
    validator = _Validator(settings, device)
    try:
        with device.session(built.graph) as session:
            if checkpoint is None:
                session.run(initialise)
            else:
                checkpoints.restore(session, checkpoint)
            parts = loop.Parts(
                settings,
                make,
                built,
                checkpoints,
                metrics,
                events,
                validator.scores,
                progress,
                source.survey()[0],
                profile,
            )
            loop.run(parts, session, state)
    except Interrupted as stop:
        raise Interrupted(stop.what, stop.exit_code, remedy="go on with: " + resume_command(argv)) from None
    except RunFault as fault:
        logs.log.error("%s", fault)
        metrics.add("note", state.step, schedule.epoch_of(state.batches), fault=str(fault))
        raise
    finally:
        validator.close()
        progress.close()
        metrics.close()
        events.close()
        logs.close_log(handler)
        curves.draw(settings.output_path)
    return state


def _state(checkpoint: Optional[runfolder.Checkpoint]) -> loop.State:
    if checkpoint is None:
        return loop.State()
    about = checkpoint.about
    return loop.State(about["step"], about["batches"], about["best_mean_iou"])


class _Validator:
    """Scores weights on the val split, in a graph and session of its own that are made when first needed."""

    def __init__(self, settings: Settings, device: devices.Device) -> None:
        self._settings, self._device = settings, device
        self._scorer: Optional[runner.Scorer] = None
        has_val = "val" in sources.splits_of(settings.data_path)
        self.scores: Optional[Callable] = self._scores if has_val else None

    def _scores(self, values: Dict[str, np.ndarray]) -> Dict[str, Any]:
        if self._scorer is None:
            self._open()
        self._scorer.load(values)
        predictions = self._scorer.predictions()
        return scoring.quick(predictions, len(self._source.classes), self._protocol)[0]

    def _open(self) -> None:
        settings = self._settings
        self._source = sources.open_source(settings.data_path, "val", settings.cache)
        classes = self._source.classes
        self._protocol = protocols.resolve(None, classes.names, classes.colours)
        height, width = sizes.evaluation_size(self._source)
        make = EvalBatches(self._source, BatchSpec(min(4, len(self._source)), height, width, len(classes)))
        model = runner.Model(settings.frontend, len(classes), settings.ignored)
        self._scorer = runner.Scorer(model, make, self._device, settings.threads)

    def close(self) -> None:
        """Close the session, if there is one."""
        if self._scorer is not None:
            self._scorer.__exit__()


def resume_command(argv: List[str]) -> str:
    """The command that goes on with this run."""
    kept = [word for word in argv if word not in ("--resume", "--overwrite")]
    return " ".join(["python -m train"] + [shlex.quote(word) for word in kept] + ["--resume"])


def _about(settings: Settings, source: Any, device: devices.Device) -> str:
    import tensorflow.compat.v1 as tf

    epochs = settings.total_steps * settings.batch_size / len(source)
    ignored = ", ".join(source.classes.names[i] for i in settings.ignored) or "none"
    return "\n".join(
        [
            "data: %s, %d training frames, %d classes, ignored: %s"
            % (settings.data_path, len(source), len(source.classes), ignored),
            "network: BiSeNet with %s, crops of %d x %d, batches of %d"
            % (settings.frontend, settings.height, settings.width, settings.batch_size),
            "recipe %s, augmentation %s: %d steps (%.1f epochs), learning rate %g"
            % (
                settings.recipe.name,
                settings.augmentation.name,
                settings.total_steps,
                epochs,
                settings.learning_rate.base,
            ),
            "TensorFlow %s on %s, run folder %s" % (tf.VERSION, device.name, settings.output_path),
        ]
    )


def _next(settings: Settings) -> str:
    split = "test" if "test" in sources.splits_of(settings.data_path) else "val"
    return "next: python -m eval --run %s --split %s --pictures 8" % (os.path.relpath(settings.output_path), split)
