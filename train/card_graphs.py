"""The graphs of a training and its evaluation as they are built for an Ascend card, and what its rules say of them."""

from typing import Any, Dict, Mapping

import tensorflow.compat.v1 as tf

from eval import runner
from pipeline import device, npu, tfdata
from pipeline.graph_check import reading, rules
from pipeline.graph_check.subject import Subject
from pipeline.npu_options import Value
from pipeline.spec import BatchSpec

from . import graph as graphs
from .settings import Settings

ONE_STEP = device.HOST.repeated


def is_the_cards_stack() -> bool:
    """Whether this TensorFlow builds the graphs that a card gets."""
    return tf.VERSION.startswith("1.")


def document(settings: Settings, classes: int, precision: str, options: Mapping[str, Value]) -> Dict[str, Any]:
    """The check of the training's graph as JSON, with that of the evaluation's inside."""
    spec = BatchSpec(settings.batch_size, settings.height, settings.width, classes)
    training, evaluation = _training(settings, spec, precision, options), _evaluation(settings, spec)
    found = rules.document(training, rules.findings(training))
    other = rules.document(evaluation, rules.findings(evaluation))
    if other["verdict"] != rules.READY:
        found["verdict"] = other["verdict"]
    return dict(found, evaluation={key: value for key, value in other.items() if key != "schema"})


def _training(settings: Settings, spec: BatchSpec, precision: str, options: Mapping[str, Value]) -> Subject:
    per_call = settings.iterations_per_loop
    needs = device.Needs(
        npu.keep_float32, dense_loss=True, has_clock=False, repeated=npu.repeated if per_call > 1 else ONE_STEP
    )
    built = graphs.build(settings, _Unfed(spec), 0, settings.seed, needs)
    config = npu.session_config(precision, per_call, options)
    return reading.from_graph(built.graph, built.fetches["train_op"].name, per_call, config)


def _evaluation(settings: Settings, spec: BatchSpec) -> Subject:
    with tf.Graph().as_default() as graph:
        image, _ = tfdata.iterator(tfdata.dataset(_Unfed(spec), spec, 0, 1, 1)).get_next()
        model = runner.Model(settings.frontend, spec.classes, settings.ignored)
        ids = runner.inference(model, image, spec, npu.keep_float32)
    return reading.from_graph(graph, ids.op.name, 1, npu.session_config("float32", 1, {}))


class _Unfed:
    """Stands where batches come from, in a graph that is not run."""

    def __init__(self, spec: BatchSpec) -> None:
        self.spec = spec

    def __call__(self, number: int) -> Any:
        raise RuntimeError("this graph is only looked at")
