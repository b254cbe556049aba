"""--self_test: overfit two drawn frames, and see that graph, gradients, loss, saving and restoring work here."""

import argparse
import tempfile
from typing import Any, Dict, List, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools import classes, scene
from camvid_tools.console import Console
from camvid_tools.errors import ToolkitError
from eval import runfolder, runner, scoring
from eval.protocols import resolve
from pipeline import device as devices
from pipeline.batches import EvalBatches, TrainBatches
from pipeline.schedule import Schedule
from pipeline.sources import ArraySource
from pipeline.spec import BatchSpec

from . import flags
from . import graph as graphs
from . import settings as settings_module
from .checkpoint import Checkpoints, fetch, weights_digest

HEIGHT, WIDTH, FRAMES = 96, 128, 2
BATCH = 4  # each frame twice: over two values a channel, batch norm learns averages that are off by a factor
STEPS = 150
TAKEN = ("self_test", "device", "seed", "frontend", "tf_threads")
ENOUGH_ACCURACY, ENOUGH_IOU = 0.8, 0.45  # thin things at a network's stride of 8 keep the IoU from 1
LOSS_FALLS_BY = 4.0


def run(options: argparse.Namespace, out: Console) -> int:
    """Print one line a check; exit code 1 if any fails."""
    others = sorted(set(flags.given(options)) - set(TAKEN))
    if others:
        raise ToolkitError(
            "--self_test is a training of its own, which takes no --%s" % others[0], remedy="leave it out"
        )
    source = two_frames()
    given = {
        "data_path": source.path,
        "output_path": "",
        "batch_size": BATCH,
        "train_steps": STEPS,
        "recipe": "scratch",
        "weights": "none",
        "augment": "none",
        "threads": 1,
        "device": options.device or "auto",
        "seed": 123 if options.seed is None else options.seed,
    }
    given.update({"frontend": options.frontend} if options.frontend else {})
    settings = settings_module.resolve(given, source)
    settings_module.require_frontend(settings.frontend)
    device = devices.choose(settings.device, options.tf_threads)
    out.say("overfitting %d drawn frames of %d x %d with %s" % (FRAMES, HEIGHT, WIDTH, settings.frontend))
    checks = _checks(settings, source, device, out)
    for name, passed, detail in checks:
        out.say("%-6s %s: %s" % ("ok" if passed else "FAILED", name, detail))
    passed = all(check[1] for check in checks)
    out.say("self-test passed" if passed else "self-test FAILED")
    out.result(
        {
            "schema": "self-test/1",
            "passed": passed,
            "checks": [dict(zip(("name", "passed", "detail"), c)) for c in checks],
        }
    )
    return 0 if passed else 1


def two_frames() -> ArraySource:
    """Two frames of a drawn street, in CamVid's 32 classes."""
    samples = [scene.render("0006R0", number, 0, HEIGHT, WIDTH) for number in (930, 2430)]
    return ArraySource(["first", "second"], samples, classes.camvid32())


Check = Tuple[str, bool, str]


def _checks(settings: Any, source: ArraySource, device: devices.Device, out: Console) -> List[Check]:
    spec = BatchSpec(BATCH, HEIGHT, WIDTH, len(source.classes))
    make = TrainBatches(source, Schedule(FRAMES, BATCH, settings.seed), settings.augmentation, spec)
    built = graphs.build(settings, make, 0, settings.seed, device.needs)
    with built.graph.as_default(), tempfile.TemporaryDirectory() as folder:
        saver, initialise = Checkpoints(folder, built.variables), graphs.initialiser(built)
        with device.training_session(built.graph) as session:
            session.run(initialise)
            device.begin(session, {})
            before = fetch(session, built.variables)
            losses = _train(session, built, out)
            after = fetch(session, built.variables)
            checks = [_losses_fall(losses), _all_move(before, after, built)]
            checks.append(_restores(session, built, saver, folder, initialise, after))
    checks.append(_scores(settings, source, spec, device, after))
    return checks


def _train(session: tf.Session, built: graphs.TrainGraph, out: Console) -> List[float]:
    session.run(built.iterator.initializer)
    steps = out.progress(range(STEPS), STEPS, "self-test")
    return [float(session.run(built.fetches)["loss_main"]) for _ in steps]


def _losses_fall(losses: List[float]) -> Check:
    first, last = losses[0], float(np.mean(losses[-5:]))
    passed = bool(np.isfinite(losses).all()) and last * LOSS_FALLS_BY < first
    return "loss falls", passed, "main head's loss from %.3f to %.3f in %d steps" % (first, last, len(losses))


def _all_move(before: Dict[str, Any], after: Dict[str, Any], built: graphs.TrainGraph) -> Check:
    still = [name for name in before if np.array_equal(before[name], after[name])]
    detail = "all %d variables moved" % len(before) if not still else "%s did not move" % ", ".join(still[:5])
    return "gradients reach everything", not still, detail


def _restores(session: Any, built: Any, saver: Checkpoints, folder: str, initialise: Any, after: Dict) -> Check:
    saver.save(session, runfolder.LAST, {"step": STEPS})
    session.run(initialise)
    saver.restore(session, runfolder.choose(folder, runfolder.LAST))
    same = weights_digest(fetch(session, built.variables)) == weights_digest(after)
    return "save and restore", same, "weights %s after restoring" % ("are equal" if same else "DIFFER")


def _scores(settings: Any, source: ArraySource, spec: BatchSpec, device: devices.Device, values: Dict) -> Check:
    model = graphs.model(settings, len(source.classes))
    with runner.Scorer(model, EvalBatches(source, spec), device, 1) as scorer:
        scorer.load(values)
        found = scoring.quick(scorer.predictions(), len(source.classes), resolve(None, source.classes.names))
    accuracy, iou = found["pixel_accuracy"], found["mean_iou"]
    detail = "%.3f of the pixels right, needed %.2f; mean IoU %.3f, needed %.2f"
    passed = accuracy >= ENOUGH_ACCURACY and iou >= ENOUGH_IOU
    return "frames are learned", passed, detail % (accuracy, ENOUGH_ACCURACY, iou, ENOUGH_IOU)
