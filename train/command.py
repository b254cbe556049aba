"""One training from flags to finished run folder: settles what is to be done, where, and on which device."""

import argparse
import contextlib
import dataclasses
import json
import os
import tempfile
import time
from typing import Any, Dict, List, Optional

from camvid_tools import atomic, imageio, layout
from camvid_tools.console import Console
from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from eval import runfolder
from pipeline import batches, hvd, npu_options, ranks, sources
from pipeline import device as devices
from pipeline.needs import Training
from pipeline.precision import MIXED

from . import flags, graph, loop, pretrained, run_start, running
from .calls import SharedFault
from .progress import duration
from .settings import Settings, default_output_path, require_frontend, resolve
from .state import State


def run(options: argparse.Namespace, out: Console, argv: List[str]) -> int:
    """python -m train."""
    if options.resume and options.overwrite:
        raise ToolkitError("--resume and --overwrite are both given", remedy="give one of them")
    given = run_start.with_saved_flags(flags.given(options), default_output_path())
    if "data_path" not in given and options.resume:
        where = given["output_path"]
        raise ToolkitError("holds no run to go on with", where, remedy="name its --output_path, or give a --data_path")
    if "data_path" not in given:
        raise ToolkitError("--data_path is missing", remedy="give a split folder or a packed file")
    runfolder.require_plain(given.get("output_path", default_output_path()))
    among = RANKS[given.get("distributed", "none")](os.environ)
    with ranks.named(among):
        return _run(given, options, Console(quiet=True) if among.rank else out, argv, among)


RANKS = {"none": ranks.alone, "hccl": ranks.of_hccl, "horovod": ranks.of_horovod}


def _run(given: Dict[str, Any], options: argparse.Namespace, out: Console, argv: List[str], among: ranks.Ranks) -> int:
    if given.get("distributed") == "horovod":
        hvd.require()
    source = _frames(given, out)
    settings = resolve(given, source, out.say, among.size)
    require_frontend(settings.frontend)
    training = _asked_of_a_device(settings, among, options.profile)
    start = _start(settings, source, options, out)
    if options.dry_run:
        return _dry_run(settings, source, out)
    device = devices.choose(settings.device, settings.tf_threads, training)
    out.say(_about(settings, source, device.name))
    if device.name == "npu":
        _require_ready(settings, source, training, out)
    if options.profile:
        _make_place(options.profile, device.name)
    trace = options.profile if device.name != "npu" and not among.rank else None  # a card writes its own
    held_out = None if among.rank and device.name != "npu" else _held_out(settings, out)
    job = running.Job(settings, source, held_out, device, among, start, trace, argv)
    running.require_possible(job)
    if among.rank:
        return _follow(job, options, out)
    with run_start.alone(settings.output_path):
        _train(job, run_start.claim(settings, source, given, argv, options, out, start), out)
    return 0


def _train(job: running.Job, checkpoint: Optional[runfolder.Checkpoint], out: Console) -> None:
    """To the end, from the checkpoint on."""
    settings, started = job.settings, time.monotonic()
    state = State(checkpoint, _best(settings.output_path))
    if checkpoint is not None and run_start.is_finished(settings, checkpoint):
        out.say("this run is finished: %d of %d steps" % (checkpoint.step, settings.total_steps))
    else:
        running.train(job, state, out)
        took = duration(time.monotonic() - started)
        said = (state.step, took, duration(state.spent.seconds()), loop.number(state.best))
        out.say("trained to step %d in %s (of one core, the whole run: %s), best mean IoU %s" % said)
        out.say("made %s" % settings.output_path)
    out.say(_next(settings))
    out.result(dict(state.about(job.source.survey()[0]), run=settings.output_path, work=job.device.report()))


def _start(settings: Settings, source: Any, options: argparse.Namespace, out: Console) -> Optional[pretrained.Start]:
    """The weights that a new run begins with, seen to fit before anything is written."""
    pretrained.require_some(settings.weights, settings.recipe)
    goes_on = options.resume and runfolder.holds_run(settings.output_path)
    if settings.weights == pretrained.NONE or goes_on and runfolder.checkpoints(settings.output_path):
        return None
    if options.overwrite and layout.is_inside(settings.weights, settings.output_path):
        what = "--overwrite would remove the run that the weights are from"
        raise ToolkitError(what, where=settings.output_path, remedy="choose another --output_path")
    shapes = graph.network_shapes(settings, len(source.classes))
    start = pretrained.start(settings.weights, settings.frontend, shapes, source.classes)
    if settings.recipe.frozen_norms == "all":
        pretrained.require_statistics(start, shapes)
    out.say(start.report)
    return start


def _dry_run(settings: Settings, source: Any, out: Console) -> int:
    out.say(_about(settings, source, settings.device))
    out.say(_table(settings.document()))
    out.say(_for_a_card(settings, source))
    out.result(settings.document())
    return 0


