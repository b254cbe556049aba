"""Scores finer than stride 8: where they begin, and that what the frontend sees small comes out where it lies."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from net import bisenet, frontends
from net.layers import Layers, resize
from train import recipes

CLASSES, HEIGHT, WIDTH = 5, 64, 96
NORM = (1 + 1e-5) ** -0.5  # what a batch norm of neutral averages leaves of a value


def built(images, score_stride):
    with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
        return bisenet.build(images, CLASSES, "xception39", training=False, score_stride=score_stride)


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as opened:
        yield opened


@pytest.mark.parametrize("stride", [2, 4])
def test_fine_scores_begin_as_the_papers_upsampled(session, stride):
    images = tf.constant(drawn.noise(5, 2, HEIGHT, WIDTH, 3))
    fine, coarse = built(images, stride).logits.main, built(images, 8).logits.main
    session.run(tf.global_variables_initializer())
    fine, expected = session.run([fine, resize(coarse, HEIGHT // stride, WIDTH // stride)])
    assert fine.std() > 0.01 and np.array_equal(fine, expected)


def set_only(session, name, places):
    """Make a variable 1 in some places and 0 elsewhere."""
    variable = next(v for v in tf.global_variables() if v.op.name == name)
    values = np.zeros(variable.shape.as_list(), np.float32)
    for place in places:
        values[place] = 1
    variable.load(values, session)


def show(session, tap, stride):
    """Make class 3 of the scores what is positive in channel 0 of a tap, and nothing else of any."""
    set_only(session, "head/classes/kernel", [])
    cells = (bisenet.STRIDE // stride) ** 2
    channels = int(tap.shape[-1])
    if stride == 4:  # straight into the convolution, behind the head's features
        places = [(1, 1, bisenet.HEAD + cell * channels, cell) for cell in range(cells)]
    else:
        set_only(session, "detail/stride2/kernel", [(0, 0, cell * channels, cell) for cell in range(cells)])
        start = bisenet.HEAD + 4 * 8  # behind xception39's map of stride 4, 8 channels
        places = [(1, 1, start + cell, cell) for cell in range(cells)]
    set_only(session, "detail/conv/kernel", places)
    set_only(session, "detail/classes/kernel", [(0, 0, cell, cell * CLASSES + 3) for cell in range(cells)])


@pytest.mark.parametrize("stride", [2, 4])
def test_a_fine_feature_becomes_a_score_at_its_own_place(session, stride):
    images = tf.constant(drawn.noise(6, 1, HEIGHT, WIDTH, 3))
    scores = built(images, stride).logits.main
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        taps = frontends.build("xception39", tf.cast(images, tf.float32), Layers(training=False))
    tap = {2: taps.stride2, 4: taps.stride4}[stride]
    session.run(tf.global_variables_initializer())
    show(session, tap, stride)
    scores, feature = session.run([scores, tap[..., 0]])
    norms = NORM if stride == 4 else NORM**2
    assert feature.max() > 0.1
    assert np.allclose(scores[..., 3], np.maximum(feature, 0) * norms, atol=1e-4 * feature.max())
    assert not np.delete(scores, 3, axis=-1).any()


def test_a_recipe_may_ask_for_each_stride_that_there_is_and_no_other():
    assert recipes.SCORE_STRIDES == bisenet.SCORE_STRIDES
    with tf.Graph().as_default(), pytest.raises(ValueError, match="stride 3"):
        built(tf.constant(drawn.noise(5, 1, HEIGHT, WIDTH, 3)), 3)


def test_layers_of_fine_scores_cost_nothing_where_they_are_not_asked_for(session):
    built(tf.constant(drawn.noise(5, 1, HEIGHT, WIDTH, 3)), 8)
    assert not [v.op.name for v in tf.global_variables() if v.op.name.startswith("detail/")]
