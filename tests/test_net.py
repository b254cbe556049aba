"""The network: shapes, alignment, gates, gradients, reproducible weights."""

import zlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from net import bisenet, frontends, losses
from net.layers import Layers, max_pool, resize

FRONTENDS = sorted(frontends.FRONTENDS)
KINDS = ("efficientnet_lite0", "mobilenet_v2", "resnet18", "resnet50", "resnet50_v2", "xception39")  # differ in code
STRIDES = (2, 4, 8, 16, 32)  # of the taps
CLASSES = 5


def placeholder(batch=2, height=64, width=96):
    return tf.placeholder(tf.uint8, [batch, height, width, 3])


def by_name(variable):
    """Values for a variable that depend on its name and shape alone, the same on both stacks."""
    seed = zlib.crc32(variable.op.name.encode())
    values = np.random.RandomState(seed).uniform(-1, 1, variable.shape.as_list()).astype(np.float32)
    if variable.op.name.endswith("kernel"):
        return values * (3.0 / np.prod(variable.shape.as_list()[:3])) ** 0.5
    return 1 + 0.1 * values if variable.op.name.endswith(("gamma", "moving_variance")) else 0.1 * values


def fill(session):
    load(session, {variable: by_name(variable) for variable in tf.global_variables()})


def load(session, values):
    """All at once: each run of a graph that has grown costs more than the last."""
    feed = {variable.initializer.inputs[1]: value for variable, value in values.items()}
    session.run([variable.initializer for variable in values], feed)


class Built:
    """A training network with its losses' gradients, and the session that holds it."""

    def __init__(self, frontend, score_stride):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.images, self.labels = placeholder(), tf.placeholder(tf.uint8, [2, 64, 96])
            self.network = bisenet.build(
                self.images, CLASSES, frontend, training=True, seed=3, score_stride=score_stride
            )
            pairs = zip(self.network.logits, (2, 4, 4))
            self.loss = tf.add_n(
                [losses.per_weight(*losses.cross_entropy(x, self.labels, [4], None, stride)) for x, stride in pairs]
            )
            self.gradients = tf.gradients(self.loss, tf.trainable_variables())
            self.variables = tf.global_variables()
            self.session = tf.Session()
            fill(self.session)

    def feed(self, labels=None):
        labels = drawn.noise(2, 2, 64, 96) % 4 if labels is None else labels
        return {self.images: drawn.noise(1, 2, 64, 96, 3), self.labels: labels}


@pytest.fixture(scope="module", params=[(kind, 8) for kind in KINDS] + [("efficientnet_lite0", 2)], ids=str)
def built(request):
    made = Built(*request.param)
    made.score_stride = request.param[1]
    with made.graph.as_default():
        yield made
    made.session.close()


