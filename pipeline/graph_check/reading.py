"""From TensorFlow's graphs, in memory or in a file, to the records that the rules look at."""

import functools
import os
from typing import Any, Dict, List, Optional, Tuple

import tensorflow.compat.v1 as tf
from google.protobuf import text_format

from camvid_tools.errors import ToolkitError, one_line_reason

from .subject import Node, Subject, Tensor

_LIBRARIES = tuple(os.sep + name + os.sep for name in ("site-packages", "dist-packages"))


def from_graph(graph: tf.Graph, fetch: str, per_call: int = 1, config: Any = None) -> Subject:
    """The subject of a graph that was just built; `fetch` is the name of the operation that a step runs."""
    nodes = {op.name: _node(op) for op in graph.get_operations()}
    if fetch not in nodes:
        raise ToolkitError("the graph has no node '%s'" % fetch, remedy="name the one that a training step runs")
    return Subject(nodes, _library(graph.as_graph_def().library), fetch, per_call, config)


def from_file(path: str, fetch: str, per_call: int = 1) -> Subject:
    """The subject of a GraphDef or MetaGraphDef in a file, binary or as text (.pbtxt)."""
    graph = tf.Graph()
    with graph.as_default():
        try:
            tf.import_graph_def(_graph_def(path), name="")
        except (ValueError, tf.errors.OpError) as error:
            remedy = "load the library of ops that it needs first, or write the graph before the adapter rewrites it"
            raise ToolkitError("cannot be imported (%s)" % one_line_reason(error), path, remedy) from None
    return from_graph(graph, fetch, per_call)


def _graph_def(path: str) -> tf.GraphDef:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ToolkitError("cannot be read (%s)" % error.strerror, path, "name a GraphDef, .pb or .pbtxt") from None
    for parse in (_from_text, _from_binary) if path.endswith("txt") else (_from_binary, _from_text):
        for kind in (tf.GraphDef, tf.MetaGraphDef):
            found = parse(kind(), data)
            graph = found.graph_def if isinstance(found, tf.MetaGraphDef) else found
            if graph is not None and graph.node:
                return graph
    raise ToolkitError("holds no graph", path, "name a GraphDef, .pb or .pbtxt")


def _from_text(message: Any, data: bytes) -> Any:
    try:
        return text_format.Parse(data.decode("utf-8"), message)
    except (UnicodeDecodeError, text_format.ParseError):
        return None


def _from_binary(message: Any, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except Exception:  # DecodeError, which has moved between releases of protobuf
        return None
    return message


def _node(op: tf.Operation) -> Node:
    return Node(
        op.name,
        op.type,
        tuple((one.op.name, one.value_index) for one in op.inputs),
        tuple(one.name for one in op.control_inputs),
        tuple(_tensor(one) for one in op.outputs),
        op.node_def.attr,
        _functions(op.node_def),
        functools.partial(_source, op),
    )


def _tensor(tensor: tf.Tensor) -> Tensor:
    shape = None if tensor.shape.ndims is None else tuple(tensor.shape.as_list())
    return Tensor(tensor.dtype.base_dtype.name, shape)


def _functions(node: Any) -> Tuple[str, ...]:
    found = [value.func.name for value in node.attr.values() if value.WhichOneof("value") == "func"]
    for value in node.attr.values():
        found += [function.name for function in value.list.func]
    return tuple(found)


def _source(op: tf.Operation) -> Optional[str]:
    """File and line of the innermost call from outside any library."""
    try:
        frames = list(op.traceback)
    except (AttributeError, TypeError):
        return None
    for frame in reversed(frames):
        if not any(part in frame[0] for part in _LIBRARIES) and not frame[0].startswith("<"):
            return "%s:%d" % (os.path.relpath(frame[0]), frame[1])
    return None


def _library(library: Any) -> Dict[str, List[Node]]:
    return {function.signature.name: [_inner(node) for node in function.node_def] for function in library.function}


def _inner(node: Any) -> Node:
    """A node inside a function, whose tensors are not known."""
    inputs = tuple((name.split(":")[0], 0) for name in node.input if not name.startswith("^"))
    controls = tuple(name[1:] for name in node.input if name.startswith("^"))
    return Node(node.name, node.op, inputs, controls, (), node.attr, _functions(node))
