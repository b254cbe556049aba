import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.learning_rate import SCHEDULES, Plan, rate

NUMBERS = st.floats(1e-5, 1.0), st.integers(1, 10000), st.integers(0, 500)
PLANS = st.builds(Plan, *NUMBERS, st.sampled_from(SCHEDULES), st.floats(0.1, 3.0))
TO_ZERO = st.builds(Plan, *NUMBERS, st.sampled_from(("polynomial", "cosine")), st.floats(0.1, 3.0))


@given(PLANS, st.integers(0, 20000))
def test_rate_is_finite_never_negative_and_never_above_the_base(plan, step):
    value = rate(plan, step)
    assert np.isfinite(value) and 0 <= value <= plan.base


@given(TO_ZERO, st.integers(0, 10000))
def test_polynomial_and_cosine_are_zero_from_the_last_step_on(plan, beyond):
    assert rate(plan, plan.total + beyond) == 0


@given(PLANS, st.integers(0, 10000))
def test_after_the_last_step_the_rate_stays_what_it_was(plan, beyond):
    after = max(plan.total, plan.warm_up)
    assert rate(plan, after + beyond) == rate(plan, after)


def test_each_schedule_goes_down_as_its_name_says():
    def at(schedule, power, *steps):
        return [rate(Plan(1.0, 100, 0, schedule, power), step) for step in steps]

    assert at("polynomial", 2.0, 0, 50, 75) == pytest.approx([1, 0.25, 0.0625])
    assert at("cosine", 1.0, 0, 50, 75) == pytest.approx([1, 0.5, 0.5 - 0.5**1.5])
    assert at("exponential", 2.0, 0, 50, 100) == pytest.approx([1, 0.1, 0.01])
    assert at("piecewise", 1.0, 0, 49, 50, 74, 75, 100) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


@given(PLANS, st.integers(0, 10000))
def test_after_warm_up_the_rate_only_falls(plan, step):
    step = max(step, plan.warm_up)
    assert rate(plan, step + 1) <= rate(plan, step)


def test_warm_up_rises_in_equal_parts_of_the_decayed_rate():
    plan = Plan(base=1.0, total=1000, warm_up=4, schedule="polynomial", power=1.0)
    decayed = [1 - step / 1000 for step in range(5)]
    assert [rate(plan, step) for step in range(5)] == pytest.approx(
        [decayed[0] / 4, decayed[1] / 2, 3 * decayed[2] / 4, decayed[3], decayed[4]]
    )


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_graph_gives_the_same_rates_as_plain_numbers(schedule):
    import tensorflow.compat.v1 as tf

    plan = Plan(base=0.05, total=300, warm_up=20, schedule=schedule, power=0.9)
    steps = np.array([0, 1, 19, 20, 150, 299, 300, 301, 5000])
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = rate(plan, tf.cast(tf.constant(steps), tf.float32), tf)
        found = session.run(tensor)
    assert found == pytest.approx([rate(plan, int(step)) for step in steps], rel=1e-4, abs=1e-9)
