"""Gradients averaged over ranks."""

import os

import tensorflow.compat.v1 as tf

from ...hccl import hccl_ops


class NPUDistributedOptimizer(tf.train.Optimizer):
    """Averages gradients before they are given out; does nothing where RANK_SIZE is unset or 1."""

    def __init__(self, optimizer, name=None):
        super().__init__(False, name or "Distributed" + type(optimizer).__name__)
        self._optimizer = optimizer

    def compute_gradients(self, *args, **kwargs):
        """The mean over all ranks."""
        found = self._optimizer.compute_gradients(*args, **kwargs)
        size = int(os.environ.get("RANK_SIZE") or 1)
        if size <= 1:
            return found
        if not os.environ.get("JOB_ID"):
            raise AttributeError("'NoneType' object has no attribute '_rank_size'")
        shared, before = [], []
        for gradient, variable in found:
            if gradient is None:
                shared.append((None, variable))
                continue
            with tf.control_dependencies(before):  # one after the other: all ranks wait for each in one order
                mean = hccl_ops.allreduce(gradient, "sum") / size
            before = [mean]
            shared.append((mean, variable))
        return shared

    def apply_gradients(self, *args, **kwargs):
        """As the inner one does."""
        return self._optimizer.apply_gradients(*args, **kwargs)
