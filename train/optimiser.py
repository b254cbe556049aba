"""Optimisers: TensorFlow's own, one for the frontend and one for the rest, behind the face of a single one."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from .recipes import Recipe

Pairs = List[Tuple[Any, Any]]  # gradient (or None) and variable
FRONTEND = "frontend/"


def _sgd(rate: tf.Tensor, momentum: float, name: str) -> tf.train.Optimizer:
    return tf.train.MomentumOptimizer(rate, momentum, name=name)


def _rmsprop(rate: tf.Tensor, momentum: float, name: str) -> tf.train.Optimizer:
    return tf.train.RMSPropOptimizer(rate, momentum=momentum, name=name)


def _adam(rate: tf.Tensor, momentum: float, name: str) -> tf.train.Optimizer:
    return tf.train.AdamOptimizer(rate, beta1=momentum, name=name)


MAKERS: Dict[str, Callable[[tf.Tensor, float, str], tf.train.Optimizer]] = {
    "sgd": _sgd,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
}


def build(recipe: Recipe, rate: tf.Tensor, momentum: float, decayed: Sequence[Any], decay: float) -> "Optimiser":
    """The recipe's optimiser. rate: a float32 scalar; decayed: variables that shrink by rate * decay a step (AdamW);
    of the other optimisers weight decay is a part of the loss, and `decayed` is empty."""
    make, name = MAKERS[recipe.optimiser], recipe.optimiser
    rates = {True: rate * recipe.frontend_rate, False: rate}
    parts = {True: make(rates[True], momentum, name + "_frontend"), False: make(rate, momentum, name)}
    shrink = [(variable, decay * rates[_is_frontend(variable)]) for variable in decayed]
    return Optimiser(parts, shrink, recipe.clip_norm)


def _is_frontend(variable: Any) -> bool:
    return variable.op.name.startswith(FRONTEND)


class Optimiser(tf.train.Optimizer):
    """Hands each variable to its part. What wraps it, a loss scale or the exchange between cards, sees one optimiser,
    whose updates are all made or all left out."""

    def __init__(self, parts: Dict[bool, tf.train.Optimizer], shrink: Pairs, clip: float) -> None:
        super().__init__(False, "optimiser")
        self._parts, self._shrink, self._clip = parts, shrink, clip

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: Optional[str] = None) -> Any:
        """One operation: gradients clipped by their global norm, decay, updates, and last the step."""
        pairs = self._clipped([pair for pair in grads_and_vars if pair[0] is not None])
        with tf.control_dependencies([gradient for gradient, _ in pairs]):  # else a weight may shrink while it is read
            shrunk = [tf.assign_sub(variable, share * variable) for variable, share in self._shrink]
        with tf.control_dependencies(shrunk):
            updates = [
                part.apply_gradients([pair for pair in pairs if _is_frontend(pair[1]) == frontend])
                for frontend, part in self._parts.items()
                if any(_is_frontend(variable) == frontend for _, variable in pairs)
            ]
        with tf.control_dependencies(updates):
            return tf.group(*updates) if global_step is None else tf.assign_add(global_step, 1).op

    def _clipped(self, pairs: Pairs) -> Pairs:
        if not self._clip:
            return pairs
        # tf.clip_by_global_norm asks whether the norm is finite, which a card cannot; a loss scale has seen to that.
        norm = tf.sqrt(2 * tf.add_n([tf.nn.l2_loss(gradient) for gradient, _ in pairs]))
        share = self._clip / tf.maximum(norm, self._clip)
        return [(share * gradient, variable) for gradient, variable in pairs]
