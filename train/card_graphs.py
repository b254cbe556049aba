"""The graphs of a training and its evaluation as they are built for an Ascend card, and what its rules say of them."""

from typing import Any, Callable, Dict, Mapping, Optional

import tensorflow.compat.v1 as tf

from camvid_tools.errors import ToolkitError
from eval import runner
from pipeline import npu_marks, tfdata
from pipeline.device import Device
from pipeline.graph_check import reading, rules
from pipeline.graph_check.subject import Subject
from pipeline.needs import Needs
from pipeline.npu_options import Value
from pipeline.spec import BatchSpec

from . import graph as graphs
from .settings import LENGTHS, Settings


def is_the_cards_stack() -> bool:
    """Whether this TensorFlow builds the graphs that a card gets."""
    return tf.VERSION.startswith("1.")


def document(settings: Settings, classes: int, options: Mapping[str, Value]) -> Dict[str, Any]:
    """The check of the training's graph as JSON, with that of the evaluation's inside; built without an adapter."""
    per_call, precision = settings.iterations_per_loop, settings.precision
    config = npu_marks.session_config(precision, per_call, options)
    spec = BatchSpec(settings.batch_size, settings.height, settings.width, classes)
    needs = npu_marks.needs(per_call)
    other = npu_marks.inference_config(precision, options)
    return _document(_training(settings, spec, needs, config), _evaluation(settings, spec, needs, other))


def require_ready(settings: Settings, classes: int, card: Device) -> Dict[str, Any]:
    """The same of the graphs as this card gets them; ToolkitError names the first error."""
    spec = BatchSpec(settings.batch_size, settings.height, settings.width, classes)
    training = _training(settings, spec, card.needs, card.training_config(), card.prepare)
    found = _document(training, _evaluation(settings, spec, card.needs, card.inference_config()))
    if found["verdict"] != rules.READY:
        first = (found["findings"] + found["evaluation"]["findings"])[0]
        place = " ".join(part for part in (first["node"], first["source"]) if part)
        text = "the graph is not ready for the card (%s): %s" % (first["rule"], first["detail"])
        raise ToolkitError(text, where=place or None, remedy=first["remedy"])
    return found


def _document(training: Subject, evaluation: Subject) -> Dict[str, Any]:
    found = rules.document(training, rules.findings(training))
    other = rules.document(evaluation, rules.findings(evaluation))
    if other["verdict"] != rules.READY:
        found["verdict"] = other["verdict"]
    return dict(found, evaluation={key: value for key, value in other.items() if key != "schema"})


def _training(
    settings: Settings, spec: BatchSpec, needs: Needs, config: tf.ConfigProto, prepare: Optional[Callable] = None
) -> Subject:
    built = graphs.build(settings, _Unfed(spec), 0, settings.seed, needs)
    if prepare is not None:
        with built.graph.as_default():
            prepare(built.variables + [built.taken])
    subject = reading.from_graph(built.graph, built.fetches["train_op"].name, settings.iterations_per_loop, config)
    lengths = {name: getattr(settings, name) for name in LENGTHS}
    return subject._replace(ranks=settings.ranks, lengths=lengths)


def _evaluation(settings: Settings, spec: BatchSpec, needs: Needs, config: tf.ConfigProto) -> Subject:
    with tf.Graph().as_default() as graph:
        image, _ = tfdata.iterator(tfdata.dataset(_Unfed(spec), spec, 0, 1, 1)).get_next()
        model = graphs.model(settings, spec.classes)
        ids = runner.inference(model, image, spec, needs.precise)
    return reading.from_graph(graph, ids.op.name, 1, config)


class _Unfed:
    """Stands where batches come from, in a graph that is not run."""

    def __init__(self, spec: BatchSpec) -> None:
        self.spec = spec

    def __call__(self, number: int) -> Any:
        raise RuntimeError("this graph is only looked at")
