"""One evaluation: run folder and data to scores, JSON and pictures."""

import argparse
import os
import time
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from camvid_tools import atomic, imageio
from camvid_tools.console import Console
from camvid_tools.errors import ToolkitError
from pipeline import device as devices
from pipeline import sizes, sources
from pipeline.batches import EvalBatches
from pipeline.spec import BatchSpec

from . import pictures, protocols, runfolder, runner, scoring, tables

SCHEMA = "camvid-eval/1"


def run(options: argparse.Namespace, out: Console) -> int:
    """python -m eval."""
    if options.batch_size < 1 or options.pictures < 0:
        raise ToolkitError("--batch_size %d and --pictures %d: too few" % (options.batch_size, options.pictures))
    if options.out and os.path.exists(options.out) and not os.path.isdir(options.out):
        raise ToolkitError("is a file, a folder is due", where=options.out, remedy="choose another --out")
    trained = runfolder.read(options.run or runfolder.newest())
    checkpoint = runfolder.choose(trained.path, options.checkpoint)
    source = sources.open_source(options.data_path or trained.settings["data_path"], options.split)
    chosen = _protocols(options.protocol, source)
    job = _job(trained, checkpoint, source, options)
    out.say(
        "scoring %s (step %d) on %d %s frames of %s"
        % (os.path.relpath(checkpoint.prefix), checkpoint.step, len(source), options.split, source.path)
    )
    folder = options.out or trained.path
    gallery = _Gallery(source, options.pictures, os.path.join(folder, runfolder.PICTURES))
    counted, seconds = _count(job, options, chosen, gallery, out)
    delay = runner.latency(job.model, job.values, job.height, job.width, job.device)
    blocks = scoring.blocks(counted, chosen)
    document = _document(job, options.split, blocks, delay, len(source) / seconds)
    scores = blocks[0].scores
    heat = pictures.confusion_picture(scores.confusion, scores.names, scores.other)
    imageio.write_png(os.path.join(folder, runfolder.CONFUSION), heat)
    atomic.write_json(os.path.join(folder, runfolder.SCORES), document)
    for block in blocks:
        out.say(tables.table(block))
    out.say(_closing(document, gallery, folder))
    out.result(document)
    return 0


class _Job(NamedTuple):
    """What is scored with what."""

    trained: runfolder.Run
    checkpoint: runfolder.Checkpoint
    source: Any
    model: runner.Model
    values: Dict[str, np.ndarray]
    height: int
    width: int
    device: devices.Device


def _job(trained: runfolder.Run, checkpoint: runfolder.Checkpoint, source: Any, options: argparse.Namespace) -> _Job:
    if source.classes != trained.classes:
        raise ToolkitError(
            "its class table is not the one that the run was trained with",
            where=source.path,
            remedy="the run has %d classes: %s" % (len(trained.classes), ", ".join(trained.classes.names)),
        )
    settings = trained.settings
    model = runner.Model(settings["frontend"], len(trained.classes), tuple(settings["ignored"]))
    height, width = sizes.evaluation_size(source)
    values = runner.scored(runner.read_checkpoint(checkpoint.prefix))
    return _Job(trained, checkpoint, source, model, values, height, width, devices.choose(options.device))


def _protocols(names: Any, source: Any) -> List[protocols.Protocol]:
    try:
        wanted = list(dict.fromkeys(names or [None]))
        return [protocols.resolve(name, source.classes.names, source.classes.colours) for name in wanted]
    except ValueError as error:
        raise ToolkitError(str(error)) from None


def _count(
    job: _Job, options: argparse.Namespace, chosen: List, gallery: "_Gallery", out: Console
) -> Tuple[scoring.Counted, float]:
    """All counts, and the seconds from the first frame to the last; building the graph is no part of them."""
    batch = min(options.batch_size, len(job.source))
    make = EvalBatches(job.source, BatchSpec(batch, job.height, job.width, len(job.source.classes)))
    with runner.Scorer(job.model, make, job.device, os.cpu_count() or 1) as scorer:
        scorer.load(job.values)
        begin = time.perf_counter()
        predictions = out.progress(scorer.predictions(), len(job.source), "scoring")
        counted = scoring.count(predictions, len(job.source.classes), chosen, gallery.look)
        seconds = time.perf_counter() - begin
    if len(counted.confusions) != len(job.source):
        raise AssertionError("%d frames scored of %d" % (len(counted.confusions), len(job.source)))
    return counted, seconds


class _Gallery:
    """Writes pictures of frames taken evenly from the split."""

    def __init__(self, source: Any, count: int, folder: str) -> None:
        self._source, self.folder = source, folder
        count = min(count, len(source))
        self._wanted = set(np.linspace(0, len(source) - 1, count).round().astype(int).tolist()) if count > 0 else set()
        self.written: List[str] = []

    def look(self, prediction: runner.Prediction, confusion: np.ndarray) -> None:
        """Write the picture of this frame if it is one of those wanted."""
        if prediction.frame not in self._wanted:
            return
        name, table = self._source.names[prediction.frame], self._source.classes
        image, _ = self._source.read(prediction.frame)
        correct = confusion.trace() / max(1, confusion.sum())
        titles = (name, "label", "prediction, %.1f %% of pixels right" % (100 * correct))
        picture = pictures.side_by_side(
            image, prediction.truth, prediction.prediction, table.colour_array(), table.names, titles
        )
        path = os.path.join(self.folder, name + ".png")
        imageio.write_png(path, picture)
        self.written.append(path)


def _document(job: _Job, split: str, blocks: List[tables.Block], delay: runner.Latency, rate: float) -> Dict[str, Any]:
    first, others = blocks[0], blocks[1:]
    document = {
        "schema": SCHEMA,
        "split": split,
        "frames": len(job.source),
        "size": [job.height, job.width],
        "checkpoint": {
            "path": job.checkpoint.prefix,
            "step": job.checkpoint.step,
            "digest": job.checkpoint.about["weights_digest"],
        },
        "data_digest": job.source.survey()[0],
    }
    document.update(tables.scores_json(first))
    document["latency_ms"] = {"median": round(delay.median, 2), "p95": round(delay.p95, 2), "device": job.device.name}
    document["images_per_second"] = round(rate, 2)
    if others:
        document["others"] = {block.protocol.name: tables.scores_json(block) for block in others}
    return document


def _closing(document: Dict[str, Any], gallery: _Gallery, folder: str) -> str:
    delay = document["latency_ms"]
    lines = [
        "one frame takes %.0f ms (median, %s), the 95th percentile %.0f ms"
        % (delay["median"], delay["device"], delay["p95"])
    ]
    lines.append("made %s and %s" % tuple(os.path.join(folder, n) for n in (runfolder.SCORES, runfolder.CONFUSION)))
    if gallery.written:
        lines.append("made %d pictures in %s" % (len(gallery.written), gallery.folder))
    return "\n".join(lines)
