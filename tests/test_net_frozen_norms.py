"""Norms that keep their statistics while the rest learns: the same function as at inference, and the same gradients."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from net import bisenet
from test_net import CLASSES, KINDS, fill, placeholder


def built(images, frontend, training, frozen_norms=None):
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        return bisenet.build(images, CLASSES, frontend, training, score_stride=2, frozen_norms=frozen_norms)


@pytest.mark.parametrize("frontend", KINDS)
def test_a_network_of_frozen_norms_scores_and_learns_as_it_does_by_its_moving_averages(frontend):
    with tf.Graph().as_default(), tf.Session() as session:
        images = placeholder()
        plain = built(images, frontend, training=False).logits.main
        shared = tf.trainable_variables()
        frozen = built(images, frontend, True, "all")
        assert frozen.updates == []
        push = tf.constant(drawn.noise(5, *plain.shape.as_list()).astype(np.float32) / 255 - 0.5)
        found = [[scores, tf.gradients(scores * push, shared)] for scores in (plain, frozen.logits.main)]
        fill(session)
        found = session.run(found, {images: drawn.noise(1, 2, 64, 96, 3)})
    (scores, gradients), (frozen_scores, frozen_gradients) = found
    assert np.abs(scores).max() > 0.1
    np.testing.assert_allclose(frozen_scores, scores, rtol=1e-3, atol=1e-3 * np.abs(scores).max())
    for variable, expected, gradient in zip(shared, gradients, frozen_gradients):
        size = np.abs(expected).max()
        assert np.abs(gradient - expected).max() <= 2e-3 * max(size, 1e-3), variable.op.name


def test_those_of_the_frontend_alone_leave_the_others_to_the_batch():
    names = {}
    for frozen in bisenet.FROZEN_NORMS:
        with tf.Graph().as_default() as graph:
            network = built(placeholder(), "xception39", True, frozen)
            for update in network.updates:
                update.move(update.value)
            moved = [op.inputs[0].op.name for op in graph.get_operations() if op.type.startswith("AssignSub")]
            names[frozen] = set(moved)
            variables = {variable.op.name for variable in tf.global_variables() if "/moving_" in variable.op.name}
        assert len(moved) == len(network.updates) == len(names[frozen])
    assert names[None] == variables and names["all"] == set()
    assert names["frontend"] == {name for name in variables if not name.startswith("frontend/")}


def test_what_cannot_be_frozen_is_refused_by_name():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="'heads'"):
        built(placeholder(), "xception39", True, "heads")
