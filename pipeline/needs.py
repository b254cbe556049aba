"""What a training asks of a device, and what a device asks of a graph that is built for it."""

import contextlib
from typing import Any, Callable, ContextManager, Mapping, NamedTuple, Optional, Union

import tensorflow.compat.v1 as tf

from .npu_options import Value
from .precision import FLOAT32, NO_SCALE
from .ranks import ALONE, Ranks


class Training(NamedTuple):
    """What a training asks of its device. precision: MIXED or FLOAT32; loss_scale: NO_SCALE, DYNAMIC or a factor;
    per_call: steps of a call; options: further ones of the adapter; profile: the folder for a card's profile."""

    precision: str = FLOAT32
    loss_scale: Union[str, float] = NO_SCALE
    per_call: int = 1
    options: Mapping[str, Value] = {}
    ranks: Ranks = ALONE
    profile: Optional[str] = None


INFERENCE = Training()


class Minimiser(NamedTuple):
    """optimiser: has compute_gradients and apply_gradients; loss_scale: the factor as a tensor, where there is one."""

    optimiser: Any
    loss_scale: Optional[tf.Tensor] = None


def _as_is(operation: tf.Operation) -> tf.Operation:
    return operation


def _plain(optimiser: tf.train.Optimizer, step: Any) -> Minimiser:
    return Minimiser(optimiser)


class Needs(NamedTuple):
    """What a device asks of a graph that is built for it.

    precise: a context for what has to stay in float32; dense_loss: it has kernels for one-hot labels only; has_clock: a
    clock in the graph tells the host's time; repeated: from the operation of one step to what a call runs; minimiser:
    from optimiser and global step to what computes and applies the gradients, averaged over the ranks; over_ranks: the
    mean of a float tensor over several ranks, without a gradient.
    """

    precise: Callable[[], ContextManager] = contextlib.nullcontext
    dense_loss: bool = False
    has_clock: bool = True
    repeated: Callable[[tf.Operation], tf.Operation] = _as_is
    minimiser: Callable[[tf.train.Optimizer, Any], Minimiser] = _plain
    over_ranks: Optional[Callable[[tf.Tensor], tf.Tensor]] = None


HOST = Needs()
