"""Losses on class scores: cross entropy that leaves pixels out, and weight decay."""

import math
from typing import Any, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from .bisenet import upsample
from .layers import Precise, as_is

LEFT_OUT = 255
EASY = -math.log(0.7)  # the loss of a pixel whose true class has this probability
HALVINGS = 16


def cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    ignored: Sequence[int] = (),
    class_weights: Optional[Sequence[float]] = None,
    stride: int = 1,
    precise: Precise = as_is,
    dense: bool = False,
    smoothing: float = 0.0,
    hard: float = 0.0,
    adjustment: float = 0.0,
) -> Tuple[tf.Tensor, tf.Tensor]:
    """Softmax cross entropy of logits [N,h,w,K] against labels [N,H,W] uint8: its weighted sum over the pixels and the
    sum of their weights, float32 scalars; `per_weight` makes their mean.

    Label 255 and the ids in `ignored` are left out: their weight is 0, and that of other pixels 1, or their class's.
    With a stride it is taken at every stride-th row and column: position j
    of the logits upsampled to that grid lies over pixel stride * j, so image and label stay in step. dense: the same
    from one-hot labels, for devices without a kernel for sparse ones; it costs the memory of the scores once more.

    smoothing: this share of each label is spread over all classes that are learned (Szegedy et al., CVPR 2016; one-hot
    labels then too). hard: only pixels whose loss is at least that of a true class at 0.7 count, or, where these are
    fewer than this share of the valid ones, that many of the largest losses (0: all count). adjustment: this share of
    the logarithm of each class's weight is added to its scores within the loss alone, which frees the scores outside of
    as much of the bias that the weights give them (logit adjustment, Menon et al., ICLR 2021, by weights, not counts).
    """
    classes = int(logits.shape[-1])
    labels = tf.cast(labels[:, ::stride, ::stride] if stride > 1 else labels, tf.int32)
    with precise():
        scores = upsample(logits, int(labels.shape[1]), int(labels.shape[2]))
        table = _class_weights(classes, ignored, class_weights)
        if adjustment:
            scores += adjustment * tf.constant([math.log(weight or 1.0) for weight in table], tf.float32)
        if dense or smoothing:
            losses, weights = _from_one_hot(scores, labels, table, smoothing)
        else:
            losses, weights = _from_ids(scores, labels, table)
        if hard:  # by the loss of the true class alone: smoothing lifts them all
            plain = _from_one_hot(scores, labels, table, 0.0)[0] if smoothing else losses
            weights *= _is_hard(tf.stop_gradient(plain), weights, hard)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)


def per_weight(total: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """The mean from a sum and the weights in it; without any weight it is exactly 0, and so is its gradient."""
    return total / tf.maximum(weight, tf.cast(weight <= 0, tf.float32))


def _class_weights(classes: int, ignored: Sequence[int], class_weights: Optional[Sequence[float]]) -> List[float]:
    """The weight of each class, 0 for those that are left out."""
    by_class = [float(w) for w in class_weights] if class_weights is not None else [1.0] * classes
    return [0.0 if i in ignored else by_class[i] for i in range(classes)]


def _from_ids(scores: tf.Tensor, labels: tf.Tensor, table: List[float]) -> Tuple[tf.Tensor, tf.Tensor]:
    """Cross entropy and weight of each pixel, [N,h,w] float32; the weight is 0 where a pixel is left out."""
    weights = tf.gather(tf.constant(table + [0.0] * (LEFT_OUT + 1 - len(table)), tf.float32), labels)
    known = tf.minimum(labels, len(table) - 1)  # any valid id: pixels of 255 have weight 0
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=known, logits=scores), weights


def _from_one_hot(
    scores: tf.Tensor, labels: tf.Tensor, table: List[float], smoothing: float
) -> Tuple[tf.Tensor, tf.Tensor]:
    """The same; a label of 255 is no class, and its row all zeros."""
    truth = tf.stop_gradient(tf.one_hot(labels, len(table), dtype=tf.float32))
    weights = tf.reduce_sum(truth * tf.constant(table, tf.float32), axis=-1)
    if smoothing:
        learned = [float(weight > 0) for weight in table]
        truth = (1 - smoothing) * truth + tf.constant([smoothing * one / sum(learned) for one in learned], tf.float32)
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=truth, logits=scores), weights


def _is_hard(losses: tf.Tensor, weights: tf.Tensor, share: float) -> tf.Tensor:
    """1.0 for the pixels that count, [N,h,w] float32 (online hard example mining, Shrivastava et al., CVPR 2016).

    The least loss that counts is found by halving an interval, not by a sort: every shape stays static, and the
    operators are those of the loss itself. It ends within EASY / 2^HALVINGS (5e-6) below the one that is sought.
    """
    valid = tf.cast(weights > 0, tf.float32)
    wanted = share * tf.reduce_sum(valid)

    def has_enough(least: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.reduce_sum(valid * tf.cast(losses >= least, tf.float32)) >= wanted, tf.float32)

    low, high = tf.constant(0.0), tf.constant(EASY)
    low += has_enough(high) * (high - low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = has_enough(middle)
        low, high = low + enough * (middle - low), high - (1 - enough) * (high - middle)
    return tf.cast(losses >= low, tf.float32)


def weight_decay(kernels: List[Any], rate: float) -> tf.Tensor:
    """rate * half the sum of squares over all kernels: the L2 term whose gradient is rate * weight."""
    return tf.constant(rate, tf.float32) * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
