"""Many steps a call."""

import tensorflow.compat.v1 as tf

from ... import _journal, _session

PRIVATE = "npu_runconfig"


def set_iteration_per_loop(sess, train_op, iterations_per_loop=1):
    """What a session runs for that many steps a call."""
    _check_op(train_op)
    _check_count(iterations_per_loop)
    if iterations_per_loop == 1:
        return train_op
    loop = IterationPerLoop()
    loop._make()
    loop.load_iteration_per_loop_var(sess, iterations_per_loop)
    return tf.group(train_op, name="IterationOp")


class IterationPerLoop:
    """The same in two parts, of which the first changes the graph."""

    def create_iteration_per_loop_var(self, train_op):
        """The op to run."""
        _check_op(train_op)
        self._make()
        return tf.group(train_op, name="IterationOp")

    def _make(self):
        self._variables = [_variable(name) for name in ("iterations_per_loop", "loop_cond", "zero", "one")]

    def load_iteration_per_loop_var(self, sess, iterations_per_loop=1):
        """Give the variables their values."""
        _check_count(iterations_per_loop)
        for variable, value in zip(self._variables, (iterations_per_loop - 1, 0, 0, 1)):
            _journal.write("load", name=variable.op.name, value=value)
            with _session.unplayed():
                variable.load(value, session=sess)


def _check_op(train_op):
    if not isinstance(train_op, tf.Operation):  # what has no dtype, as a list, ends in AttributeError: so the real one
        raise ValueError("The incoming 'train_op' type is '%s', not 'Operation'" % train_op.dtype.name)


def _check_count(count):
    if not isinstance(count, int):
        raise TypeError("iterations_per_loop must be int")
    if count < 1:
        raise ValueError("iterations_per_loop must be positive")


def _variable(name):
    graph = tf.get_default_graph()
    collection = "%s_%s" % (PRIVATE, name)
    kept = graph.get_collection(collection)
    if kept:
        return kept[0]
    with tf.variable_scope(PRIVATE, reuse=tf.AUTO_REUSE):
        return tf.get_variable(
            name,
            shape=[],
            dtype=tf.int64,
            initializer=tf.zeros_initializer(),
            trainable=False,
            collections=[collection, tf.GraphKeys.LOCAL_VARIABLES],
            use_resource=True,
        )
