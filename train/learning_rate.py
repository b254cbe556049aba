"""Learning-rate rules as pure functions of the step, for TensorFlow's tensors and for plain numbers alike."""

import math
from typing import Any, NamedTuple

import numpy as np

SCHEDULES = ("polynomial", "cosine", "exponential", "piecewise")
MILESTONES = (0.5, 0.75)  # shares of the length at which `piecewise` goes down


class Plan(NamedTuple):
    """A rate over `total` steps, after a linear warm-up.

    schedule: `polynomial`, to zero by (1 - done)^power (Liu et al., ParseNet, 2015: power 0.9); `cosine`, to zero by
    half a wave (Loshchilov and Hutter, ICLR 2017); `exponential`, to 10^-power; `piecewise`, 10^-power less at half
    and again at three quarters of the length.
    """

    base: float
    total: int
    warm_up: int
    schedule: str
    power: float


def rate(plan: Plan, step: Any, by: Any = np) -> Any:
    """The rate of update number `step` (from 0): finite, not negative, and constant from `total` on, for any step.

    Pass tensorflow as `by`, with a float32 tensor for the step, for the graph's form.
    """
    decayed = plan.base * _share(plan, by.minimum(step / float(plan.total), 1.0), by)
    if plan.warm_up == 0:
        return decayed
    return decayed * by.minimum((step + 1.0) / float(plan.warm_up), 1.0)


def _share(plan: Plan, done: Any, by: Any) -> Any:
    """Of the base rate, where `done` of the length is done."""
    if plan.schedule == "polynomial":
        return (1.0 - done) ** plan.power
    if plan.schedule == "cosine":
        return 0.5 + 0.5 * by.cos(math.pi * done)
    if plan.schedule == "exponential":
        return 10.0 ** (-plan.power * done)
    # Sums of clipped ramps a millionth of the length wide: no comparison, and no branch.
    passed = sum(by.minimum(by.maximum((done - at) * 1e6 + 1.0, 0.0), 1.0) for at in MILESTONES)
    return 10.0 ** (-plan.power * passed)