def test_logits_have_static_shapes_at_the_stride_asked_for_and_at_8_and_16(built):
    shapes = [logits.shape.as_list() for logits in built.network.logits]
    main = [2, 64 // built.score_stride, 96 // built.score_stride, CLASSES]
    assert shapes == [main, [2, 8, 12, CLASSES], [2, 4, 6, CLASSES]]


def test_every_trainable_variable_gets_a_gradient(built):
    assert all(gradient is not None for gradient in built.gradients)
    values = built.session.run(built.gradients, built.feed())
    still = [v.op.name for v, g in zip(tf.trainable_variables(), values) if not np.abs(g).max() > 0]
    assert not still


def test_weight_decay_acts_on_convolution_kernels_and_nothing_else(built):
    names = {variable.op.name for variable in built.network.kernels}
    assert names == {v.op.name for v in tf.trainable_variables() if v.op.name.endswith("kernel")}
    assert not any(name.endswith(("gamma", "beta", "bias")) for name in names)


def test_only_what_no_norm_follows_has_biases_and_every_norm_has_gain_and_offset(built):
    names = [variable.op.name for variable in tf.trainable_variables()]
    biases = [n for n in names if n.endswith("bias") and not n.startswith("frontend/")]
    assert sorted(biases) == [h + "/classes/bias" for h in ("aux16", "aux32", "head")]
    layers = {n.rpartition("/")[0] for n in names if n.endswith("gamma")}
    assert not any(n.rpartition("/")[0] in layers for n in names if n.endswith("bias"))
    assert len([n for n in names if n.endswith("gamma")]) == len([n for n in names if n.endswith("beta")])


def test_a_training_step_moves_every_average(built):
    averages = [v for v in built.variables if "moving" in v.op.name]
    updates = [update.move(update.value) for update in built.network.updates]
    assert len(updates) == len(averages) > 20
    before = built.session.run(averages)
    built.session.run(updates, built.feed())
    after = built.session.run(averages)
    assert all(not np.array_equal(a, b) for a, b in zip(before, after))
    fill(built.session)


def test_ignored_pixels_change_neither_loss_nor_gradients(built):
    labels = drawn.noise(2, 2, 64, 96) % 4
    one, other = labels.copy(), labels.copy()
    one[:, 10:30, 20:50], other[:, 10:30, 20:50] = 255, 4  # padding; the ignored class
    fetches = [built.loss] + built.gradients
    for a, b in zip(built.session.run(fetches, built.feed(one)), built.session.run(fetches, built.feed(other))):
        assert np.array_equal(a, b)


def test_a_batch_without_a_valid_pixel_gives_exactly_nothing(built):
    values = built.session.run([built.loss] + built.gradients, built.feed(np.full((2, 64, 96), 255, np.uint8)))
    assert all(not np.any(value) for value in values)


def test_the_attention_gates_lie_on_both_sides_of_one_half_with_no_relu_before_the_sigmoid(built):
    gates = [op for op in built.graph.get_operations() if op.type == "Sigmoid"]
    assert len(gates) == 3
    for gate in gates:
        before = gate.inputs[0].op
        while before.type not in ("Conv2D", "Relu"):
            before = before.inputs[0].op
        assert before.type == "Conv2D"
        values = built.session.run(gate.outputs[0], built.feed())
        assert values.min() < 0.5 < values.max()


GOLDEN = {
    "efficientnet_lite0": [-0.0415, 0.1401, 0.2275, -0.1926, -0.0509, -0.0126, -0.2479],
    "efficientnet_lite1": [-0.0479, 0.1332, 0.2389, -0.1582, -0.0642, -0.0621, -0.2223],
    "efficientnet_lite2": [-0.0346, 0.1291, 0.1992, -0.1579, -0.0301, -0.0737, -0.2268],
    "mobilenet_v2": [-0.0444, 0.1387, 0.264, -0.1922, -0.0196, -0.061, -0.2807],
    "resnet101": [-0.023, 2.0161, 0.7564, 5.5804, -0.064, -2.5418, -3.1048],
    "resnet101_v2": [0.0285, 0.2767, 0.3657, 0.2902, -0.0353, 0.2651, -0.4589],
    "resnet152": [-1.0566, 9.0411, -6.5971, 18.621, -1.3335, -2.0829, -11.527],
    "resnet152_v2": [-0.1646, 0.6265, 0.209, 0.5815, -0.151, -0.7022, -1.0344],
    "resnet18": [-0.0053, 0.6172, 0.5739, 0.733, -0.1868, 0.2265, -1.1997],
    "resnet34": [-0.2438, 0.958, 0.5242, 1.3539, -0.7678, -0.6934, -2.0453],
    "resnet50": [-0.0121, 0.3496, -0.1078, 0.6523, -0.0382, 0.4374, -0.7301],
    "resnet50_v2": [0.0077, 0.1699, 0.3361, 0.138, -0.1157, 0.1169, -0.2968],
    ("xception39", 2): [0.0219, 0.762, 0.6224, -0.6316, -0.0206, -0.7415, -0.3508],
    "xception39": [-0.0324, 0.1396, 0.2344, -0.1942, -0.0151, 0.0097, -0.2681],
}
CHANNELS = {
    "xception39": (8, 8, 64, 128, 256),
    "resnet18": (64, 64, 128, 256, 512),
    "resnet34": (64, 64, 128, 256, 512),
    "resnet50": (64, 256, 512, 1024, 2048),
    "resnet101": (64, 256, 512, 1024, 2048),
    "resnet152": (64, 256, 512, 1024, 2048),
    "resnet50_v2": (64, 64, 256, 512, 2048),
    "resnet101_v2": (64, 64, 256, 512, 2048),
    "resnet152_v2": (64, 64, 256, 512, 2048),
    "mobilenet_v2": (16, 24, 32, 96, 320),
    "efficientnet_lite0": (16, 24, 40, 112, 320),
    "efficientnet_lite1": (16, 24, 40, 112, 320),
    "efficientnet_lite2": (16, 24, 48, 120, 352),
}
# Trainable numbers of whole networks, without their classifiers, as published or counted elsewhere.
COUNTS = {"efficientnet_lite0": 2958848, "efficientnet_lite1": 3723520, "efficientnet_lite2": 4357952}
COUNTS.update(resnet18=11176512, resnet34=21284672, resnet50=23508032, resnet101=42500160, resnet152=58143808)


@pytest.mark.parametrize("frontend", FRONTENDS)
def test_taps_lie_at_strides_2_to_32_with_the_networks_own_channels_and_weights(frontend):
    with tf.Graph().as_default():
        taps = frontends.build(frontend, tf.placeholder(tf.float32, [2, 96, 160, 3]), Layers(training=True))
        expected = [[2, 96 // s, 160 // s, c] for s, c in zip(STRIDES, CHANNELS[frontend])]
        assert [tap.shape.as_list() for tap in taps] == expected
        count = sum(int(np.prod(v.shape.as_list())) for v in tf.trainable_variables())
        assert count == COUNTS.get(frontend, count)


@pytest.mark.parametrize("frontend, stride", [(name, 8) for name in FRONTENDS] + [("xception39", 2)])
def test_inference_gives_what_it_always_gave_alone_or_in_a_batch(frontend, stride):
    with tf.Graph().as_default(), tf.Session() as session:
        images, single = placeholder(3), placeholder(1)
        network = bisenet.build(images, CLASSES, frontend, training=False, score_stride=stride)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            alone = bisenet.build(single, CLASSES, frontend, training=False, score_stride=stride)
        fill(session)
        pixels = drawn.noise(5, 3, 64, 96, 3)
        logits = session.run(network.logits.main, {images: pixels})
        assert network.logits.aux16 is None and not network.updates
        one = session.run(alone.logits.main, {single: pixels[1:2]})
        assert np.allclose(one[0], logits[1], atol=1e-4)
        summary = [logits.mean(), logits.std()] + logits[0, 3, 4].tolist()
        assert summary == pytest.approx(GOLDEN[frontend if stride == 8 else (frontend, stride)], rel=1e-3, abs=2e-3)


def test_a_ramp_goes_through_strided_convolutions_and_back_up_without_shift():
    """Averaging kernels on x(i) = i: what comes back over pixel i must be i."""
    length = 256
    for axis in (0, 1):
        with tf.Graph().as_default(), tf.Session() as session:
            ramp = np.broadcast_to(np.arange(length, dtype=np.float32), (length, length)).copy()
            x = tf.constant((ramp.T if axis == 0 else ramp)[None, :, :, None])
            layers = Layers(training=False)
            for number, size in enumerate((7, 3, 3)):
                with tf.variable_scope("conv%d" % number):
                    x = layers.conv(x, 1, size, 2)
            with tf.variable_scope("depthwise"):
                x = layers.depthwise(x, 3, 2)
            session.run(tf.global_variables_initializer())
            for kernel in layers.kernels:
                shape = kernel.shape.as_list()
                kernel.load(np.full(shape, 1 / (shape[0] * shape[1]), np.float32), session)
            back = session.run(resize(x, length, length))[0, :, :, 0]
        inside = np.s_[64:176, 64:176]
        assert abs((back - (ramp.T if axis == 0 else ramp))[inside]).max() < 0.01


@pytest.mark.parametrize("frontend", KINDS)
def test_a_point_of_light_answers_strongest_at_its_own_place_on_every_tap(frontend):
    """All kernels averaging, norms neutral: each tap's response to one bright pixel is centred on it."""
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [1, 256, 256, 3])
        layers = Layers(training=False)
        taps = frontends.build(frontend, images, layers)
        session.run(tf.global_variables_initializer())
        shapes = {kernel: kernel.shape.as_list() for kernel in layers.kernels}
        load(session, {kernel: np.full(s, 1 / np.prod(s[:3]), np.float32) for kernel, s in shapes.items()})
        dark, light = np.full((1, 256, 256, 3), 130, np.float32), np.full((1, 256, 256, 3), 130, np.float32)
        light[0, 128, 128] = 1e6  # far over the rounding of sums
        for stride, tap in zip(STRIDES, taps):
            response = session.run(tap, {images: light}) - session.run(tap, {images: dark})
            weight = response[0].sum(axis=-1)
            centre = [(weight.sum(axis=1 - a) * np.arange(len(weight))).sum() / weight.sum() for a in (0, 1)]
            assert centre == pytest.approx([128 / stride] * 2, abs=0.02)


def test_pooling_takes_the_maximum_around_its_own_pixel():
    with tf.Graph().as_default(), tf.Session() as session:
        x = np.zeros((1, 8, 8, 1), np.float32)
        x[0, 3, 5] = 1
        found = session.run(max_pool(tf.constant(x), 3, 2))[0, :, :, 0]
        assert sorted(map(tuple, np.argwhere(found > 0).tolist())) == [(1, 2), (1, 3), (2, 2), (2, 3)]


def test_ignored_classes_are_never_predicted():
    with tf.Graph().as_default(), tf.Session() as session:
        logits = tf.constant(np.random.RandomState(0).randn(1, 4, 4, 6).astype(np.float32) + [0, 0, 9, 0, 0, 9])
        free, masked = bisenet.predict(logits, 32, 32), bisenet.predict(logits, 32, 32, [2, 5])
        free, masked = session.run([free, masked])
    assert free.shape == (1, 32, 32) and free.dtype == np.uint8
    assert set(np.unique(free)) <= {2, 5} and not {2, 5} & set(np.unique(masked))


def initial(before=(), seed=0):
    with tf.Graph().as_default(), tf.Session() as session:
        for frontend in before:
            with tf.variable_scope("other"):
                bisenet.build(placeholder(), 3, frontend, training=True)
        bisenet.build(placeholder(), CLASSES, "xception39", training=True, seed=seed)
        session.run(tf.global_variables_initializer())
        kernels = [v for v in tf.global_variables() if v.op.name.endswith("kernel") and "other" not in v.op.name]
        return dict(zip([v.op.name for v in kernels], session.run(kernels)))


def test_first_weights_depend_on_the_seed_and_not_on_what_was_built_before():
    one, again, other = initial(), initial(["xception39"]), initial(seed=1)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not any(np.array_equal(one[name], other[name]) for name in one)
    stem = one["frontend/stem/kernel"]
    assert stem.std() == pytest.approx((2 / 27) ** 0.5, rel=0.15)


@pytest.mark.parametrize("size", [(64, 90), (0, 64), (None, 64)])
def test_sizes_that_are_no_multiple_of_32_are_refused(size):
    with tf.Graph().as_default(), pytest.raises(ValueError, match="32"):
        bisenet.build(placeholder(1, *size), CLASSES, "xception39", training=None in size)


def test_an_unknown_frontend_names_those_that_exist():
    with pytest.raises(ValueError, match="efficientnet_lite0, .*, xception39"):
        frontends.get("nonsense")
