"""Averages of the weights over the last steps, which are validated and scored in the weights' place.

An exponential moving average (Polyak and Juditsky, 1992) of all of the network, batch norm's own averages too. The
first step gives the weights themselves, and young averages follow faster: by 10 / (10 + step) of the way.
"""

from typing import Any, Sequence

import tensorflow.compat.v1 as tf

from eval.runner import AVERAGE


def build(variables: Sequence[Any], decay: float, step: Any) -> tf.Operation:
    """The operation that moves the averages, variables `average/NAME` that are not trained, towards the weights as they
    stand before a step's update. Whatever updates the weights or the step has to depend on it: TensorFlow 1.15 now and
    then reads a variable before an update that the reading depends on, but never a write before another."""
    held = []
    for variable in variables:
        first = tf.zeros_initializer()
        held.append(tf.get_variable(AVERAGE + variable.op.name, variable.shape, tf.float32, first, trainable=False))
    share = tf.minimum(tf.maximum(1 - decay, 10 / (10 + tf.cast(step, tf.float32))), 1.0)
    return tf.group(*[tf.assign_sub(a, share * (a - v)) for a, v in zip(held, variables)])
