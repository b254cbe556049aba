"""Starting in a run folder: whose it is, what may go on in it, what is written down first."""

import argparse
import os
import platform
import shlex
import shutil
from typing import Any, Dict, List, Optional

from camvid_tools import __version__, atomic
from camvid_tools.console import Console
from camvid_tools.errors import ToolkitError
from eval import runfolder

from . import checkpoint as checkpoints
from . import logs
from .settings import Settings, differences

NOT_SAVED = ("resume", "overwrite", "dry_run", "self_test", "profile")


def with_saved_flags(given: Dict[str, Any], default_output: str) -> Dict[str, Any]:
    """The flags of this command; with --resume, those of the run's own command stand behind them."""
    flags = dict({"output_path": default_output}, **given)
    if not flags.get("resume") or not runfolder.holds_run(flags["output_path"]):
        return flags
    saved = runfolder.read(flags["output_path"]).document["given"]
    if "train_steps" in given or "train_epochs" in given:
        saved = {name: value for name, value in saved.items() if name not in ("train_steps", "train_epochs")}
    return dict(saved, **flags)


def claim(
    settings: Settings, source: Any, given: Dict[str, Any], argv: List[str], options: argparse.Namespace, out: Console
) -> Optional[runfolder.Checkpoint]:
    """Make the run folder ours and return the checkpoint to go on from, or None to start at step 0."""
    run = settings.output_path
    if os.path.exists(run) and not os.path.isdir(run):
        raise ToolkitError("is a file, a folder is due", where=run, remedy="choose another --output_path")
    foreign = os.path.isdir(run) and os.listdir(run) and not runfolder.holds_run(run)
    if foreign and not options.overwrite:
        raise ToolkitError("holds files of something else", where=run, remedy="choose another --output_path")
    if runfolder.holds_run(run) and not options.resume and not options.overwrite:
        remedy = "--resume goes on with it, --overwrite removes it, or choose another --output_path"
        raise ToolkitError("holds another run", where=run, remedy=remedy)
    digest = source.survey()[0]
    checkpoint = None
    if runfolder.holds_run(run) and options.resume:
        _require_same(settings, digest, run, out)
        found = runfolder.checkpoints(run)
        checkpoint = found[-1] if found else None
        out.say(_resuming(checkpoint))
        if checkpoint is not None and checkpoint.step >= settings.total_steps:
            return checkpoint
        logs.rewind(run, checkpoint.step if checkpoint else -1)
    elif options.overwrite:
        _remove_run(run)
    os.makedirs(os.path.join(run, runfolder.CHECKPOINTS), exist_ok=True)
    atomic.write_json(os.path.join(run, runfolder.SETTINGS), document(settings, source, given, argv))
    return checkpoint


def _resuming(checkpoint: Optional[runfolder.Checkpoint]) -> str:
    if checkpoint is None:
        return "nothing was saved yet: starting at step 0"
    return "going on from %s at step %d" % (checkpoint.prefix, checkpoint.step)


def _require_same(settings: Settings, digest: str, run: str, out: Console) -> None:
    held = runfolder.read(run)
    if held.document["data_digest"] != digest:
        remedy = "restore the data, or train into another --output_path"
        raise ToolkitError("the training frames are not those that this run began with", where=run, remedy=remedy)
    changed = differences(held.settings, settings.document())
    longer = changed.pop("total_steps", None)
    if longer is not None:
        changed.pop("learning_rate", None)
        out.say("length changed from %d to %d steps; the learning rate follows the new length" % longer)
    for name, (old, new) in changed.items():
        raise ToolkitError(
            "--%s was %s in this run and is %s now" % (name, _short(old), _short(new)),
            where=run,
            remedy="leave the flag out, or train into another --output_path",
        )


def _short(value: Any) -> str:
    text = str(value["name"] if isinstance(value, dict) and "name" in value else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _remove_run(run: str) -> None:
    """Remove what a training wrote, and nothing else that lies in the folder."""
    for found in runfolder.checkpoints(run):
        checkpoints.remove(found)
    shutil.rmtree(os.path.join(run, runfolder.CHECKPOINTS), ignore_errors=True)
    for name in os.listdir(run) if os.path.isdir(run) else []:
        ours = (runfolder.SETTINGS, runfolder.METRICS, runfolder.CURVES, runfolder.SCORES, runfolder.CONFUSION)
        if name in ours or name.startswith(("events.", "train_")):
            os.remove(os.path.join(run, name))


def document(settings: Settings, source: Any, given: Dict[str, Any], argv: List[str]) -> Dict[str, Any]:
    """settings.json: everything that is needed to know, and to repeat, what was trained."""
    import cv2
    import numpy
    import tensorflow.compat.v1 as tf

    return {
        "schema": runfolder.SCHEMA,
        "command": " ".join(["python -m train"] + [shlex.quote(word) for word in argv]),
        "settings": settings.document(),
        "given": dict({n: v for n, v in given.items() if n not in NOT_SAVED}, data_path=settings.data_path),
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
