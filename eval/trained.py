"""A trained run as the subject of an evaluation."""

import argparse
import contextlib
import os
from typing import Any, Dict, Iterator

from camvid_tools.errors import ToolkitError
from net import bisenet
from pipeline import device as devices
from pipeline import sizes, sources
from pipeline.batches import EvalBatches
from pipeline.spec import BatchSpec

from . import latency, runfolder, runner
from .subject import Prediction, Subject


def _model(trained: runfolder.Run) -> runner.Model:
    settings = trained.settings
    stride = settings["recipe"].get("score_stride", bisenet.STRIDE)  # runs of before there was a choice say nothing
    return runner.Model(settings["frontend"], len(trained.classes), tuple(settings["ignored"]), stride)


def subject(options: argparse.Namespace) -> Subject:
    """The run that the flags name; ToolkitError if it does not fit the data."""
    trained = runfolder.read(options.run or runfolder.newest())
    checkpoint = runfolder.choose(trained.path, options.checkpoint)
    source = sources.open_source(options.data_path or trained.settings["data_path"], options.split)
    if source.classes != trained.classes:
        raise ToolkitError(
            "its class table is not the one that the run was trained with",
            where=source.path,
            remedy="the run has %d classes: %s" % (len(trained.classes), ", ".join(trained.classes.names)),
        )
    model = _model(trained)
    height, width = sizes.evaluation_size(source)
    values = runner.scored(runner.read_checkpoint(checkpoint.prefix))
    device = devices.choose(options.device)

    @contextlib.contextmanager
    def predictions() -> Iterator[Iterator[Prediction]]:
        batch = min(options.batch_size, len(source))
        make = EvalBatches(source, BatchSpec(batch, height, width, len(source.classes)))
        with runner.Scorer(model, make, device, os.cpu_count() or 1) as scorer:
            scorer.load(values)
            yield scorer.predictions()

    def speed() -> Dict[str, Any]:
        single = EvalBatches(source, BatchSpec(1, height, width, len(source.classes)))
        with runner.FrameByFrame(model, values, single.spec, device) as network:
            return {"latency_ms": latency.document(latency.latency(network, single), device.name)}

    title = "scoring %s (step %d)" % (os.path.relpath(checkpoint.prefix), checkpoint.step)
    about = {"path": checkpoint.prefix, "step": checkpoint.step, "digest": checkpoint.about["weights_digest"]}
    document = {"size": [height, width], "checkpoint": about}
    return Subject(title, source, trained.path, document, predictions, speed)
