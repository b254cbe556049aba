"""Small training graphs as a card wants them, and each way to spoil one: for tests of the graph check."""

import numpy as np
import tensorflow.compat.v1 as tf

from pipeline.graph_check import reading

SIZE = (4, 32, 32)
OFF = 2  # RewriterConfig.OFF
LOOP_VALUES = (("iterations_per_loop", 9), ("loop_cond", 0), ("zero", 0), ("one", 1))


def config(per_call=10, **options):
    """A session's configuration as the adapter's manual asks for it; an option of None is left out."""
    made = tf.ConfigProto(allow_soft_placement=True)
    rewrite = made.graph_options.rewrite_options
    one = rewrite.custom_optimizers.add()
    one.name = "NpuOptimizer"
    given = {"use_off_line": True, "enable_data_pre_proc": True, "iterations_per_loop": per_call}
    for key, value in dict(given, **options).items():
        if value is not None:
            slot = {bool: "b", int: "i", str: "s"}[type(value)]
            setattr(one.parameter_map[key], slot, value.encode() if isinstance(value, str) else value)
    rewrite.remapping = rewrite.memory_optimization = OFF
    return made


def batches(number):
    """A batch in numpy."""
    return np.zeros(SIZE + (3,), np.uint8), np.zeros(SIZE, np.uint8)


def load(number):
    """The call of Python in the dataset, with shapes."""
    image, label = tf.numpy_function(batches, [number], [tf.uint8, tf.uint8])
    image.set_shape(SIZE + (3,))
    label.set_shape(SIZE)
    return image, label


def dataset():
    """The host's pipeline, prefetch last."""
    return tf.data.Dataset.range(np.int64(100)).map(load, num_parallel_calls=2).prefetch(2)


def loss_of(image, label):
    """A network of one convolution, and the loss in the form whose kernels are known."""
    kernel = tf.get_variable("kernel", [3, 3, 3, 5])
    scores = tf.nn.conv2d(tf.cast(image, tf.float32), kernel, [1, 1, 1, 1], "SAME")
    truth = tf.one_hot(tf.cast(label, tf.int32), 5)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.stop_gradient(truth), logits=scores))


def train_op_of(loss, step=True):
    """One update, counted."""
    counter = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False) if step else None
    return tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, global_step=counter)


def loop_variables(names=LOOP_VALUES):
    """The four variables by which the card counts."""
    for name, value in names:
        with tf.variable_scope("npu_runconfig", reuse=tf.AUTO_REUSE):
            tf.get_variable(name, [], tf.int64, tf.constant_initializer(value), trainable=False, use_resource=True)


def sound(data=dataset, loss=loss_of, train=train_op_of, variables=loop_variables, loop=None, iterator=None):
    """A graph in which any part can be replaced by a spoilt one; returns it with the name that a step fetches."""
    graph = tf.Graph()
    with graph.as_default():
        made = (iterator or tf.data.make_initializable_iterator)(data())
        train_op = train(loss(*made.get_next()))
        variables()
        fetched = (loop or (lambda op: tf.group(op, name="IterationOp")))(train_op)
        return graph, fetched.name


def subject(per_call=10, options=None, **parts):
    """The subject of `sound` with these parts, in a session with these options."""
    graph, fetch = sound(**parts)
    return reading.from_graph(graph, fetch, per_call, config(per_call, **(options or {})))
