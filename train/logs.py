"""What a run writes while it goes: metrics.jsonl for programs, TensorBoard events, a log file for people."""

import contextlib
import glob
import json
import logging
import os
import time
from typing import Any, Dict

import tensorflow.compat.v1 as tf

from camvid_tools import atomic
from eval.runfolder import METRICS, read_metrics

log = logging.getLogger("camvid")


class Metrics:
    """metrics.jsonl: one object a line, appended and flushed at once."""

    def __init__(self, run: str) -> None:
        self._file = open(os.path.join(run, METRICS), "a", encoding="utf-8")

    def add(self, kind: str, step: int, epoch: float, **values: Any) -> None:
        """Append one line; `kind` is train, validation or note."""
        entry = dict({"kind": kind, "step": step, "epoch": round(epoch, 4), "time": round(time.time(), 3)}, **values)
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def rewind(run: str, step: int, validated: int) -> None:
    """Drop everything after `step`, and validations after `validated`, from metrics.jsonl and the events: it is about
    to be done again."""

    def keep(entry: Dict[str, Any]) -> bool:
        return entry["step"] <= (validated if entry["kind"] == "validation" else step)

    kept = [entry for entry in read_metrics(run) if keep(entry)]
    atomic.write_text(os.path.join(run, METRICS), "".join(json.dumps(entry) + "\n" for entry in kept))
    for path in sorted(glob.glob(os.path.join(glob.escape(run), "events.*"))):
        _rewind_events(path, step, validated)


def _rewind_events(path: str, step: int, validated: int) -> None:
    def keep(event: Any) -> bool:
        validation = any(value.tag.startswith("validation/") for value in event.summary.value)
        return event.step <= (validated if validation else step)

    kept = []
    with contextlib.suppress(tf.errors.DataLossError):  # cut off in the middle of a record: what came before is whole
        kept.extend(event for event in tf.train.summary_iterator(path) if keep(event))
    with atomic.replacing(path) as part, tf.io.TFRecordWriter(part) as writer:
        for event in kept:
            writer.write(event.SerializeToString())


class Events:
    """Numbers for TensorBoard."""

    def __init__(self, run: str, graph: tf.Graph) -> None:
        with graph.as_default():  # FileWriter refuses to work outside a graph under TensorFlow 2
            self._writer = tf.summary.FileWriter(run)

    def add(self, step: int, **values: float) -> None:
        """Add scalars at a step; None is passed over."""
        scalars = [tf.Summary.Value(tag=name, simple_value=v) for name, v in values.items() if v is not None]
        self._writer.add_summary(tf.Summary(value=scalars), step)
        self._writer.flush()

    def close(self) -> None:
        """Write out and close."""
        self._writer.close()


def open_log(run: str, device_id: str) -> logging.Handler:
    """Send the `camvid` loggers to train_<id>.log of the run; close with `close_log`."""
    handler = logging.FileHandler(os.path.join(run, "train_%s.log" % device_id), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    log.propagate = False
    return handler


def close_log(handler: logging.Handler) -> None:
    """Detach and close a handler that `open_log` made."""
    log.removeHandler(handler)
    handler.close()
