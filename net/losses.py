"""Losses on class scores: cross entropy that leaves pixels out, and weight decay."""

from typing import Any, List, Optional, Sequence, Tuple

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
    dense: bool = False,
) -> tf.Tensor:
    """Mean softmax cross entropy of logits [N,h,w,K] against labels [N,H,W] uint8, a float32 scalar.

    Label 255 and the ids in `ignored` are left out; with class weights the mean is weighted; without any valid pixel
    it is exactly 0, and so is its gradient. With a stride it is taken at every stride-th row and column: position j
    of the logits upsampled to that grid lies over pixel stride * j, so image and label stay in step. dense: the same
    from one-hot labels, for devices without a kernel for sparse ones; it costs the memory of the scores once more.
    """
    classes = int(logits.shape[-1])
    labels = tf.cast(labels[:, ::stride, ::stride] if stride > 1 else labels, tf.int32)
    with precise():
        scores = upsample(logits, int(labels.shape[1]), int(labels.shape[2]))
        table = _class_weights(classes, ignored, class_weights)
        losses, weights = (_from_one_hot if dense else _from_ids)(scores, labels, table)
        total = tf.reduce_sum(weights)
        return tf.reduce_sum(losses * weights) / tf.maximum(total, tf.cast(total <= 0, tf.float32))


def _class_weights(classes: int, ignored: Sequence[int], class_weights: Optional[Sequence[float]]) -> List[float]:
    """The weight of each class, 0 for those that are left out."""
    by_class = [float(w) for w in class_weights] if class_weights is not None else [1.0] * classes
    return [0.0 if i in ignored else by_class[i] for i in range(classes)]


def _from_ids(scores: tf.Tensor, labels: tf.Tensor, table: List[float]) -> Tuple[tf.Tensor, tf.Tensor]:
    """Cross entropy and weight of each pixel, [N,h,w] float32; the weight is 0 where a pixel is left out."""
    weights = tf.gather(tf.constant(table + [0.0] * (LEFT_OUT + 1 - len(table)), tf.float32), labels)
    known = tf.minimum(labels, len(table) - 1)  # any valid id: pixels of 255 have weight 0
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=known, logits=scores), weights


def _from_one_hot(scores: tf.Tensor, labels: tf.Tensor, table: List[float]) -> Tuple[tf.Tensor, tf.Tensor]:
    """The same; a label of 255 is no class, and its row all zeros."""
    truth = tf.stop_gradient(tf.one_hot(labels, len(table), dtype=tf.float32))
    weights = tf.reduce_sum(truth * tf.constant(table, tf.float32), axis=-1)
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=truth, logits=scores), weights


def weight_decay(kernels: List[Any], rate: float) -> tf.Tensor:
    """rate * half the sum of squares over all kernels: the L2 term whose gradient is rate * weight."""
    return tf.constant(rate, tf.float32) * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
