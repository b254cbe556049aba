"""By what a loss is scaled, and how that follows what overflows."""

import tensorflow.compat.v1 as tf


class FixedLossScaleManager:
    """A constant; whether an overflow is looked for can be said from r1.5 on."""

    def __init__(self, loss_scale):
        if loss_scale < 1:
            raise ValueError("loss scale must be at least 1.")
        self._loss_scale = tf.convert_to_tensor(loss_scale, tf.float32, name="loss_scale")

    def get_loss_scale(self):
        """float32 scalar."""
        return self._loss_scale

    def update_loss_scale(self, finite_grads):
        """Nothing to do."""
        return tf.no_op()


class ExponentialUpdateLossScaleManager:
    """Grows after many good steps in a row, shrinks after bad ones, which good ones do not make forgotten."""

    def __init__(self, init_loss_scale, incr_every_n_steps, decr_every_n_nan_or_inf=2, incr_ratio=2, decr_ratio=0.8):
        self._every = (incr_every_n_steps, decr_every_n_nan_or_inf)
        self._ratios = (incr_ratio, decr_ratio)
        self._scale = _variable("loss_scale", init_loss_scale, tf.float32)
        self._good, self._bad = _variable("good_steps", 0, tf.int32), _variable("bad_steps", 0, tf.int32)

    def get_loss_scale(self):
        """float32 scalar."""
        return self._scale

    def update_loss_scale(self, finite_grads):
        """The operation that counts a step and changes the scale where that is due."""
        return tf.cond(finite_grads, self._after_a_good_one, self._after_a_bad_one)

    def _after_a_good_one(self):
        due = self._good + 1 >= self._every[0]
        return tf.cond(due, self._grow, lambda: tf.assign_add(self._good, 1).op)

    def _grow(self):
        allowed = self._scale < 3.4e38 / self._ratios[0]
        return self._change(tf.cond(allowed, lambda: self._scale * self._ratios[0], lambda: self._scale))

    def _after_a_bad_one(self):
        due = self._bad + 1 >= self._every[1]
        return tf.cond(due, self._shrink, self._count_a_bad_one)

    def _shrink(self):
        return self._change(tf.maximum(1.0, self._scale * self._ratios[1]))

    def _count_a_bad_one(self):
        return tf.group(tf.assign_add(self._bad, 1), tf.assign(self._good, 0))

    def _change(self, value):
        return tf.group(tf.assign(self._scale, value), tf.assign(self._good, 0), tf.assign(self._bad, 0))


def _variable(name, value, dtype):
    return tf.Variable(tf.constant(value, dtype), trainable=False, name=name)
