"""A trained network as its run folder holds it, and as the subject of an evaluation."""

import argparse
import contextlib
import os
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

import numpy as np

from camvid_tools.errors import ToolkitError
from net import bisenet
from net.frontends import FRONTENDS
from pipeline import device as devices
from pipeline import sizes, sources
from pipeline.batches import EvalBatches
from pipeline.spec import BatchSpec

from . import latency, runfolder, runner
from .subject import Prediction, Subject


class Trained(NamedTuple):
    """A network with the weights of one checkpoint, their averages where it holds any; damaged: what is wrong with
    others of its run, from which it may be the way out."""

    run: runfolder.Run
    checkpoint: runfolder.Checkpoint
    model: runner.Model
    values: Dict[str, np.ndarray]
    damaged: List[str]

    @property
    def title(self) -> str:
        """The checkpoint, for people."""
        return "%s (%s)" % (
            os.path.relpath(self.checkpoint.prefix),
            "; ".join(["step %d" % self.checkpoint.step] + self.damaged),
        )

    @property
    def document(self) -> Dict[str, Any]:
        """The checkpoint, for programs."""
        saved = self.checkpoint
        return {"path": saved.prefix, "step": saved.step, "digest": saved.about["weights_digest"]}


def load(path: Optional[str], which: str) -> Trained:
    """The checkpoint `which` of a run, the newest run below output/ where none is named."""
    run = runfolder.read(path or runfolder.newest())
    checkpoint = runfolder.choose(run.path, which)
    values = runner.scored(runner.read_checkpoint(checkpoint.prefix))
    return Trained(run, checkpoint, _model(run), values, runfolder.damaged(run.path))


def _model(run: runfolder.Run) -> runner.Model:
    settings = run.settings
    if settings["frontend"] not in FRONTENDS:
        remedy = "restore its %s; there are %s" % (runfolder.SETTINGS, ", ".join(sorted(FRONTENDS)))
        raise ToolkitError("no frontend '%s'" % settings["frontend"], run.path, remedy)
    stride = settings["recipe"].get("score_stride", bisenet.STRIDE)  # runs of before there was a choice say nothing
    return runner.Model(settings["frontend"], len(run.classes), tuple(settings["ignored"]), stride)


def subject(options: argparse.Namespace, path: Optional[str] = None) -> Subject:
    """The run at `path`, or the newest, under the flags; ToolkitError if it does not fit the data."""
    trained = load(path, options.checkpoint)
    run = trained.run
    source = sources.open_source(options.data_path or run.settings["data_path"], options.split)
    if source.classes != run.classes:
        raise ToolkitError(
            "its class table is not the one that the run was trained with",
            where=source.path,
            remedy="the run has %d classes: %s" % (len(run.classes), ", ".join(run.classes.names)),
        )
    height, width = sizes.evaluation_size(source)
    device = devices.choose(options.device)

    @contextlib.contextmanager
    def predictions() -> Iterator[Iterator[Prediction]]:
        batch = min(options.batch_size, len(source))
        make = EvalBatches(source, BatchSpec(batch, height, width, len(source.classes)))
        with runner.Scorer(trained.model, make, device, os.cpu_count() or 1) as scorer:
            scorer.load(trained.values)
            yield scorer.predictions()

    def speed() -> Dict[str, Any]:
        single = EvalBatches(source, BatchSpec(1, height, width, len(source.classes)))
        with runner.FrameByFrame(trained.model, trained.values, single.spec, device) as network:
            return {"latency_ms": latency.document(latency.latency(network, single), device.name)}

    document = {"size": [height, width], "checkpoint": trained.document}
    return Subject("scoring " + trained.title, run, source, run.path, document, predictions, speed)
