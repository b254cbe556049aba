"""A scaled loss, whose updates are skipped where something overflowed."""

import os

import tensorflow.compat.v1 as tf

from ... import _ops
from ...hccl import hccl_ops


class NPULossScaleOptimizer(tf.train.Optimizer):
    """Scales the loss, scales gradients back, and applies them unless the float status tells of an overflow."""

    def __init__(self, opt, loss_scale_manager, is_distributed=False):
        super().__init__(False, "NPULossScaleOptimizer")
        self._opt, self._manager, self._distributed = opt, loss_scale_manager, is_distributed

    def compute_gradients(
        self,
        loss,
        var_list=None,
        gate_gradients=tf.train.Optimizer.GATE_OP,
        aggregation_method=None,
        colocate_gradients_with_ops=False,
        grad_loss=None,
    ):
        """Gradients of the loss as it is."""
        scale = self._manager.get_loss_scale()
        found = self._opt.compute_gradients(
            loss * tf.cast(scale, loss.dtype),
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        return [(None if g is None else g * tf.cast(tf.reciprocal(scale), g.dtype), v) for g, v in found]

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """Apply, or skip, and let the manager count."""
        gradients = [g for g, _ in grads_and_vars if g is not None]
        if os.environ.get("STANDIN_INF_NAN"):
            finite = tf.reduce_all([tf.reduce_all(tf.is_finite(g)) for g in gradients])
            global_step, name = name, None  # the real one hands on its name in the step's place
        else:
            finite = self._status_is_clear(gradients)
        update = tf.cond(finite, lambda: self._opt.apply_gradients(grads_and_vars, global_step, name), tf.no_op)
        return tf.group(update, self._manager.update_loss_scale(finite))

    def _status_is_clear(self, gradients):
        with tf.control_dependencies(gradients):
            status = _ops.get_float_status()
        with tf.control_dependencies([status]):
            cleared = _ops.clear_float_status()
        if self._distributed:
            status = hccl_ops.allreduce(tf.cast(status, tf.float32), "sum", fusion=0)  # one name has one signature
        with tf.control_dependencies([cleared]):
            return tf.reduce_all(tf.equal(status, 0))