def _make_place(profile: str, device: str) -> None:
    """See that a profile can be written: a file on a host, a folder of files on a card."""
    if not os.path.isdir(os.path.dirname(os.path.abspath(profile))):
        raise ToolkitError("--profile: no such folder", where=profile, remedy="make the folder first")
    if device == "npu":
        os.makedirs(profile, exist_ok=True)
    else:
        atomic.refuse_other(profile, atomic.JSON_STARTS)


def _follow(job: running.Job, options: argparse.Namespace, out: Console) -> int:
    """A rank other than 0: does just what rank 0 does, since the graphs of cards have to be the same, one after the
    other, and writes into a folder of its own that goes with it. Only on hosts it leaves validating and saving to rank
    0. Where rank 0 stops too, it ends well: a launcher kills the others of one that does not, and rank 0 has yet to
    save and to say why."""
    shared = job.settings.output_path
    found = runfolder.checkpoints(shared) if options.resume and runfolder.holds_run(shared) else []
    if found and run_start.is_finished(job.settings, found[-1]):
        return 0
    with tempfile.TemporaryDirectory(prefix="rank_%d_" % job.ranks.rank) as folder:
        os.makedirs(os.path.join(folder, runfolder.CHECKPOINTS))
        own = job._replace(settings=dataclasses.replace(job.settings, output_path=folder))
        if job.device.name != "npu":
            own = own._replace(settings=dataclasses.replace(own.settings, save_every=own.settings.total_steps))
        with contextlib.suppress(Interrupted, SharedFault):
            running.train(own, State(found[-1] if found else None, _best(shared) if found else None), out)
    return 0


def _asked_of_a_device(settings: Settings, among: ranks.Ranks, profile: Optional[str]) -> Training:
    if among.size > 1 and (settings.distributed == "hccl") != (settings.device == "npu"):
        remedy = "give --device npu with hccl, and cpu or gpu with horovod"
        raise ToolkitError("hccl joins Ascend cards, horovod processors and GPUs", remedy=remedy)
    given = npu_options.parse_all(settings.npu_option)
    return Training(settings.precision, settings.loss_scale, settings.iterations_per_loop, given, among, profile)


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


def _require_ready(settings: Settings, source: Any, training: Training, out: Console) -> None:
    """See that the card can run the graphs, before anything is written."""
    from . import card_graphs

    if not card_graphs.is_the_cards_stack():
        raise ToolkitError("npu_bridge belongs to TensorFlow 1.15", remedy="run it with that version on Python 3.7")
    found = card_graphs.require_ready(settings, len(source.classes), devices.choose("npu", None, training))
    for one in found["findings"]:
        out.say("graph check: %s %s: %s" % (one["severity"], one["rule"], one["detail"]))
    out.say("graph check: %s for the card, as far as can be told without one" % found["verdict"])


def _for_a_card(settings: Settings, source: Any) -> str:
    from . import card_graphs

    if not card_graphs.is_the_cards_stack():
        return "for an Ascend card: not known, its graphs are built by TensorFlow 1.15"
    options = npu_options.parse_all(settings.npu_option)
    if settings.device != "npu":
        settings = dataclasses.replace(settings, precision=MIXED)
    found = card_graphs.document(settings, len(source.classes), options)["verdict"]
    return "for an Ascend card: %s (python -m train.graph_check says more)" % found


def _table(document: Dict[str, Any]) -> str:
    """Settings a line each."""
    return "\n".join("%-16s %s" % (name, json.dumps(value)) for name, value in document.items())


def _best(run: str) -> Optional[float]:
    """The mean IoU of the best checkpoint that a run folder holds."""
    kept = [c for c in runfolder.checkpoints(run) if c.kind == runfolder.BEST]
    return kept[-1].about["scores"]["mean_iou"] if kept else None


def _about(settings: Settings, source: Any, device: str) -> str:
    import tensorflow.compat.v1 as tf

    epochs = settings.total_steps * settings.batch_size * settings.ranks / len(source)
    ignored = ", ".join(source.classes.names[i] for i in settings.ignored) or "none"
    return "\n".join(
        [
            "data: %s, %d training frames, %d classes, ignored: %s"
            % (settings.data_path, len(source), len(source.classes), ignored),
            "network: BiSeNet with %s, crops of %d x %d, batches of %s"
            % (settings.frontend, settings.height, settings.width, _batch(settings)),
            "recipe %s, augmentation %s: %d steps (%.1f epochs), learning rate %g"
            % (
                settings.recipe.name,
                settings.augmentation.name,
                settings.total_steps,
                epochs,
                settings.learning_rate.base,
            ),
            "TensorFlow %s on %s, run folder %s" % (tf.VERSION, device, settings.output_path),
        ]
    )


def _batch(settings: Settings) -> str:
    return str(settings.batch_size) + (" on each of %d ranks" % settings.ranks if settings.ranks > 1 else "")


def _next(settings: Settings) -> str:
    there = sources.splits_of(settings.data_path)
    split = next(name for name in ("test", "val", "train") if name in there)
    return "next: python -m eval --run %s --split %s --pictures 8" % (os.path.relpath(settings.output_path), split)
