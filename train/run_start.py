"""Starting in a run folder: whose it is, what may go on in it, what is written down first."""

import argparse
import contextlib
import os
import platform
import shlex
import shutil
from typing import Any, Dict, Iterator, List, Optional, Sequence

from camvid_tools import __version__, atomic, locks
from camvid_tools.console import Console
from camvid_tools.errors import ToolkitError
from eval import runfolder
from pipeline import sources
from pipeline.augmentations import NAMED

from . import checkpoint as checkpoints
from . import class_weights, logs, pretrained
from .recipes import DEFAULT, RECIPES
from .settings import Settings, differences

OF_A_DEVICE = ("device", "precision", "loss_scale", "npu_option", "distributed")
PATHS_OR_NAMES = {  # flags that take a path, and what else they take
    "data_path": (),
    "cache": (sources.NONE, sources.MEMORY),
    "recipe": [DEFAULT] + list(RECIPES),
    "augment": NAMED,
    "weights": pretrained.NAMES,
}
NOT_SAVED = ("resume", "overwrite", "dry_run", "self_test", "profile")


def with_saved_flags(given: Dict[str, Any], default_output: str) -> Dict[str, Any]:
    """The flags of this command; with --resume, those of the run's own command stand behind them."""
    flags = dict({"output_path": default_output}, **given)
    if not flags.get("resume") or not runfolder.holds_run(flags["output_path"]):
        return flags
    run = runfolder.read(flags["output_path"])
    saved = dict(run.document["given"], **_settled(run))
    if "train_steps" in given or "train_epochs" in given:
        saved = {name: value for name, value in saved.items() if name not in ("train_steps", "train_epochs")}
    if "device" in given and (given["device"] == "npu") != (run.settings.get("device") == "npu"):
        saved = {name: value for name, value in saved.items() if name not in OF_A_DEVICE}
    return dict(saved, **flags)


def _settled(run: runfolder.Run) -> Dict[str, Any]:
    """Flags for what a run took by what was installed, by what names meant and by the labels that could be read when it
    began: it goes on with that. Files of its own are read again."""
    settings, given = run.settings, run.document["given"]
    if "weights" not in settings:
        return {}
    settled = {name: settings[name] for name in ("frontend", "weights")}
    if not _is_file(given.get("recipe"), PATHS_OR_NAMES["recipe"]):
        settled["recipe"] = settings["recipe"]
    if not _is_file(given.get("class_weights"), class_weights.NAMES):
        settled["class_weights"] = settings["class_weights"] or class_weights.NONE
    return settled


def _is_file(value: Any, names: Sequence[str]) -> bool:
    return isinstance(value, str) and value not in names


@contextlib.contextmanager
def alone(run: str) -> Iterator[None]:
    """Have a run folder for ourselves; ToolkitError where it is something else, or another training is at work."""
    _refuse_foreign(run)
    os.makedirs(run, exist_ok=True)
    with locks.alone(run, "another training", "wait for it, or choose another --output_path"):
        yield


def claim(
    settings: Settings,
    source: Any,
    given: Dict[str, Any],
    argv: List[str],
    options: argparse.Namespace,
    out: Console,
    start: Optional[pretrained.Start] = None,
) -> Optional[runfolder.Checkpoint]:
    """Make the run folder ours and return the checkpoint to go on from, or None to start at step 0."""
    run = settings.output_path
    if runfolder.holds_run(run) and not options.resume and not options.overwrite:
        remedy = "--resume goes on with it, --overwrite removes it, or choose another --output_path"
        raise ToolkitError("holds another run", where=run, remedy=remedy)
    checkpoint = held = None
    if runfolder.holds_run(run) and options.resume:
        held = runfolder.read(run).document
        _require_same(settings, source, run, out)
        found = runfolder.checkpoints(run)
        checkpoint = found[-1] if found else None
        for fault in runfolder.damaged(run):
            out.warn(fault)
        out.say(_resuming(checkpoint))
        if checkpoint is not None and is_finished(settings, checkpoint):
            return checkpoint
        logs.rewind(run, checkpoint.step if checkpoint else -1, checkpoint.about["validated"] if checkpoint else -1)
    elif options.resume:
        out.say("no run here yet: starting at step 0")
    elif options.overwrite:
        _remove_run(run)
    # The settings come first: a folder with them is ours, whatever a kill leaves out of the rest.
    told = document(settings, source, given, argv, start)
    if held is not None and start is None:
        told["weights"] = held.get("weights")  # what it began with
    atomic.write_json(os.path.join(run, runfolder.SETTINGS), told)
    os.makedirs(os.path.join(run, runfolder.CHECKPOINTS), exist_ok=True)
    return checkpoint


def is_finished(settings: Settings, checkpoint: runfolder.Checkpoint) -> bool:
    """Whether nothing is left to do: all steps are done, and the last weights validated where there is a val split."""
    has_val = "val" in sources.splits_of(settings.data_path)
    return checkpoint.step >= settings.total_steps and (not has_val or checkpoint.about["validated"] == checkpoint.step)


