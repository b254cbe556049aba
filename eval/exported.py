"""The forms in which a network leaves: written, and read again by a runtime that knows nothing of this package."""

import contextlib
import importlib
import os
from typing import Any, Callable, ContextManager, Dict, Iterator, NamedTuple, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools.errors import ToolkitError, one_line_reason

from .export import FROZEN, ONNX, SAVED_MODEL
from .serving import IDS, IMAGE, SCORES, Answer, Serving

OPSET = 13
Run = Callable[[np.ndarray], Answer]


class Names(NamedTuple):
    """What a form's own runtime calls the input and the outputs."""

    image: str
    ids: str
    scores: str


PLAIN, TENSORS = Names(IMAGE, IDS, SCORES), Names(IMAGE + ":0", IDS + ":0", SCORES + ":0")


class Form(NamedTuple):
    """write(serving, path) makes a file, or a folder; read(path) opens it as somebody else would, until it is left;
    needs: modules of an extra."""

    write: Callable[[Serving, str], None]
    read: Callable[[str], ContextManager[Run]]
    names: Names
    needs: Tuple[str, ...] = ()


def require(form: str) -> None:
    """ToolkitError where a module that the form needs is missing."""
    for name in FORMS[form].needs:
        try:
            with _environment_kept():
                importlib.import_module(name)
        except ImportError as error:
            what = "--form %s needs %s (%s)" % (form, name, one_line_reason(error))
            raise ToolkitError(what, remedy="pip install tf2onnx onnxruntime, or pip install .[export]") from None


@contextlib.contextmanager
def _environment_kept() -> Iterator[None]:
    """tf2onnx sets what TensorFlow logs, which processes that are started would inherit."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def _write_frozen(serving: Serving, path: str) -> None:
    _write(path, serving.frozen().SerializeToString(deterministic=True))


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def _read_frozen(path: str) -> Iterator[Run]:
    definition = tf.GraphDef()
    with open(path, "rb") as file:
        definition.ParseFromString(file.read())
    with _session() as session:
        tf.import_graph_def(definition, name="")
        yield _asking(session, TENSORS)


def _write_saved_model(serving: Serving, path: str) -> None:
    info = tf.saved_model.utils.build_tensor_info
    with serving.graph.as_default():
        signature = tf.saved_model.signature_def_utils.build_signature_def(
            {IMAGE: info(serving.image)},
            {IDS: info(serving.ids), SCORES: info(serving.scores)},
            tf.saved_model.signature_constants.PREDICT_METHOD_NAME,
        )
        key = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    try:
        builder = tf.saved_model.builder.SavedModelBuilder(path)
        with serving.graph.as_default():
            tags = [tf.saved_model.tag_constants.SERVING]
            builder.add_meta_graph_and_variables(serving.session, tags, {key: signature})
        builder.save()
    except tf.errors.OpError as error:
        what = "cannot be written (%s)" % error.message.splitlines()[0]
        raise ToolkitError(what, where=path, remedy="see that the place is writable and has room") from None


@contextlib.contextmanager
def _read_saved_model(path: str) -> Iterator[Run]:
    with _session() as session:
        found = tf.saved_model.loader.load(session, [tf.saved_model.tag_constants.SERVING], path)
        signature = found.signature_def[tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
        tensors = (signature.inputs[IMAGE].name, signature.outputs[IDS].name, signature.outputs[SCORES].name)
        yield _asking(session, Names(*tensors))


@contextlib.contextmanager
def _session() -> Iterator[tf.Session]:
    """A graph of its own with a session on the processor, where the answers are compared."""
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"GPU": 0})) as session:
        yield session


def _asking(session: tf.Session, names: Names) -> Run:
    return lambda image: Answer(*session.run([names.ids, names.scores], {names.image: image}))


def _write_onnx(serving: Serving, path: str) -> None:
    from tf2onnx import convert

    outputs = [TENSORS.ids, TENSORS.scores]
    try:
        with _environment_kept():
            model, _ = convert.from_graph_def(
                serving.frozen(), input_names=[TENSORS.image], output_names=outputs, opset=OPSET
            )
    except Exception as error:  # whatever a release of it makes of a TensorFlow or numpy that it does not know
        what = "tf2onnx cannot convert it: %s" % one_line_reason(error)
        raise ToolkitError(what, remedy="use another release of it, or --form frozen") from error
    _rename(model.graph, dict(zip(TENSORS, PLAIN)))
    _write(path, model.SerializeToString())


def _rename(graph: Any, names: Dict[str, str]) -> None:
    """Names without colons, which other tools take for separators."""
    for value in list(graph.input) + list(graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.get(name, name) for name in ends]


@contextlib.contextmanager
def _read_onnx(path: str) -> Iterator[Run]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    wanted: Sequence[str] = [IDS, SCORES]
    yield lambda image: Answer(*session.run(wanted, {IMAGE: image}))


FORMS: Dict[str, Form] = {
    SAVED_MODEL: Form(_write_saved_model, _read_saved_model, PLAIN),
    FROZEN: Form(_write_frozen, _read_frozen, TENSORS),
    ONNX: Form(_write_onnx, _read_onnx, PLAIN, ("tf2onnx.convert", "onnxruntime")),
}
