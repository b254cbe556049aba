"""Small trainings on the played card, each with one thing wrong: run as a program, prints what came of each as JSON."""

import json
import os
import sys

os.environ["STANDIN_OVERFLOW"] = "2,3"
import npu_bridge  # noqa: E402, F401
import tensorflow.compat.v1 as tf  # noqa: E402
from npu_bridge.estimator.npu import npu_loss_scale_manager, npu_loss_scale_optimizer, util  # noqa: E402

import cards  # noqa: E402
from camvid_tools.errors import ToolkitError  # noqa: E402
from pipeline import npu, offload  # noqa: E402
from pipeline.needs import Training  # noqa: E402

CALL = 4


def numbers():
    """1, 2, 3, ... one an element."""
    return tf.data.Dataset.range(1, 100).map(lambda i: tf.cast(i, tf.float32)).batch(1, True).prefetch(2)


class Small:
    """A training that sums the numbers that it sees, and counts its steps."""

    def __init__(self, data=numbers, iterator=tf.data.make_initializable_iterator):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.iterator = iterator(data())
            self.element = self.iterator.get_next()
            self.seen = tf.get_variable("seen", [], tf.float32, tf.zeros_initializer())
            self.step = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False)
            self.train_op = tf.group(tf.assign_add(self.seen, tf.reduce_sum(self.element)), tf.assign_add(self.step, 1))
            self.initialise = tf.global_variables_initializer()
            self.local = tf.local_variables_initializer()

    def run(self, config=None, loop=None, after=None, start=True, feed=None):
        """One call as the adapter's manual has it, but for what is given; (steps, sum of what was seen)."""
        with self.graph.as_default(), tf.Session(config=config or cards.config(CALL)) as session:
            session.run(self.initialise)
            fetched = (loop or (lambda sess, op: util.set_iteration_per_loop(sess, op, CALL)))(session, self.train_op)
            if after:
                session.run(after(self))
            if start:
                session.run(self.iterator.initializer)
            session.run(fetched, feed)
            return [float(value) for value in session.run([self.step, self.seen])]


def in_a_scope(session, train_op):
    """The loop's nodes under names that nobody looks for."""
    with tf.variable_scope("train"):
        return util.set_iteration_per_loop(session, train_op, CALL)


def in_a_name_scope(session, train_op):
    """The same for the op alone."""
    with tf.name_scope("loop"):
        return util.set_iteration_per_loop(session, train_op, CALL)


def twice(session, train_op):
    """The second call, whose op has another name."""
    util.set_iteration_per_loop(session, train_op, CALL)
    return util.set_iteration_per_loop(session, train_op, CALL)


def never_loaded(session, train_op):
    """All nodes, and no values."""
    return util.IterationPerLoop().create_iteration_per_loop_var(train_op)


def ragged():
    """Elements of a size that is not known before."""
    return tf.data.Dataset.range(1, 100).map(lambda i: tf.cast(i, tf.float32)).batch(1).prefetch(2)


def emptied(key):
    """A configuration of which somebody asked what it says of `key`."""
    config = cards.config(CALL, **{key: None})
    assert not config.graph_options.rewrite_options.custom_optimizers[0].parameter_map[key].b
    return config


def zeroed():
    """Variables of 5, initialised in one run with the iterator: what a step sees of them."""
    with tf.Graph().as_default(), tf.Session(config=cards.config(1)) as session:
        iterator = tf.data.make_initializable_iterator(numbers())
        iterator.get_next()
        five = tf.get_variable("five", [2], tf.float32, tf.constant_initializer(5))
        session.run(tf.group(tf.global_variables_initializer(), iterator.initializer))
        return session.run(five).tolist()


def scaled(wrap, steps):
    """(step, weight, scale) after each of `steps` runs under a dynamic loss scale."""
    with tf.Graph().as_default(), tf.Session(config=cards.config(1)) as session:
        w = tf.get_variable("w", [], tf.float32, tf.ones_initializer())
        step = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False)
        optimiser, scale = wrap(tf.train.GradientDescentOptimizer(0.25), step)
        train_op = optimiser.apply_gradients(optimiser.compute_gradients(w * 1.0), global_step=step)
        session.run(tf.global_variables_initializer())
        found = []
        for _ in range(steps):
            session.run(train_op)
            found.append([float(value) for value in session.run([step, w, scale])])
        return found


