"""Faults that the card passes over without a word, planted: each with the rule that has to name it."""

import numpy as np
import tensorflow.compat.v1 as tf

import cards

# the session's configuration


def spoilt(**changed):
    made = cards.config()
    for name, value in changed.items():
        setattr(made.graph_options.rewrite_options, name, value)
    return made


def parameters(config):
    return config.graph_options.rewrite_options.custom_optimizers[0].parameter_map


def read_into_existence():
    made = cards.config(use_off_line=None)
    assert not parameters(made)["use_off_line"].b
    return made


def wrong_slot():
    made = cards.config()
    parameters(made)["precision_mode"].b = True
    return made


def two_optimizers():
    made = cards.config()
    made.graph_options.rewrite_options.custom_optimizers.add().name = "NpuOptimizer"
    return made


SESSIONS = {
    "no optimizer": (tf.ConfigProto, "one-optimizer"),
    "two optimizers": (two_optimizers, "one-optimizer"),
    "misspelt key": (lambda: cards.config(iteration_per_loop=10), "options-are-known"),
    "a key that nobody reads": (lambda: cards.config(sump_mode=True), "options-are-known"),
    "wrong slot": (wrong_slot, "options-are-known"),
    "read into existence": (read_into_existence, "options-are-known"),
    "a value that is none": (lambda: cards.config(precision_mode="mixed"), "options-are-known"),
    "no steps a call": (lambda: cards.config(0), "options-are-known"),
    "a file that is not there": (lambda: cards.config(op_debug_config="/no/such.cfg"), "options-are-known"),
    "on the host": (lambda: cards.config(use_off_line=False), "options-agree"),
    "a parameter server": (lambda: cards.config(job="ps"), "options-agree"),
    "two precisions": (lambda: cards.config(precision_mode="force_fp32", precision_mode_v2="fp16"), "options-agree"),
    "a list without a mix": (lambda: cards.config(modify_mixlist=__file__), "options-agree"),
    "mixed compilation": (lambda: cards.config(mix_compile_mode=True), "options-agree"),
    "a dump to nowhere": (lambda: cards.config(enable_dump=True), "options-agree"),
    "half of the shapes": (lambda: cards.config(input_shape="data:1,-1"), "options-agree"),
    "remapping": (lambda: spoilt(remapping=0), "rewriters-are-off"),
    "memory optimization": (lambda: spoilt(memory_optimization=1), "rewriters-are-off"),
    "another count": (lambda: cards.config(5), "loop-is-asked-for"),
    "no data of its own": (lambda: cards.config(enable_data_pre_proc=False), "loop-is-asked-for"),
    "data not mentioned": (lambda: cards.config(enable_data_pre_proc=None), "loop-is-asked-for"),
}


# the loop


def in_a_scope(scope):
    def loop(op):
        with scope("train"):
            return tf.group(op, name="IterationOp")

    return loop


def twice(op):
    tf.group(op, name="IterationOp")
    return tf.group(op, name="IterationOp")


LOOPS = {
    "train op itself": ({"loop": lambda op: op}, "loop-is-fetched"),
    "in a name scope": ({"loop": in_a_scope(tf.name_scope)}, "loop-is-fetched"),
    "made twice": ({"loop": twice}, "loop-is-fetched"),
    "another name": ({"loop": lambda op: tf.group(op, name="iteration_op")}, "loop-is-fetched"),
    "an identity": ({"loop": lambda op: tf.identity(0, name="IterationOp").op}, "loop-is-fetched"),
    "nothing behind": ({"loop": lambda op: tf.no_op(name="IterationOp")}, "loop-is-fetched"),
    "steps not counted": ({"train": lambda loss: cards.train_op_of(loss, step=False)}, "loop-is-fetched"),
    "no variables": ({"variables": lambda: None}, "loop-variables-are-there"),
    "one missing": ({"variables": lambda: cards.loop_variables(cards.LOOP_VALUES[:3])}, "loop-variables-are-there"),
    "fed": (
        {"loss": lambda image, label: cards.loss_of(image, label) * tf.placeholder(tf.float32, [])},
        "nothing-is-fed",
    ),
}


# data: a dataset and the datasets of it that move to the card


def source():
    return tf.data.Dataset.range(np.int64(100))


def py_function(number):
    image, label = tf.py_function(cards.batches, [number], [tf.uint8, tf.uint8])
    image.set_shape(cards.SIZE + (3,))
    label.set_shape(cards.SIZE)
    return image, label


def picture(number):
    return tf.zeros(cards.SIZE[1:] + (3,), tf.uint8), tf.zeros(cards.SIZE[1:], tf.uint8)


def scaled(image, label):
    return image + 1, label


def whole_batches(data):
    return data.batch(cards.SIZE[0], drop_remainder=True)


DATASETS = {
    "map, prefetch": (cards.dataset, set()),
    "map, batch, prefetch": (lambda: whole_batches(source().map(picture)).prefetch(2), set()),
    "map of numpy": (lambda: source().map(cards.load), set()),
    "map, batch, map, prefetch": (lambda: whole_batches(source().map(picture)).map(scaled).prefetch(2), set()),
    "batch, repeat": (lambda: whole_batches(source().map(picture)).repeat(), set()),
    "map of tensors": (lambda: whole_batches(source().map(picture)), {"MapDataset", "BatchDatasetV2"}),
    "map after numpy": (lambda: source().map(cards.load).map(scaled), {"MapDataset"}),
    "map of Python": (lambda: source().map(py_function), {"MapDataset"}),
}


