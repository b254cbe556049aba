"""Weight files as their collections lay them out, with random numbers, and a frontend to load them into."""

import numpy as np
import tensorflow.compat.v1 as tf

import drawn
from net import bisenet, frontends
from net.frontends import inverted_residual
from net.layers import Layers
from net.pretrained import loading
from net.pretrained.families import LITE

HEIGHT, WIDTH = 64, 96


def network(frontend, count, score_stride=8):
    """Shapes of a training network's variables by name."""
    with tf.Graph().as_default():
        images = tf.placeholder(tf.uint8, [2, HEIGHT, WIDTH, 3])
        bisenet.build(images, count, frontend, training=True, score_stride=score_stride)
        return {variable.op.name: variable.shape.as_list() for variable in tf.global_variables()}


class Frontend:
    """A frontend for inference in a graph of its own."""

    def __init__(self, name, height=HEIGHT, width=WIDTH, same=False, classifier=False):
        self.name, self.graph = name, tf.Graph()
        with self.graph.as_default():
            self.images = tf.placeholder(tf.float32, [1, height, width, 3])
            layers = Layers(training=False).like(same=same)
            self.taps = frontends.build(name, self.images, layers)
            if classifier:
                with tf.variable_scope("frontend"):
                    self.logits = inverted_residual.classify(self.taps.stride32, layers)
            self.variables = tf.global_variables()
            self.shapes = {v.op.name: v.shape.as_list() for v in self.variables}
            self.session = tf.Session()

    def load(self, path):
        loaded = loading.load(str(path), self.name, self.shapes)
        feed = {v.initializer.inputs[1]: loaded.values[v.op.name] for v in self.variables}
        self.session.run([variable.initializer for variable in self.variables], feed)
        return loaded

    def run(self, what, pixels):
        return self.session.run(what, {self.images: pixels[None]})


def pixels(height=HEIGHT, width=WIDTH):
    return drawn.noise(11, height, width, 3).astype(np.float32)


def random_state(shapes):
    """Values under which activations neither die nor explode."""
    rng, made = np.random.RandomState(5), {}
    for name, shape in shapes.items():
        if len(shape) == 4:
            made[name] = rng.randn(*shape) * (1.5 / np.prod(shape[1:])) ** 0.5
        else:
            made[name] = rng.uniform(0.5, 1.5, shape) if name.endswith(("weight", "var")) else 0.2 * rng.randn(*shape)
    return {name: values.astype(np.float32) for name, values in made.items()}


def norm_shapes(key, channels):
    return {key + end: (channels,) for end in (".weight", ".bias", ".running_mean", ".running_var")}


def resnet_shapes(blocks, bottleneck):
    shapes, before = dict({"conv1.weight": (64, 3, 7, 7)}, **norm_shapes("bn1", 64)), 64
    for stage, count in enumerate(blocks, 1):
        middle = 32 << stage
        out = 4 * middle if bottleneck else middle
        for block in range(count):
            key = "layer%d.%d." % (stage, block)
            plan = [(middle, 1), (middle, 3), (out, 1)] if bottleneck else [(middle, 3), (middle, 3)]
            channels = before
            for number, (filters, size) in enumerate(plan, 1):
                shapes[key + "conv%d.weight" % number] = (filters, channels, size, size)
                shapes.update(norm_shapes(key + "bn%d" % number, filters))
                channels = filters
            if block == 0 and (stage > 1 or bottleneck):
                shapes[key + "downsample.0.weight"] = (out, before, 1, 1)
                shapes.update(norm_shapes(key + "downsample.1", out))
            before = out
    return dict(shapes, **{"fc.weight": (1000, before), "fc.bias": (1000,)})


def mobilenet_shapes():
    shapes = dict({"features.0.0.weight": (32, 3, 3, 3)}, **norm_shapes("features.0.1", 32))
    before, number = 32, 1
    for expansion, channels, count in (
        (1, 16, 1),
        (6, 24, 2),
        (6, 32, 3),
        (6, 64, 4),
        (6, 96, 3),
        (6, 160, 3),
        (6, 320, 1),
    ):
        for _ in range(count):
            key, wide = "features.%d.conv." % number, expansion * before
            places = [("0.0", "0.1", (wide, before, 1, 1))] if expansion > 1 else []
            shift = 1 if expansion > 1 else 0
            places.append(("%d.0" % shift, "%d.1" % shift, (wide, 1, 3, 3)))
            places.append((str(shift + 1), str(shift + 2), (channels, wide, 1, 1)))
            for kernel, bn, shape in places:
                shapes[key + kernel + ".weight"] = shape
                shapes.update(norm_shapes(key + bn, shape[0]))
            before, number = channels, number + 1
    return shapes


def lite_state(size=0):
    """A state dict of the right names and shapes."""
    frontend = Frontend("efficientnet_lite%d" % size)
    state = {}
    for name, shape in frontend.shapes.items():
        kernel = len(shape) == 4
        deep = kernel and "depthwise" in name
        laid = [shape[i] for i in ((2, 3, 0, 1) if deep else (3, 2, 0, 1))] if kernel else shape
        state[LITE.key(name[len("frontend/") :])] = np.ones(laid, np.float32)
    return state