def by_hand(optimiser, step):
    """The adapter's loss scale as its manual shows it."""
    manager = npu_loss_scale_manager.ExponentialUpdateLossScaleManager(2.0**15, 1000, 2, decr_ratio=0.5)
    return npu_loss_scale_optimizer.NPULossScaleOptimizer(optimiser, manager), manager.get_loss_scale()


def by_the_card(optimiser, step):
    """As our own trainings have it."""
    return npu.Card(Training("mixed", "dynamic"), {}).needs.minimiser(optimiser, step)


def failing():
    """A data set whose Python fails at its third element."""

    def third(number):
        if number == 3:
            raise ValueError("the frame 0001TP_006690 is lost")
        return number

    numbers = tf.data.Dataset.range(1, 100).map(lambda i: tf.numpy_function(third, [i], tf.int64))
    return numbers.map(lambda i: tf.cast(tf.reshape(i, [1]), tf.float32)).prefetch(2)


def lost_frame():
    """What the session says, and what the process's log does."""
    with offload.Watch("0001TP_006690") as watch:
        try:
            Small(failing).run()
            said = ""
        except tf.errors.InternalError as error:
            said = error.message
    return [said, watch.seen]


def line_of_the_log(level, config=None):
    """Whether the process's log has the line that a model was compiled."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = level
    with offload.Watch() as watch:
        Small().run(config)
    del os.environ["TF_CPP_MIN_LOG_LEVEL"]
    return watch.seen


def infinite():
    """The global step after two good steps where overflow gives infinities: by hand, and as our trainings have it."""
    os.environ["STANDIN_INF_NAN"] = "1"
    found = [scaled(wrap, 2)[-1][0] for wrap in (by_hand, by_the_card)]
    del os.environ["STANDIN_INF_NAN"]
    return found


def refused(make):
    """How a run ends that the card does not make."""
    try:
        make()
    except (tf.errors.OpError, SystemError, ToolkitError) as error:
        return str(error)
    return "made"


CASES = {
    "sound": lambda: Small().run(),
    "in a variable scope": lambda: Small().run(loop=in_a_scope),
    "in a name scope": lambda: Small().run(loop=in_a_name_scope),
    "made twice": lambda: Small().run(loop=twice),
    "never loaded": lambda: Small().run(loop=never_loaded),
    "the train op itself": lambda: Small().run(loop=lambda session, op: op),
    "local variables initialised again": lambda: Small().run(
        after=lambda small: tf.variables_initializer(tf.local_variables())
    ),
    "a dynamic shape": lambda: Small(ragged).run(),
    "no word in the session": lambda: Small().run(cards.config(1)),
    "mixed compilation": lambda: Small().run(cards.config(CALL, mix_compile_mode=True)),
    "on the host": lambda: Small().run(cards.config(CALL, use_off_line=False)),
    "a key read into existence": lambda: Small().run(emptied("use_off_line")),
    "a parameter server": lambda: Small().run(cards.config(CALL, job="ps")),
    "a misspelt key": lambda: Small().run(cards.config(CALL, iterations_per_loop=None, iteration_per_loop=CALL)),
    "data from the host": lambda: Small().run(cards.config(CALL, enable_data_pre_proc=None)),
    "variables beside an iterator": zeroed,
    "an iterator that was not started": lambda: refused(lambda: Small().run(start=False)),
    "a one-shot iterator": lambda: refused(lambda: Small(iterator=tf.data.make_one_shot_iterator).run(start=False)),
    "no steps a call": lambda: refused(lambda: tf.Session(config=cards.config(0))),
    "overflow by hand": lambda: scaled(by_hand, 4),
    "infinities": infinite,
    "a frame that is lost": lost_frame,
    "the line": lambda: line_of_the_log("0"),
    "the line, hidden": lambda: line_of_the_log("1"),
    "the line, on the host": lambda: line_of_the_log("0", cards.config(CALL, use_off_line=False)),
}

if __name__ == "__main__":
    json.dump({name: make() for name, make in CASES.items()}, sys.stdout)
