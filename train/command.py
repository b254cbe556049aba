"""One training from flags to finished run folder: puts data, graph, run folder and loop together."""

import argparse
import json
import os
import shlex
import time
from typing import Any, Dict, List, Optional

import numpy as np

from camvid_tools import imageio
from camvid_tools.console import Console
from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from eval import protocols, runfolder, runner, scoring
from pipeline import batches, sizes, sources, workers
from pipeline import device as devices
from pipeline.batches import EvalBatches, TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

from . import curves, flags, logs, loop, run_start
from . import graph as graphs
from .checkpoint import Checkpoints
from .progress import Meter, Progress, duration
from .settings import Settings, default_output_path, require_frontend, resolve


def run(options: argparse.Namespace, out: Console, argv: List[str]) -> int:
    """python -m train."""
    if options.resume and options.overwrite:
        raise ToolkitError("--resume and --overwrite are both given", remedy="give one of them")
    given = run_start.with_saved_flags(flags.given(options), default_output_path())
    if "data_path" not in given:
        raise ToolkitError("--data_path is missing", remedy="give a split folder or a packed file")
    source = _frames(given, out)
    settings = resolve(given, source, out.say)
    require_frontend(settings)
    device = devices.choose(settings.device, settings.tf_threads)
    out.say(_about(settings, source, device))
    if options.dry_run:
        out.say(_table(settings.document()))
        out.say(_for_a_card(settings, source))
        out.result(settings.document())
        return 0
    if options.profile and not os.path.isdir(os.path.dirname(os.path.abspath(options.profile))):
        raise ToolkitError("--profile: no such folder", where=options.profile, remedy="make the folder first")
    held_out = _held_out(settings, out)
    started = time.monotonic()
    checkpoint = run_start.claim(settings, source, given, argv, options, out)
    state = loop.State(checkpoint, _best(settings.output_path))
    if checkpoint is not None and run_start.is_finished(settings, checkpoint):
        out.say("this run is finished: %d of %d steps" % (checkpoint.step, settings.total_steps))
    else:
        _train(settings, source, held_out, device, state, out, options.profile, argv)
        took = duration(time.monotonic() - started)
        out.say("trained to step %d in %s, best mean IoU %s" % (state.step, took, loop.number(state.best)))
        out.say("made %s" % settings.output_path)
    out.say(_next(settings))
    out.result(dict(state.about(source.survey()[0]), run=settings.output_path))
    return 0


def _frames(given: Dict[str, Any], out: Console) -> Any:
    """The training frames, each of them seen to be readable, unless damaged ones are to be replaced."""
    tolerant = given.get("on_damaged") == batches.REPLACE
    source = sources.open_source(given["data_path"], "train", given.get("cache", sources.NONE), tolerant, out.say)
    try:
        source.survey()
    except imageio.ImageFault as fault:
        raise RunFault(fault.what, fault.where, batches.DAMAGED_REMEDY) from None
    return source


def _held_out(settings: Settings, out: Console) -> Any:
    """The frames to validate on, unread, None where there are none; opened before the run begins, since a cache that
    has no room for them should not be found out after an epoch."""
    if "val" not in sources.splits_of(settings.data_path):
        return None
    return sources.open_source(settings.data_path, "val", settings.cache, say=out.say)


def _for_a_card(settings: Settings, source: Any) -> str:
    from . import card_graphs

    if not card_graphs.is_the_cards_stack():
        return "for an Ascend card: not known, its graphs are built by TensorFlow 1.15"
    found = card_graphs.document(settings, len(source.classes), "mixed", {})["verdict"]
    return "for an Ascend card: %s (python -m train.graph_check says more)" % found


def _table(document: Dict[str, Any]) -> str:
    """Settings a line each."""
    return "\n".join("%-16s %s" % (name, json.dumps(value)) for name, value in document.items())


def _best(run: str) -> Optional[float]:
    """The mean IoU of the best checkpoint that a run folder holds."""
    kept = [c for c in runfolder.checkpoints(run) if c.kind == runfolder.BEST]
    return kept[-1].about["scores"]["mean_iou"] if kept else None


def _train(
    settings: Settings,
    source: Any,
    held_out: Any,
    device: devices.Device,
    state: loop.State,
    out: Console,
    profile: Optional[str],
    argv: List[str],
) -> None:
    """Build, restore, loop; closes everything it opened."""
    spec = BatchSpec(settings.batch_size, settings.height, settings.width, len(source.classes))
    schedule = Schedule(len(source), settings.batch_size, settings.seed)
    make = TrainBatches(source, schedule, settings.augmentation, spec, settings.on_damaged)
    with workers.feed(make, settings.workers) as feed:
        built = graphs.build(settings, feed, state.batches, settings.seed)
        with built.graph.as_default():
            checkpoints = Checkpoints(settings.output_path, built.variables)
            initialise = graphs.initialiser(built)
        handler = logs.open_log(settings.output_path, flags.device_id())
        metrics, events = logs.Metrics(settings.output_path), logs.Events(settings.output_path, built.graph)
        progress = Progress(out, settings.total_steps, state.step)
        validator = _Validator(settings, held_out, device)
        try:
            with device.session(built.graph) as session:
                if state.last is None:
                    session.run(initialise)
                else:
                    checkpoints.restore(session, state.last)
                parts = loop.Parts(
                    settings,
                    make,
                    built,
                    checkpoints,
                    metrics,
                    events,
                    validator.scores,
                    progress,
                    Meter(settings.batch_size),
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


class _Validator:
    """Scores weights on the val split, in a graph and session of its own that are made when first needed."""

    def __init__(self, settings: Settings, source: Any, device: devices.Device) -> None:
        self._settings, self._source, self._device = settings, source, device
        self._scorer: Optional[runner.Scorer] = None
        self.scores: Optional[loop.Validate] = None if source is None else self._scores

    def _scores(self, values: Dict[str, np.ndarray], stop: loop.Stop) -> Dict[str, Any]:
        if self._scorer is None:
            self._open()
        self._scorer.load(values)
        predictions = loop.until_stopped(self._scorer.predictions(), stop)
        return scoring.quick(predictions, len(self._source.classes), self._protocol)

    def _open(self) -> None:
        settings, classes = self._settings, self._source.classes
        self._protocol = protocols.resolve(None, classes.names, classes.colours)
        height, width = sizes.evaluation_size(self._source)
        make = EvalBatches(self._source, BatchSpec(min(4, len(self._source)), height, width, len(classes)))
        model = runner.Model(settings.frontend, len(classes), settings.ignored)
        self._scorer = runner.Scorer(model, make, self._device, settings.threads)

    def close(self) -> None:
        """Close the session, if there is one."""
        if self._scorer is not None:
            self._scorer.close()


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
    there = sources.splits_of(settings.data_path)
    split = next(name for name in ("test", "val", "train") if name in there)
    return "next: python -m eval --run %s --split %s --pictures 8" % (os.path.relpath(settings.output_path), split)
