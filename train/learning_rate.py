"""Learning-rate rules as pure functions of the step, for TensorFlow's tensors and for plain numbers alike."""

from typing import Any, Callable, NamedTuple

import numpy as np


class Plan(NamedTuple):
    """Polynomial decay to zero at `total` steps with a linear warm-up (Liu et al., ParseNet, 2015: power 0.9)."""

    base: float
    total: int
    warm_up: int
    power: float


def rate(plan: Plan, step: Any, minimum: Callable = np.minimum, maximum: Callable = np.maximum) -> Any:
    """The rate of update number `step` (from 0): finite and not negative for any step, 0 from `total` on.

    Pass tf.minimum and tf.maximum with a float32 tensor for the graph's form.
    """
    left = maximum(1.0 - step / float(plan.total), 0.0)
    decayed = plan.base * left**plan.power
    if plan.warm_up == 0:
        return decayed
    return decayed * minimum((step + 1.0) / float(plan.warm_up), 1.0)
