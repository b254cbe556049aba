"""Checkpoints that are whole or not there: written aside, synced, renamed; a JSON written last makes one count."""

import contextlib
import glob
import hashlib
import os
import shutil
from typing import Any, Dict, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools import atomic
from camvid_tools.errors import RunFault, ToolkitError
from eval import runfolder
from eval.runfolder import BEST, CHECKPOINTS, LAST, Checkpoint

LAST_KEPT = 2
_ASIDE = ".writing"


def weights_digest(values: Dict[str, np.ndarray]) -> str:
    """sha256 over variables in order of name: name, dtype, shape, little-endian bytes."""
    digest = hashlib.sha256()
    for name in sorted(values):
        value = np.asarray(values[name])
        digest.update(("%s %s %s\n" % (name, value.dtype.name, list(value.shape))).encode("utf-8"))
        digest.update(np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False)))
    return digest.hexdigest()


def fetch(session: tf.Session, variables: List[Any]) -> Dict[str, np.ndarray]:
    """The values of variables by name."""
    return dict(zip([variable.op.name for variable in variables], session.run(variables)))


class Checkpoints:
    """Writes the checkpoints of one run, keeps the newest two and the best, restores."""

    def __init__(self, run: str, variables: List[Any], optional: Sequence[Any] = ()) -> None:
        """optional: those among `variables` that the checkpoint of another device may lack."""
        self._run, self._variables, self._optional = run, variables, [variable.op.name for variable in optional]
        self._folder = os.path.join(run, CHECKPOINTS)
        self._saver = self._without = tf.train.Saver(variables, max_to_keep=None)
        if optional:
            self._without = tf.train.Saver([v for v in variables if v.op.name not in self._optional])

    def save(self, session: tf.Session, kind: str, about: Dict[str, Any]) -> Checkpoint:
        """Write `kind`-`about['step']`; RunFault, and nothing is written, if a variable is not finite."""
        values = fetch(session, self._variables)
        for name, value in values.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise RunFault("%s is not finite at step %d: not saved" % (name, about["step"]), where=self._run)
        name = "%s-%d" % (kind, about["step"])
        files = self._write_aside(session, name)
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self._folder, name + ".json"))
        for file in files:
            os.replace(os.path.join(self._folder, _ASIDE, file), os.path.join(self._folder, file))
        sizes = {file: os.path.getsize(os.path.join(self._folder, file)) for file in files}
        document = dict(about, files=sizes, weights_digest=weights_digest(values))
        atomic.write_json(os.path.join(self._folder, name + ".json"), document)
        self._drop_old()
        return Checkpoint(os.path.join(self._folder, name), kind, about["step"], document)

    def annotate(self, checkpoint: Checkpoint, about: Dict[str, Any]) -> Checkpoint:
        """Say more about a checkpoint that stands: `about` over what its JSON says."""
        document = dict(checkpoint.about, **about)
        atomic.write_json(checkpoint.prefix + ".json", document)
        return checkpoint._replace(about=document)

    def _write_aside(self, session: tf.Session, name: str) -> List[str]:
        aside = os.path.join(self._folder, _ASIDE)
        shutil.rmtree(aside, ignore_errors=True)
        os.makedirs(aside)
        try:
            self._saver.save(session, os.path.join(aside, name), write_meta_graph=False, write_state=False)
        except tf.errors.OpError as error:
            remedy = "make room; the checkpoint before it is kept, and --resume goes on from there"
            raise RunFault("cannot be written (%s)" % error.message.splitlines()[0], aside, remedy) from None
        files = sorted(os.listdir(aside))
        for file in files:
            atomic.sync_file(os.path.join(aside, file))
        return files

    def _drop_old(self) -> None:
        """Remove all but the newest two of `last` and the newest of `best`, and name the rest for TensorFlow."""
        found = runfolder.checkpoints(self._run)
        kept = [c for c in found if c.kind == LAST][-LAST_KEPT:] + [c for c in found if c.kind == BEST][-1:]
        _write_state(self._folder, kept)
        for checkpoint in found:
            if checkpoint not in kept:
                remove(checkpoint)
        shutil.rmtree(os.path.join(self._folder, _ASIDE), ignore_errors=True)

    def restore(self, session: tf.Session, checkpoint: Checkpoint) -> None:
        """Set variables from a checkpoint, all but those optional ones that it lacks; ToolkitError if it is damaged."""
        try:
            held = tf.train.load_checkpoint(checkpoint.prefix)
            has_all = all(held.has_tensor(name) for name in self._optional)
            (self._saver if has_all else self._without).restore(session, checkpoint.prefix)
        except (tf.errors.OpError, ValueError):
            remedy = "remove %s.*, and --resume goes on from the one before it" % checkpoint.prefix
            raise ToolkitError("this checkpoint is damaged", where=checkpoint.prefix, remedy=remedy) from None


def remove(checkpoint: Checkpoint) -> None:
    """Remove a checkpoint: first what makes it count, then its files."""
    os.remove(checkpoint.prefix + ".json")
    for file in glob.glob(glob.escape(checkpoint.prefix) + ".*"):
        os.remove(file)


def _write_state(folder: str, kept: List[Checkpoint]) -> None:
    """The `checkpoint` file, from which tf.train.latest_checkpoint finds the newest."""
    names = [os.path.basename(c.prefix) for c in sorted(kept, key=lambda c: (c.step, c.kind == LAST))]
    lines = ['model_checkpoint_path: "%s"' % names[-1]] if names else []
    lines += ['all_model_checkpoint_paths: "%s"' % name for name in names]
    atomic.write_text(os.path.join(folder, "checkpoint"), "\n".join(lines) + "\n")
