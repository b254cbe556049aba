"""Averages of the weights over the last steps, which are validated and scored in the weights' place.

An exponential moving average (Polyak and Juditsky, 1992) of everything that inference reads, batch norm's averages
too. The first step gives the weights themselves, and young averages follow faster: by 10 / (9 + step) of the way.
"""

from typing import Any, Sequence

import tensorflow.compat.v1 as tf

from eval.runner import AVERAGE


def build(variables: Sequence[Any], decay: float, step: Any, update: tf.Operation) -> tf.Operation:
    """`update` and after it that of the averages: variables `average/NAME`, not trained."""
    held = []
    for variable in variables:
        first = tf.zeros_initializer()
        held.append(tf.get_variable(AVERAGE + variable.op.name, variable.shape, tf.float32, first, trainable=False))
    with tf.control_dependencies([update]):
        done = tf.cast(step.read_value(), tf.float32)
        share = tf.minimum(tf.maximum(1 - decay, 10 / (9 + done)), 1.0)  # a first step that was left out is step 0
        moved = [tf.assign_sub(a, share * (a - v.read_value())) for a, v in zip(held, variables)]
    return tf.group(update, *moved)
