"""Collective ops."""

import numpy as np
import tensorflow.compat.v1 as tf

from .. import _ops

REDUCTIONS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def allreduce(tensor, reduction, fusion=1, fusion_id=-1, group="hccl_world_group"):
    """The sum of all ranks' tensors, or what else `reduction` makes of them. Two that do not depend on each other are
    the caller's to order, as NPUDistributedOptimizer does: a chain of all would drag a training into each of them."""
    if reduction not in REDUCTIONS:
        raise ValueError("reduction %r is none of %s" % (reduction, ", ".join(sorted(REDUCTIONS))))
    return _ops.exchange("HcomAllReduce", tensor, REDUCTIONS[reduction].reduce)


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
