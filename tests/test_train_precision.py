"""Mixed precision and loss scale: on the host by TensorFlow's own means, and between devices that have them or not."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from camvid_tools import classes
from camvid_tools.errors import ToolkitError
from eval import runfolder
from pipeline import device
from pipeline.device import Host
from pipeline.needs import HOST, Training
from pipeline.precision import FIRST_SCALE
from pipeline.sources import ArraySource
from train import flags, settings
from train.__main__ import main
from train.checkpoint import Checkpoints


class Small:
    """A training of three weights by a factor that is fed, built as a device asks for it."""

    def __init__(self, needs):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.factor = tf.placeholder(tf.float32, [])
            self.w = tf.get_variable("w", [3], tf.float32, tf.ones_initializer())
            step = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False)
            before = len(tf.global_variables())
            optimiser, self.scale = needs.minimiser(tf.train.MomentumOptimizer(0.1, 0.9), step)
            self.state = tf.global_variables()[before:]
            loss = tf.reduce_sum(self.w * self.w) * self.factor
            update = optimiser.apply_gradients(optimiser.compute_gradients(loss), global_step=step)
            self.variables = tf.global_variables()
            with tf.control_dependencies([update]):
                self.step = step.read_value()
            self.initialise = tf.variables_initializer(self.variables)


def scaled(scale):
    return Host("gpu", 1, Training("mixed", scale))


@pytest.mark.parametrize("scale", ["dynamic", 1024.0])
def test_a_scaled_loss_gives_the_updates_of_a_plain_one(scale):
    ended = []
    for host in (Host("cpu", 1), scaled(scale)):
        small = Small(host.needs)
        with host.training_session(small.graph) as session:
            session.run(small.initialise)
            for factor in (1.0, 0.5, 0.25):
                session.run(small.step, {small.factor: factor})
            ended.append(session.run([small.w, small.step], {small.factor: 0.0})[0])
    assert np.array_equal(*ended)  # the scale is a power of two


def test_a_dynamic_scale_skips_what_overflows_and_halves():
    host = scaled("dynamic")
    small = Small(host.needs)
    with host.training_session(small.graph) as session:
        session.run(small.initialise)
        assert session.run(small.scale) == FIRST_SCALE == 2**15
        assert session.run(small.step, {small.factor: 1.0}) == 1
        before = session.run(small.w)
        assert session.run(small.step, {small.factor: np.inf}) == 1
        assert np.array_equal(session.run(small.w), before)
        assert session.run(small.scale) == 2**14
        assert session.run(small.step, {small.factor: 1.0}) == 2


def test_mixed_precision_is_asked_of_the_session_and_only_then():
    graph = tf.Graph()
    with scaled("dynamic").training_session(graph) as mixed, Host("cpu", 1).training_session(graph) as plain:
        modes = [one._config.graph_options.rewrite_options.auto_mixed_precision for one in (mixed, plain)]
    assert modes == [1, 0]  # ON, DEFAULT


def saved(small, folder):
    with small.graph.as_default():
        checkpoints = Checkpoints(folder, small.variables, small.state)
        with tf.Session() as session:
            session.run(small.initialise)
            session.run(small.step, {small.factor: 1.0})
            checkpoints.save(session, "last", {"step": 1})
            return session.run(small.w)


@pytest.mark.parametrize("first, second", [(True, False), (False, True), (True, True)])
def test_a_run_moves_between_devices_with_and_without_a_loss_scale(first, second, tmp_path):
    needs = {True: scaled("dynamic").needs, False: HOST}
    weights = saved(Small(needs[first]), str(tmp_path))
    small = Small(needs[second])
    with small.graph.as_default():
        checkpoints = Checkpoints(str(tmp_path), small.variables, small.state)
        with tf.Session() as session:
            session.run(small.initialise)
            checkpoints.restore(session, runfolder.choose(str(tmp_path), "last"))
            assert np.array_equal(session.run(small.w), weights)
            if second:
                assert session.run(small.scale) == FIRST_SCALE


# settings and flags


def resolve(**given):
    samples = [(drawn.noise(i, 70, 100, 3), drawn.noise(i, 70, 100) % 32) for i in range(10)]
    source = ArraySource([str(i) for i in range(10)], samples, classes.camvid32())
    return settings.resolve(dict({"data_path": "x", "output_path": "y"}, **given), source)


@pytest.mark.parametrize(
    "given, due",
    [
        ({}, ("float32", "none")),
        ({"device": "npu"}, ("mixed", "dynamic")),
        ({"device": "gpu"}, ("float32", "none")),
        ({"device": "gpu", "precision": "mixed"}, ("mixed", "dynamic")),
        ({"device": "npu", "precision": "float32"}, ("float32", "none")),
        ({"device": "npu", "loss_scale": 128.0}, ("mixed", 128.0)),
        ({"device": "npu", "loss_scale": "none"}, ("mixed", "none")),
    ],
)
def test_precision_and_scale_are_those_of_the_device_unless_given(given, due):
    found = resolve(**given)
    assert (found.precision, found.loss_scale) == due


def test_several_ranks_make_a_step_of_several_batches():
    samples = [(drawn.noise(0, 70, 100, 3), drawn.noise(0, 70, 100) % 32)] * 64
    source = ArraySource([str(i) for i in range(64)], samples, classes.camvid32())
    found = settings.resolve({"data_path": "x", "output_path": "y", "train_epochs": 4}, source, ranks=4)
    assert (found.total_steps, found.validate_every, found.ranks) == (8, 2, 4)


@pytest.mark.parametrize(
    "training", [Training("mixed", "dynamic"), Training("float32", 8.0), Training("mixed", "none")]
)
def test_a_processor_refuses_what_it_cannot_do(training):
    with pytest.raises(ToolkitError, match="float32") as caught:
        device.choose("cpu", None, training)
    assert "--precision float32 --loss_scale none" in caught.value.remedy


@pytest.mark.parametrize(
    "given, fact",
    [
        (["--loss_scale", "0.5"], "none, dynamic or a factor"),
        (["--loss_scale", "large"], "none, dynamic or a factor"),
        (["--precision", "half"], "float32"),
        (["--npu_option", "presicion_mode=force_fp32"], "precision_mode"),
        (["--npu_option", "deterministic"], "KEY=VALUE"),
        (["--distributed", "mpi"], "hccl"),
    ],
)
def test_a_flag_that_cannot_be_is_named(run, given, fact):
    assert fact in run(main, "--data_path", "x", *given).refusal()


@pytest.mark.parametrize(
    "given, fact",
    [
        (["--precision", "mixed", "--device", "cpu"], "--precision float32"),
        (["--npu_option", "deterministic=1", "--device", "cpu"], "--device npu"),
    ],
)
def test_what_only_another_device_can_do_is_refused(run, tmp_path, given, fact):
    tree = drawn.tree(str(tmp_path / "set"), 64, 96)
    where = ["--data_path", tree, "--output_path", tmp_path / "run", "--batch_size", "2"]
    assert fact in run(main, *where, *given).refusal()
    assert not (tmp_path / "run").exists()


def test_one_of_many_ranks_is_refused_unless_they_are_joined(run, tmp_path, monkeypatch):
    tree = drawn.tree(str(tmp_path / "set"), 64, 96)
    monkeypatch.setenv("RANK_SIZE", "8")
    assert "--distributed hccl" in run(main, "--data_path", tree, "--output_path", tmp_path / "run").refusal()


def test_options_of_the_adapter_are_kept_in_their_order():
    given = flags.given(flags.build_parser().parse_args(["--npu_option", "deterministic=1", "--npu_option", "job=x"]))
    assert given == {"npu_option": ["deterministic=1", "job=x"]}
