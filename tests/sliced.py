"""The slow twin of a training by several ranks: one process that takes each global batch in slices and normalises each
by itself, as the ranks do, and makes sums, means and updates in numpy."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from eval import runfolder, runner
from net import bisenet, losses
from pipeline import sources
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec
from train import learning_rate
from train.settings import resolve

MOVING = ("/moving_mean", "/moving_variance")


class Slice:
    """The network over one slice of a batch."""

    def __init__(self, settings, spec):
        self.graph = tf.Graph()
        with self.graph.as_default():
            recipe = settings.recipe
            self.image, self.label = (
                tf.placeholder(tf.uint8, spec.image_shape),
                tf.placeholder(tf.uint8, spec.label_shape),
            )
            built = bisenet.build(
                self.image, spec.classes, settings.frontend, True, settings.seed, recipe.norm_decay, recipe.score_stride
            )
            pairs = [
                losses.cross_entropy(logits, self.label, settings.ignored, None, stride)
                for logits, stride in zip(built.logits, recipe.loss_strides)
            ]
            self.weights = tf.stack([weight for _, weight in pairs])
            self.all_weights = tf.placeholder(tf.float32, [3])
            shares = (1.0, recipe.aux_weight, recipe.aux_weight)
            loss = sum(share * pair[0] / self.all_weights[i] for i, (share, pair) in enumerate(zip(shares, pairs)))
            self.trained = tf.trainable_variables()
            self.gradients = tf.gradients(loss, self.trained)
            self.kernels = {kernel.op.name for kernel in built.kernels}
            self.moves = [update.move(update.value) for update in built.updates]
            self.variables = tf.global_variables()
            self.assign = runner.assigners(self.variables)
            self.session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1))
            self.session.run(tf.global_variables_initializer())

    def values(self):
        return dict(zip([v.op.name for v in self.variables], self.session.run(self.variables)))

    def load(self, values):
        runner.load(self.session, self.assign, values)

    def count(self, image, label):
        """The weights that are in each loss."""
        return self.session.run(self.weights, {self.image: image, self.label: label})

    def step(self, image, label, all_weights):
        """Gradients by name, and batch norm's averages as this slice moves them."""
        feed = {self.image: image, self.label: label, self.all_weights: all_weights}
        gradients = self.session.run(self.gradients, feed)
        self.session.run(self.moves, feed)
        moved = {name: value for name, value in self.values().items() if name.endswith(MOVING)}
        return dict(zip([v.op.name for v in self.trained], gradients)), moved


def train(flags, ranks):
    """The values of all variables, by name, after the training that `ranks` ranks are given these flags for."""
    source = sources.open_source(flags["data_path"], "train")
    settings = resolve(flags, source, ranks=ranks)
    assert settings.recipe.optimiser == "sgd"
    whole = BatchSpec(ranks * settings.batch_size, settings.height, settings.width, len(source.classes))
    make = TrainBatches(source, Schedule(len(source), whole.batch_size, settings.seed), settings.augmentation, whole)
    slices = [Slice(settings, whole._replace(batch_size=settings.batch_size)) for _ in range(ranks)]
    values = slices[0].values()
    speed = dict.fromkeys(values, 0.0)
    averages = dict.fromkeys(values, 0.0)
    for step in range(settings.total_steps):
        parts = list(zip(*[np.split(array, ranks) for array in make(step)]))
        for one in slices:
            one.load(values)
        weights = sum(one.count(*part) for one, part in zip(slices, parts))
        gradients, moved = zip(*[one.step(*part, weights) for one, part in zip(slices, parts)])
        share = min(max(1 - settings.recipe.ema_decay, 10 / (10 + step)), 1)
        averages = {name: averages[name] + share * (value - averages[name]) for name, value in values.items()}
        rate = learning_rate.rate(settings.learning_rate, float(step))
        kernels = slices[0].kernels
        whole_of = {name: sum(found[name].astype(np.float64) for found in gradients) for name in gradients[0]}
        whole_of.update({name: whole_of[name] + settings.weight_decay * values[name] for name in kernels})
        norm = np.sqrt(sum((gradient**2).sum() for gradient in whole_of.values()))
        for name, gradient in whole_of.items():
            clipped = gradient * settings.recipe.clip_norm / max(norm, settings.recipe.clip_norm)
            speed[name] = settings.momentum * speed[name] + clipped
            values[name] = (values[name] - rate * speed[name]).astype(np.float32)
        values.update({name: np.mean([found[name] for found in moved], axis=0) for name in moved[0]})
    found = dict(values, **{"average/" + name: value for name, value in averages.items()})
    for name in whole_of:
        found["%s/sgd%s" % (name, "_frontend" * name.startswith("frontend/"))] = speed[name]
    return found