def controlled():
    with tf.control_dependencies([tf.no_op(name="before")]):
        return cards.dataset()


def reading_a_variable():
    scale = tf.get_variable("scale", [], tf.float32, tf.ones_initializer(), use_resource=True)
    return (
        source()
        .map(picture)
        .map(lambda image, label: (image * tf.cast(scale, tf.uint8), label))
        .batch(4, True)
        .prefetch(2)
    )


def ragged():
    return source().map(picture).batch(4).prefetch(2)


def doubles():
    return cards.dataset().map(lambda image, label: (tf.cast(image, tf.float64), label)).prefetch(2)


def named():
    return cards.dataset().map(lambda image, label: (image, label, tf.constant("frame"))).prefetch(2)


def one_shot(data):
    return tf.data.make_one_shot_iterator(data)


def with_names(image, label, *names):
    return cards.loss_of(image, label)


ELEMENTS = {
    "controls": ({"data": controlled}, "datasets-have-no-controls", "error"),
    "a variable": ({"data": reading_a_variable}, "datasets-read-no-variables", "error"),
    "a last batch of any size": ({"data": ragged}, "elements-are-static", "error"),
    "doubles": ({"data": doubles}, "elements-are-static", "error"),
    "names of frames": ({"data": named, "loss": with_names}, "elements-are-static", "error"),
    "a one-shot iterator": ({"iterator": one_shot}, "iterators-can-be-started", "error"),
    "Python under another name": ({"data": DATASETS["map of Python"][0]}, "python-is-called-by-its-name", "error"),
}


# the step


def plus(make):
    """The loss times something, so that its gradient needs it."""

    def loss(image, label):
        return cards.loss_of(image, label) * make(tf.cast(image, tf.float32), tf.cast(label, tf.int32))

    return loss


def any_value(x):
    return 1 + 0 * tf.reduce_sum(tf.cast(x, tf.float32))


STEPS = {
    "where": (lambda x, y: any_value(tf.where(y > 0)), "ops-have-kernels", "error"),
    "a shape found out": (lambda x, y: any_value(tf.where(y > 0)), "shapes-are-static", "error"),
    "mask": (lambda x, y: any_value(tf.boolean_mask(x, y > 0)), "shapes-are-static", "error"),
    "doubles": (lambda x, y: any_value(tf.cast(x, tf.float64)), "types-are-plain", "error"),
    "text": (lambda x, y: any_value(tf.strings.length(tf.as_string(y))), "types-are-plain", "error"),
    "Python": (lambda x, y: any_value(tf.py_func(np.sum, [x], tf.float32)), "ops-have-kernels", "error"),
    "an op nobody knows": (
        lambda x, y: any_value(tf.linalg.band_part(x[0, :, :, 0], 1, 1)),
        "ops-have-kernels",
        "error",
    ),
    "the clock": (lambda x, y: any_value(tf.timestamp()), "ops-have-kernels", "error"),
    "top k": (lambda x, y: any_value(tf.nn.top_k(tf.reshape(x, [-1]), 9)[0]), "ops-have-kernels", "warning"),
    "dice": (lambda x, y: any_value(tf.random_uniform([9])), "ops-have-kernels", "warning"),
    "is finite": (lambda x, y: any_value(tf.is_finite(x)), "ops-have-kernels", "open"),
}


# several ranks


def shared_train_op(loss, share=tf.identity):
    """One update of gradients that went through an op named shared."""
    counter = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False)
    optimiser = tf.train.MomentumOptimizer(0.1, 0.9)
    loss /= tf.stop_gradient(tf.identity(loss, name="shared_loss"))  # what is shared of a loss shares no gradient
    gradients = [(share(g, name="shared"), v) for g, v in optimiser.compute_gradients(loss)]
    return optimiser.apply_gradients(gradients, global_step=counter)


def ranked(share=tf.identity, copied=tf.global_variables, ranks=2, **lengths):
    """The subject of a training on several cards, whose collective ops stand in for nodes named after them."""

    def variables():
        cards.loop_variables()
        for variable in copied():
            tf.assign(variable, tf.identity(variable, name="copied"))

    found = cards.subject(train=lambda loss: shared_train_op(loss, share), variables=variables)
    stands_for = {"shared": "HcomAllReduce", "copied": "HcomBroadcast"}
    nodes = {name: node._replace(op=stands_for.get(name.split("_")[0], node.op)) for name, node in found.nodes.items()}
    return found._replace(nodes=nodes, ranks=ranks, lengths=lengths)


RANKS = {
    "gradients of one rank": (lambda: ranked(share=lambda g, name: g), "gradients-are-shared"),
    "trained variables alone": (lambda: ranked(copied=tf.trainable_variables), "ranks-start-equal"),
    "saved within a call": (lambda: ranked(save_every=15, total_steps=20), "lengths-are-whole-calls"),
}
