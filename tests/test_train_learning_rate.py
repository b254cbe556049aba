import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.learning_rate import Plan, rate

PLANS = st.builds(Plan, st.floats(1e-5, 1.0), st.integers(1, 10000), st.integers(0, 500), st.floats(0.1, 3.0))


@given(PLANS, st.integers(0, 20000))
def test_rate_is_finite_never_negative_and_never_above_the_base(plan, step):
    value = rate(plan, step)
    assert np.isfinite(value) and 0 <= value <= plan.base


@given(PLANS, st.integers(0, 10000))
def test_rate_is_zero_from_the_last_step_on_and_never_turns_up_again(plan, beyond):
    assert rate(plan, plan.total + beyond) == 0


@given(PLANS, st.integers(0, 10000))
def test_after_warm_up_the_rate_only_falls(plan, step):
    step = max(step, plan.warm_up)
    assert rate(plan, step + 1) <= rate(plan, step)


def test_warm_up_rises_in_equal_parts_of_the_decayed_rate():
    plan = Plan(base=1.0, total=1000, warm_up=4, power=1.0)
    decayed = [1 - step / 1000 for step in range(5)]
    assert [rate(plan, step) for step in range(5)] == pytest.approx(
        [decayed[0] / 4, decayed[1] / 2, 3 * decayed[2] / 4, decayed[3], decayed[4]]
    )


def test_the_graph_gives_the_same_rates_as_plain_numbers():
    import tensorflow.compat.v1 as tf

    plan = Plan(base=0.05, total=300, warm_up=20, power=0.9)
    steps = np.array([0, 1, 19, 20, 150, 299, 300, 301, 5000])
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = rate(plan, tf.cast(tf.constant(steps), tf.float32), tf.minimum, tf.maximum)
        found = session.run(tensor)
    assert found == pytest.approx([rate(plan, int(step)) for step in steps], rel=1e-4, abs=1e-9)