# Steps of a training, its rate and clip norm, and how far from the twin it may end. One step is exact but for rounding,
# and so is momentum, which is then the gradient. From random weights each further one turns a rounding error of 1e-7
# into some 1e-4 of the gradient (a twin that begins one such error away shows it): small steps keep the weights near,
# and momentum is left out.
LENGTHS = ((1, 1e-3, 1e6, 1e-5), (20, 1e-4, 1.0, 2e-3))
ONE_STEP = LENGTHS[0]
lengths = pytest.mark.parametrize("steps, rate, clip, far", LENGTHS)


def flags(folder, steps, rate, clip):
    """The flags of such a training into `folder`/run, with averages of the weights: 4 images of each rank a step, and
    nothing to validate on, which takes as long again."""
    recipe = {"optimiser": "sgd", "ema_decay": 0.9, "warm_up": 0, "learning_rate": rate, "clip_norm": clip}
    path = os.path.join(str(folder), "recipe.json")
    with open(path, "w") as file:
        json.dump(dict(recipe, frontend="xception39"), file)
    data = os.path.join(str(folder), "set")
    if not os.path.exists(data):
        drawn.tree(data, lists={"train": drawn.LISTS["train"]})
    given = {"data_path": data, "output_path": os.path.join(str(folder), "run"), "recipe": path, "train_steps": steps}
    given.update(batch_size=4, height=64, width=96, augment="base", threads=1, tf_threads=1)
    return dict(given, save_every=steps)


def frozen_flags(folder):
    """The flags of a training of which slices matter in nothing, since its norms are frozen, into `folder`/run: 20
    steps of 4 images of each rank. It begins with a run whose statistics fit, which is made first."""
    begun = dict(flags(folder, 2, 1e-4, 1.0), output_path=os.path.join(str(folder), "begun"), batch_size=8)
    _change(begun["recipe"], norm_decay=0.0)
    subprocess.run([sys.executable, "-m", "train", *words(begun)], check=True)
    given = flags(folder, *LENGTHS[1][:-1])
    _change(given["recipe"], frozen_norms="all")
    return dict(given, weights=begun["output_path"])


def _change(recipe, **settings):
    with open(recipe) as file:
        held = json.load(file)
    with open(recipe, "w") as file:
        json.dump(dict(held, **settings), file)


FAR = LENGTHS[1][-1]  # by rounding alone, over as many steps


def from_plain(given):
    """How far the weights of this training by two ranks lie from those of one process that takes whole batches, and
    how far it moved them: the largest difference of any weight, in shares of the largest of its variable. A weight
    follows from all that momentum ever was."""
    plain = dict(given, output_path=given["output_path"] + "_plain", batch_size=8)
    subprocess.run([sys.executable, "-m", "train", *words(plain)], check=True)
    places = (given["output_path"], plain["output_path"], given["weights"])
    ranks, whole, begun = [_weights(place) for place in places]
    names = [name for name in whole if "/sgd" not in name and name != "global_step"]
    return [
        max(float(np.abs(whole[n] - other[n]).max() / max(np.abs(whole[n]).max(), 1e-3)) for n in names)
        for other in (ranks, begun)
    ]


def _weights(run):
    return runner.scored(runner.read_checkpoint(runfolder.choose(run, "last").prefix))


def words(given):
    """Flags as a command has them."""
    return [word for name, value in given.items() for word in ("--" + name, str(value))]


def furthest(given, ranks):
    """How far a variable of this training's last checkpoint lies from the twin's at most, in shares of the largest
    value that it holds, after several steps of 0.1 at least: what began at zero is by then still as small as chaos
    makes it; and its name."""
    twin, shares = train(given, ranks), {}
    held = tf.train.load_checkpoint(runfolder.choose(given["output_path"], "last").prefix)
    assert set(held.get_variable_to_shape_map()) == set(twin) | {"global_step"}
    momentum, least = ((), 1e-3) if given["train_steps"] == 1 else (("/sgd", "/sgd_frontend"), 0.1)
    for name, value in twin.items():
        if name.endswith(momentum):
            continue
        shares[name] = float(np.abs(held.get_tensor(name) - value).max() / max(np.abs(value).max(), least))
    name = max(shares, key=shares.get)
    return shares[name], name
