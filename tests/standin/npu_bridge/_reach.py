"""What a run takes from a graph."""

import tensorflow.compat.v1 as tf
from tensorflow.python.client import session as tf_session

SHAPELESS = {"BroadcastGradientArgs", "IteratorV2", "VarHandleOp"}


def elements(graph, fetches):
    """The tensors and operations that are fetched."""
    with graph.as_default():
        found = tf_session._FetchMapper.for_fetch(fetches).unique_fetches()
    return [graph.as_graph_element(one) for one in found]


def fed(graph, feed_dict):
    """The tensors that are fed."""
    keys = tf.nest.flatten(list(feed_dict or {}), expand_composites=True)
    return [graph.as_graph_element(key, allow_operation=False) for key in keys]


def operation(element):
    """That a fetched element belongs to."""
    return element if isinstance(element, tf.Operation) else element.op


def nodes(fetched, given=()):
    """All operations that the fetched elements depend on, themselves included; not what is behind `given` tensors."""
    waiting, seen, cut = [operation(one) for one in fetched], {}, {one.name for one in given}
    while waiting:
        one = waiting.pop()
        if one.name not in seen:
            seen[one.name] = one
            waiting += [source.op for source in one.inputs if source.name not in cut] + list(one.control_inputs)
    return list(seen.values())


def is_static(node):
    """Whether all that a node gives has a known shape, but for what never has."""
    if node.type in SHAPELESS:
        return True
    given = node.outputs[:5] if node.type.startswith("FusedBatchNormV3") else node.outputs
    return all(out.shape.is_fully_defined() for out in given if out.dtype != tf.resource)
