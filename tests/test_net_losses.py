"""Losses, of all pixels and of the hard ones alone, and smoothed labels, against plain numpy."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from net import losses

CLASSES = 4


def cross_entropy(*what, **how):
    """The mean."""
    return losses.per_weight(*losses.cross_entropy(*what, **how))


def by_pixel(logits, labels):
    """Cross entropy of each pixel that is not 255."""
    known = labels != 255
    scores = logits[known].astype(np.float64)
    return np.log(np.exp(scores).sum(axis=-1)) - scores[np.arange(len(scores)), labels[known]]


def loss(logits, labels, **how):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        scores = tf.constant(logits)
        value = cross_entropy(scores, tf.constant(labels), **how)
        gradient = tf.gradients(value, scores)[0]
        operators = {operation.type for operation in graph.get_operations()}
        assert not operators & {"TopKV2", "Where", "Unique", "BooleanMask", "NonMaxSuppression"}
        return session.run([value, gradient])


def picture(seed, spread, masked):
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, CLASSES, (1, 8, 12)).astype(np.uint8)
    labels[rng.uniform(size=labels.shape) < masked] = 255
    return (spread * rng.randn(1, 8, 12, CLASSES)).astype(np.float32), labels


@settings(max_examples=25)
@given(st.integers(0, 999), st.floats(0.1, 8), st.floats(0.05, 0.95), st.floats(0, 0.6))
def test_hard_pixels_are_those_under_seven_tenths_or_the_largest_losses_if_these_are_too_few(
    seed, spread, share, masked
):
    logits, labels = picture(seed, spread, masked)
    single = np.sort(by_pixel(logits, labels))[::-1]
    if not len(single):
        return
    hard = single[single >= -np.log(0.7)]
    wanted = int(np.ceil(share * len(single)))
    value, gradient = loss(logits, labels, hard=share)
    moved = int((np.abs(gradient).sum(axis=-1) > 0).sum())
    if len(hard) >= wanted:
        assert value == pytest.approx(hard.mean(), rel=1e-3)
    else:  # halving ends a little below the loss that is sought: never fewer, and of those beyond only near ones
        assert moved >= min(wanted, (single > 1e-6).sum())
        least = single[wanted - 1] - 2 * losses.EASY / 2**losses.HALVINGS
        allowed = single[single >= least]
        assert allowed.mean() - 1e-4 <= value <= single[:wanted].mean() + 1e-4


def test_without_a_valid_pixel_nothing_counts_and_nothing_moves():
    value, gradient = loss(np.ones((1, 4, 4, CLASSES), np.float32), np.full((1, 4, 4), 255, np.uint8), hard=0.3)
    assert value == 0 and not gradient.any()


def test_ignored_classes_are_neither_hard_nor_counted_among_all():
    logits, labels = picture(3, 4.0, 0.0)
    masked = np.where(labels == 2, 255, labels).astype(np.uint8)
    assert loss(logits, labels, hard=0.4, ignored=[2])[0] == pytest.approx(loss(logits, masked, hard=0.4)[0], rel=1e-6)


def test_smoothing_makes_no_easy_pixel_hard():
    labels = np.array([[[0, 1, 2, 3]]], np.uint8)
    logits = 9 * np.eye(CLASSES, dtype=np.float32)[None, None]
    logits[0, 0, 3] = 0  # one pixel of four is undecided
    _, gradient = loss(logits, labels, hard=0.25, smoothing=0.2)
    assert (np.abs(gradient).sum(axis=-1) > 0).tolist() == [[[False, False, False, True]]]


@pytest.mark.parametrize("dense", [False, True])
def test_smoothed_labels_spread_their_share_over_the_learned_classes_alone(dense):
    logits, labels = picture(5, 1.0, 0.2)
    labels[labels == 3] = 255
    truth = np.eye(CLASSES)[np.minimum(labels, 3)][labels != 255] * 0.9 + 0.1 / 3 * np.array([1, 1, 1, 0])
    scores = logits[labels != 255].astype(np.float64)
    expected = -(truth * (scores - np.log(np.exp(scores).sum(-1, keepdims=True)))).sum(-1).mean()
    assert loss(logits, labels, ignored=[3], smoothing=0.1, dense=dense)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("how", [{}, {"dense": True}, {"hard": 1 / 800}])
@pytest.mark.parametrize("adjustment", [0.0, 0.5, 1.0])
def test_scores_that_the_weighted_loss_settles_at_lean_to_rare_classes_by_what_the_adjustment_leaves(adjustment, how):
    counts, weights = np.array([500, 200, 80, 20]), np.array([0.3, 0.5, 1.0, 4.0])
    labels = np.repeat(np.arange(CLASSES), counts).reshape(1, 1, -1).astype(np.uint8)
    settled = np.log(counts / counts.sum()) + (1 - adjustment) * np.log(weights)
    logits = np.tile(settled, (1, 1, labels.size, 1)).astype(np.float32)
    _, gradient = loss(logits, labels, class_weights=list(weights), adjustment=adjustment, **how)
    assert np.allclose(gradient.sum(axis=(0, 1, 2)), 0, atol=1e-5)
    _, elsewhere = loss(logits + [0.1, 0, 0, 0], labels, class_weights=list(weights), adjustment=adjustment, **how)
    assert np.abs(elsewhere.sum(axis=(0, 1, 2))).max() > 1e-3


def test_an_adjustment_says_nothing_of_classes_left_out_or_all_of_one_weight():
    logits, labels = picture(7, 1.0, 0.1)
    plain, gradient = loss(logits, labels, ignored=[3], class_weights=[1.0, 2.0, 3.0, 0.0])
    scores = logits + 0.5 * np.log([1.0, 2.0, 3.0, 1.0])
    by_hand = loss(scores.astype(np.float32), labels, ignored=[3], class_weights=[1.0, 2.0, 3.0, 0.0])
    found = loss(logits, labels, ignored=[3], class_weights=[1.0, 2.0, 3.0, 0.0], adjustment=0.5)
    assert found[0] == pytest.approx(by_hand[0], rel=1e-6) and np.allclose(found[1], by_hand[1], atol=1e-8)
    assert found[0] != pytest.approx(plain, rel=1e-3)
    same = loss(logits, labels, class_weights=[7.0] * CLASSES, adjustment=0.5)
    assert same[0] == pytest.approx(loss(logits, labels)[0], rel=1e-6)


def slow_cross_entropy(logits, labels, ignored, weights):
    total = weight_sum = 0.0
    for score, label in zip(logits.reshape(-1, logits.shape[-1]).astype(np.float64), labels.ravel()):
        if label == 255 or label in ignored:
            continue
        loss = np.log(np.exp(score - score.max()).sum()) + score.max() - score[label]
        total, weight_sum = total + weights[label] * loss, weight_sum + weights[label]
    return total / weight_sum


def test_the_loss_from_one_hot_labels_and_its_gradient_are_those_from_ids():
    rng = np.random.RandomState(3)
    logits, labels = (
        rng.randn(2, 4, 6, 5).astype(np.float32),
        rng.choice([0, 1, 2, 3, 4, 255], (2, 8, 12)).astype(np.uint8),
    )
    with tf.Graph().as_default(), tf.Session() as session:
        scores, results = tf.constant(logits), []
        for dense in (False, True):
            loss = cross_entropy(scores, tf.constant(labels), [3], [1, 2, 0.5, 9, 1], 2, dense=dense)
            nothing = cross_entropy(scores, tf.fill([2, 8, 12], tf.constant(255, tf.uint8)), dense=dense)
            results.append(
                session.run([loss, tf.gradients(loss, scores)[0], nothing, tf.gradients(nothing, scores)[0]])
            )
    for by_ids, by_one_hot in zip(*results):
        assert np.allclose(by_ids, by_one_hot, rtol=1e-5, atol=1e-8)
    assert results[0][0] > 0 and results[1][2] == 0 and not results[1][3].any()


def test_cross_entropy_agrees_with_a_pixel_by_pixel_sum():
    logits = np.random.RandomState(0).randn(1, 6, 8, 3).astype(np.float32)
    labels = np.random.RandomState(1).choice([0, 1, 2, 255], (1, 6, 8)).astype(np.uint8)
    weights = (0.5, 2.0, 1.0)
    with tf.Graph().as_default(), tf.Session() as session:
        plain = cross_entropy(tf.constant(logits), tf.constant(labels))
        weighted = cross_entropy(tf.constant(logits), tf.constant(labels), [2], weights)
        strided = cross_entropy(tf.constant(logits[:, ::2, ::2]), tf.constant(labels), stride=2)
        found = session.run([plain, weighted, strided])
    slow = [slow_cross_entropy(logits, labels, (), (1, 1, 1)), slow_cross_entropy(logits, labels, (2,), weights)]
    slow.append(slow_cross_entropy(logits[:, ::2, ::2], labels[:, ::2, ::2], (), (1, 1, 1)))
    assert found == pytest.approx(slow, rel=1e-5)


def test_weight_decay_shrinks_weights_by_rate_times_weight():
    with tf.Graph().as_default(), tf.Session() as session:
        kernel = tf.get_variable("kernel", initializer=np.array([3.0, -2.0], np.float32))
        gradient = tf.gradients(losses.weight_decay([kernel], 0.01), kernel)[0]
        session.run(tf.global_variables_initializer())
        assert session.run(gradient) == pytest.approx([0.03, -0.02])