def _refuse_foreign(run: str) -> None:
    atomic.require_folder(run, "--output_path")
    if not runfolder.holds_run(run) and not atomic.is_unclaimed(run, runfolder.SETTINGS):
        raise ToolkitError("holds files of something else", where=run, remedy="choose another --output_path")


def _resuming(checkpoint: Optional[runfolder.Checkpoint]) -> str:
    if checkpoint is None:
        return "nothing to go on from: starting at step 0"
    return "going on from %s at step %d" % (checkpoint.prefix, checkpoint.step)


def _require_same(settings: Settings, source: Any, run: str, out: Console) -> None:
    held = runfolder.read(run)
    if "weights" not in held.settings:
        remedy = "python -m eval still scores it; train into another --output_path"
        raise ToolkitError("this run was made by an earlier version, which trained otherwise", where=run, remedy=remedy)
    if held.document["data_digest"] != source.survey()[0]:
        remedy = "restore the data, or train into another --output_path"
        if not source.damaged:
            raise ToolkitError("the training frames are not those that this run began with", where=run, remedy=remedy)
        text = "%d damaged frames will be replaced; whether the others are those that this run began with is not known"
        out.warn(text % len(source.damaged))
    changed = differences(held.settings, settings.document())
    if _is_regrouped(held.settings, settings):
        text = "%d ranks of %d images go on with what %d of %d began: the same batches, normalised in other parts"
        parts = (settings.ranks, settings.batch_size, changed.pop("ranks")[0], changed.pop("batch_size")[0])
        out.say(text % parts)
    elif "ranks" in changed:
        remedy = "all ranks together have to take %d images a step, as before, by --batch_size" % _a_step(held.settings)
        raise _changed("ranks", *changed["ranks"], run, remedy)
    longer = changed.pop("total_steps", None)
    if longer is not None:
        for name in ("learning_rate.total", "learning_rate.warm_up"):
            changed.pop(name, None)
        out.say("length changed from %d to %d steps; the learning rate follows the new length" % longer)
    for name, (old, new) in changed.items():
        raise _changed(name, old, new, run, "leave the flag out, or train into another --output_path")


def _changed(name: str, old: Any, new: Any, run: str, remedy: str) -> ToolkitError:
    return ToolkitError("%s was %s in this run and is %s now" % (name, _short(old), _short(new)), run, remedy)


def _is_regrouped(held: Dict[str, Any], settings: Settings) -> bool:
    """Whether other ranks make up the same batches as those of these settings."""
    return held.get("ranks", 1) != settings.ranks and _a_step(held) == settings.ranks * settings.batch_size


def _a_step(held: Dict[str, Any]) -> int:
    """Images that all ranks took a step."""
    return held.get("ranks", 1) * held["batch_size"]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _remove_run(run: str) -> None:
    """Remove what a training and its evaluation wrote, and nothing else; the settings, which make it a run, last."""
    for found in runfolder.checkpoints(run):
        checkpoints.remove(found)
    folder = os.path.join(run, runfolder.CHECKPOINTS)
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if name == "checkpoint" or name.startswith(("last-", "best-", ".")):
            _remove(os.path.join(folder, name))
    ours = (runfolder.METRICS, runfolder.CURVES, runfolder.SCORES, runfolder.CONFUSION)
    for name in os.listdir(run) if os.path.isdir(run) else []:
        log = name.startswith("train_") and name.endswith(".log")
        if name in ours or name.startswith("events.out.tfevents.") or log:
            os.remove(os.path.join(run, name))
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(run, runfolder.SETTINGS))


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def document(
    settings: Settings, source: Any, given: Dict[str, Any], argv: List[str], start: Optional[pretrained.Start] = None
) -> Dict[str, Any]:
    """settings.json: everything that is needed to know, and to repeat, what was trained."""
    import cv2
    import numpy
    import tensorflow.compat.v1 as tf

    return {
        "schema": runfolder.SCHEMA,
        "command": " ".join(["python -m train"] + [shlex.quote(word) for word in argv]),
        "settings": settings.document(),
        "given": {name: _anywhere(name, value) for name, value in given.items() if name not in NOT_SAVED},
        "weights": None if start is None else {"report": start.report, "sha256": start.sha256},
        "classes": [[name] + list(colour) for name, colour in zip(source.classes.names, source.classes.colours)],
        "palette_digest": source.classes.digest(),
        "data_digest": source.survey()[0],
        "frames": len(source),
        "versions": {
            "toolkit": __version__,
            "python": platform.python_version(),
            "tensorflow": tf.VERSION,
            "numpy": numpy.__version__,
            "opencv": cv2.__version__,
        },
    }


def _anywhere(name: str, value: Any) -> Any:
    """A flag's value so that the run can be resumed from another folder: paths are absolute."""
    if name == "class_weights" and _is_file(value, class_weights.NAMES):
        path, formula = class_weights.parts(value)
        return os.path.abspath(path) + ("" if formula is None else ":" + formula)
    is_path = name in PATHS_OR_NAMES and _is_file(value, PATHS_OR_NAMES[name])
    return os.path.abspath(value) if is_path else value
