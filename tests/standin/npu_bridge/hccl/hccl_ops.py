"""Collective ops."""

import tensorflow.compat.v1 as tf

from .. import _ops


def allreduce(tensor, reduction, fusion=1, fusion_id=-1, group="hccl_world_group"):
    """The sum of all ranks' tensors."""
    if reduction != "sum":
        raise NotImplementedError(reduction)
    return _ops.exchange("HcomAllReduce", tensor, sum)


def broadcast(tensor, root_rank, fusion=2, fusion_id=0, group="hccl_world_group"):
    """A list of tensors: those of the root."""
    graph = tf.get_default_graph()
    made = []
    for one in tensor:
        before = getattr(graph, "_last_broadcast", None)  # one after the other: all ranks wait for each in one order
        with tf.control_dependencies([] if before is None else [before]):
            graph._last_broadcast = _ops.exchange("HcomBroadcast", one, lambda found: found[root_rank])
        made.append(graph._last_broadcast)
    return made
