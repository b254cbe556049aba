"""Optimisers, their rates by part of the network, and the averages of the weights: one step, by hand."""

import dataclasses

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from eval import runner
from train import averages, optimiser
from train.recipes import OPTIMISERS, Recipe

NAMES = ("frontend/stem/kernel", "head/conv/kernel", "head/conv/gamma")
START = np.float32([1.0, -2.0])
GRADIENT = np.float32([0.5, 0.25])


def steps(count=1, rate=0.1, momentum=0.9, decay=0.0, gradient=GRADIENT, **fields):
    """Variables by name after `count` steps with the same gradient each."""
    recipe = dataclasses.replace(Recipe("tried"), **fields)
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.get_variable("global_step", initializer=np.int64(0), trainable=False)
        variables = [tf.get_variable(name, initializer=START) for name in NAMES]
        decayed = variables[:2] if recipe.optimiser == "adamw" else []
        made = optimiser.build(recipe, tf.constant(rate), momentum, decayed, decay)
        update = made.apply_gradients([(tf.constant(gradient), v) for v in variables], global_step=step)
        session.run(tf.global_variables_initializer())
        for _ in range(count):
            session.run(update)
        assert session.run(step) == count
        return dict(zip(NAMES, session.run(variables)))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_frontend_moves_by_its_own_rate_whatever_the_optimiser(name):
    moved = {variable: START - value for variable, value in steps(optimiser=name, frontend_rate=0.25).items()}
    assert np.allclose(moved["frontend/stem/kernel"], 0.25 * moved["head/conv/kernel"], rtol=1e-4)
    assert np.array_equal(moved["head/conv/kernel"], moved["head/conv/gamma"])
    assert (np.sign(moved["head/conv/kernel"]) == np.sign(GRADIENT)).all()


def test_sgd_adds_momentum():
    assert np.allclose(steps(2)["head/conv/kernel"], START - 0.1 * (1 + 1.9) * GRADIENT)


def test_adam_moves_by_its_rate_at_first_however_large_the_gradient():
    assert np.allclose(
        steps(optimiser="adam", rate=0.01)["head/conv/kernel"], START - 0.01 * np.sign(GRADIENT), atol=1e-5
    )


def test_adamw_shrinks_what_decays_by_rate_times_decay_beside_the_gradients_step():
    with_decay = steps(optimiser="adamw", rate=0.01, decay=0.5, frontend_rate=0.1)
    without = steps(optimiser="adamw", rate=0.01, decay=0.0, frontend_rate=0.1)
    shrunk = {name: without[name] - with_decay[name] for name in NAMES}
    assert np.allclose(shrunk["head/conv/kernel"], 0.01 * 0.5 * START, atol=1e-6)
    assert np.allclose(shrunk["frontend/stem/kernel"], 0.001 * 0.5 * START, atol=1e-6)
    assert not shrunk["head/conv/gamma"].any()


@pytest.mark.parametrize("limit, share", [(0.1, None), (1e6, 1.0), (0.0, 1.0)])
def test_clipping_scales_all_gradients_by_their_norm_together(limit, share):
    share = limit / np.sqrt(3 * (GRADIENT**2).sum()) if share is None else share
    found = steps(clip_norm=limit, frontend_rate=1.0)
    assert all(np.allclose(value, START - 0.1 * share * GRADIENT) for value in found.values())


def averaged(values, decay):
    """The average after each step that found one of `values` as the weight."""
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.get_variable("global_step", initializer=np.int64(0), trainable=False)
        weight = tf.get_variable("weight", initializer=np.float32(values[0]))
        new = tf.placeholder(tf.float32, [])
        with tf.control_dependencies([averages.build([weight], decay, step)]):
            update = tf.group(tf.assign(weight, new), tf.assign_add(step, 1))
        (average,) = [v for v in tf.global_variables() if v.op.name == "average/weight"]
        session.run(tf.global_variables_initializer())
        found = []
        for value in values[1:] + [0.0]:
            session.run(update, {new: value})
            found.append(float(session.run(average)))
        return found


def test_an_average_begins_as_the_weights_and_follows_them_more_slowly_with_each_step():
    expected = [4.0]
    for done, value in ((1, 8.0), (2, 8.0)):
        expected.append(expected[-1] + 10 / (10 + done) * (value - expected[-1]))
    for _ in range(20):  # a race would show now and then
        assert averaged([4.0, 8.0, 8.0], 0.9) == pytest.approx(expected)
    late = averaged([0.0] * 200 + [1.0], 0.9)
    assert late[-1] == pytest.approx(0.1)


def test_averages_are_scored_in_the_place_of_what_they_average():
    held = {"a": 1, "average/a": 2, "b": 3, "global_step": 4}
    found = runner.scored(held)
    assert (found["a"], found["b"], found["global_step"]) == (2, 3, 4)
