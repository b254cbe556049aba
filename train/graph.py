"""The training graph: feed, network, losses, optimiser. Built once, with static shapes, and never added to again."""

from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import tensorflow.compat.v1 as tf

from eval import runner
from net import bisenet
from pipeline import tfdata
from pipeline.needs import HOST, Needs
from pipeline.precision import NO_SCALE

from . import averages, learning_rate, objective, optimiser
from .settings import Settings

MORE = 1 << 40  # batches: where updates may be skipped, how many a run takes is known at its end only


class TrainGraph(NamedTuple):
    """What the loop needs. `fetches` are the one fetch set of the whole run, `train_op` among them.

    variables: all that a checkpoint holds; step: the one that counts updates; weights: the network's; scale_state:
    those that only a loss scale has; taken: counts the batches since it was initialised, whether they gave an update or
    not, and is never saved.
    """

    graph: tf.Graph
    iterator: Any
    fetches: Dict[str, Any]
    variables: List[Any]
    step: Any
    weights: List[Any]
    scale_state: List[Any]
    taken: Any


def build(
    settings: Settings, feed: Callable, first_batch: int, seed: int, needs: Needs = HOST, first_step: int = 0
) -> TrainGraph:
    """The graph that trains on the batches of `feed`, TrainBatches or Workers, from `first_batch` and `first_step` on;
    `needs`: of the device that it is for."""
    graph = tf.Graph()
    with graph.as_default():
        threads = 1 if settings.workers else settings.threads
        left = settings.total_steps - first_step if settings.loss_scale == NO_SCALE else MORE
        data = tfdata.dataset(feed, feed.spec, first_batch, first_batch + left, threads)
        iterator = tfdata.iterator(data)
        image, label, waited = _element(iterator, needs)
        step = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False)
        rate = _rate(settings, step)
        with tf.control_dependencies([image, label]):  # else decay and the like compute first, and count as waiting
            network = bisenet.build(
                image,
                feed.spec.classes,
                settings.frontend,
                training=True,
                seed=seed,
                norm_decay=settings.recipe.norm_decay,
                score_stride=settings.recipe.score_stride,
                precise=needs.precise,
                frozen_norms=settings.recipe.frozen_norms,
            )
            goal = objective.build(settings, network, label, needs)
        weights = [variable for variable in tf.global_variables() if variable is not step]
        inner = _optimiser(settings, rate, network)
        before = len(tf.global_variables())
        outer, scale = needs.minimiser(inner, step)
        scale_state = tf.global_variables()[before:]
        gradients = outer.compute_gradients(goal.minimised, tf.trainable_variables())
        with tf.control_dependencies(_averages(settings, weights, step)):
            moved = [update.move(value) for update, value in zip(network.updates, goal.statistics)]
            update = tf.group(outer.apply_gradients(gradients, global_step=step), *moved)
        train_op, counts, taken = _counted(update, step)
        values = dict(goal.told, learning_rate=rate, train_op=needs.repeated(train_op), **waited, **counts)
        values.update({} if scale is None else {"loss_scale": scale})
        return TrainGraph(graph, iterator, values, tf.global_variables(), step, weights, scale_state, taken)


def _averages(settings: Settings, weights: List[Any], step: Any) -> List[tf.Operation]:
    decay = settings.recipe.ema_decay
    return [averages.build(weights, decay, step)] if decay else []


def model(settings: Settings, classes: int) -> runner.Model:
    """The network of these settings as an evaluation takes it."""
    return runner.Model(settings.frontend, classes, settings.ignored, settings.recipe.score_stride)


def network_shapes(settings: Settings, classes: int) -> Dict[str, List[int]]:
    """The network's variables: shapes by name."""
    with tf.Graph().as_default():
        image = tf.placeholder(tf.uint8, [2, bisenet.MULTIPLE, bisenet.MULTIPLE, 3])
        bisenet.build(image, classes, settings.frontend, training=True, score_stride=settings.recipe.score_stride)
        return {variable.op.name: variable.shape.as_list() for variable in tf.global_variables()}


def _optimiser(settings: Settings, rate: tf.Tensor, network: Any) -> optimiser.Optimiser:
    decayed = network.kernels if settings.recipe.optimiser == "adamw" else []
    return optimiser.build(settings.recipe, rate, settings.momentum, decayed, settings.weight_decay)


def _counted(update: tf.Operation, step: Any) -> Tuple[tf.Operation, Dict[str, tf.Tensor], Any]:
    """A step's operation, `step` and `taken` as they stand after it, and the variable that counts batches."""
    local = [tf.GraphKeys.LOCAL_VARIABLES]
    taken = tf.get_variable("batches_taken", [], tf.int64, tf.zeros_initializer(), trainable=False, collections=local)
    train_op = tf.group(update, tf.assign_add(taken, 1))
    with tf.control_dependencies([train_op]):  # else a fetch beside the operation may see either side of it
        return train_op, {"step": step.read_value(), "taken": taken.read_value()}, taken


def _element(iterator: Any, needs: Needs) -> Any:
    """image, label, and as `input_wait_s` the seconds that the step waited for them, where a host's clock can tell."""
    if not needs.has_clock:
        return iterator.get_next() + ({},)
    begin = tf.timestamp()
    with tf.control_dependencies([begin]):
        image, label = iterator.get_next()
    with tf.control_dependencies([image, label]):
        return image, label, {"input_wait_s": tf.timestamp() - begin}


def _rate(settings: Settings, step: Any) -> tf.Tensor:
    with tf.name_scope("learning_rate"):
        return learning_rate.rate(settings.learning_rate, tf.cast(step, tf.float32), tf)


def initialiser(built: TrainGraph) -> Any:
    """The operation that gives all variables their first values; made before the graph is final, run alone."""
    return tf.variables_initializer(built.variables + [built.taken])
