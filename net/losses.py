"""Losses on class scores: cross entropy that leaves pixels out, and weight decay."""

from typing import Any, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from .bisenet import upsample
from .layers import Precise, as_is

LEFT_OUT = 255


def cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    ignored: Sequence[int] = (),
    class_weights: Optional[Sequence[float]] = None,
    stride: int = 1,
    precise: Precise = as_is,
) -> tf.Tensor:
    """Mean softmax cross entropy of logits [N,h,w,K] against labels [N,H,W] uint8, a float32 scalar.

    Label 255 and the ids in `ignored` are left out; with class weights the mean is weighted; without any valid pixel
    it is exactly 0, and so is its gradient. With a stride it is taken at every stride-th row and column: position j
    of the logits upsampled to that grid lies over pixel stride * j, so image and label stay in step.
    """
    classes = int(logits.shape[-1])
    labels = tf.cast(labels[:, ::stride, ::stride] if stride > 1 else labels, tf.int32)
    with precise():
        scores = upsample(logits, int(labels.shape[1]), int(labels.shape[2]))
        weights = _pixel_weights(labels, classes, ignored, class_weights)
        known = tf.minimum(labels, classes - 1)  # any valid id: pixels of 255 have weight 0
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=known, logits=scores)
        total = tf.reduce_sum(weights)
        return tf.reduce_sum(losses * weights) / tf.maximum(total, tf.cast(total <= 0, tf.float32))


def _pixel_weights(
    labels: tf.Tensor, classes: int, ignored: Sequence[int], class_weights: Optional[Sequence[float]]
) -> tf.Tensor:
    """[N,h,w] float32: 0 where a pixel is left out, else the weight of its class."""
    by_class = [float(w) for w in class_weights] if class_weights is not None else [1.0] * classes
    table = [0.0 if i in ignored else by_class[i] for i in range(classes)] + [0.0] * (LEFT_OUT + 1 - classes)
    return tf.gather(tf.constant(table, tf.float32), labels)


def weight_decay(kernels: List[Any], rate: float) -> tf.Tensor:
    """rate * half the sum of squares over all kernels: the L2 term whose gradient is rate * weight."""
    return tf.constant(rate, tf.float32) * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
