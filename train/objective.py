"""What a step minimises: the cross entropy of a batch's pixels, those of all ranks alike, and weight decay."""

from typing import Any, Dict, List, NamedTuple, Tuple

import tensorflow.compat.v1 as tf

from net import losses
from pipeline.needs import Needs

from .recipes import Recipe
from .settings import Settings


class Objective(NamedTuple):
    """minimised: by this rank, a float32 scalar; told: losses of the whole batch by name; statistics: the whole batch's
    values for the network's updates, in their order."""

    minimised: tf.Tensor
    told: Dict[str, tf.Tensor]
    statistics: List[tf.Tensor]


def build(settings: Settings, network: Any, label: tf.Tensor, needs: Needs) -> Objective:
    """Told are `loss`, main and weighted auxiliary cross entropy, its two parts, and `minimised`, with weight decay.

    A batch is that of all ranks, and its pixels weigh alike, wherever they lie: the mean over the ranks of what each
    minimises, its own sum over the mean of all weights, is the cross entropy of the whole batch. Batch norm sees the
    rank's own slice; its averages follow the mean of the slices' statistics, so that they are the same in all ranks.
    """
    recipe = settings.recipe
    sums, weights = zip(*_heads(settings, network, label, needs))
    with needs.precise():
        own_sums, own_weights = tf.stack(sums), tf.stack(weights)
        found = _over_ranks(needs, [own_sums, own_weights] + [update.value for update in network.updates])
        main, aux = _parts(losses.per_weight(found[0], found[1]), recipe)
        minimised = tf.add(*_parts(losses.per_weight(own_sums, found[1]), recipe))
        # AdamW decays beside the loss.
        decay = 0.0 if recipe.optimiser == "adamw" else losses.weight_decay(network.kernels, settings.weight_decay)
        told = {"loss": main + aux, "loss_main": main, "loss_aux": aux, "minimised": main + aux + decay}
        return Objective(minimised + decay, told, found[2:])


def _heads(settings: Settings, network: Any, label: tf.Tensor, needs: Needs) -> List[Tuple[tf.Tensor, tf.Tensor]]:
    """Of main head, 1/16 and 1/32 head: the losses' sum over this rank's pixels, and the weights in it."""
    recipe = settings.recipe
    return [
        losses.cross_entropy(
            logits,
            label,
            settings.ignored,
            settings.class_weights,
            stride,
            needs.precise,
            needs.dense_loss,
            recipe.label_smoothing,
            hard,
            recipe.logit_adjustment,
        )
        for logits, stride, hard in zip(network.logits, recipe.loss_strides, (recipe.ohem_kept, 0.0, 0.0))
    ]


def _over_ranks(needs: Needs, tensors: List[tf.Tensor]) -> List[tf.Tensor]:
    """The mean of each over the ranks, without a gradient: one exchange for all of them, which comes before those of
    gradients, since these depend on it."""
    if needs.over_ranks is None:
        return [tf.stop_gradient(tensor) for tensor in tensors]
    mean = needs.over_ranks(tf.stop_gradient(tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)))
    parts = tf.split(mean, [tensor.shape.num_elements() for tensor in tensors])
    return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, tensors)]


def _parts(means: tf.Tensor, recipe: Recipe) -> Tuple[tf.Tensor, tf.Tensor]:
    """Main and weighted auxiliary cross entropy from the means of the three heads."""
    main, aux16, aux32 = tf.unstack(means)
    return main, recipe.aux_weight * (aux16 + aux32)
