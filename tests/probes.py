"""What the played card's own parts give, asked one by one: run as a program with names, prints each as JSON."""

import json
import os
import sys
import time

import numpy as np
import tensorflow.compat.v1 as tf
from npu_bridge import _exchange, _ops
from npu_bridge.estimator.npu import npu_loss_scale_manager, npu_loss_scale_optimizer, npu_optimizer, util
from npu_bridge.hccl import hccl_ops

import cards
from played import Small


def types_of_ops():
    """[type, shape] of every op of the adapter."""
    with tf.Graph().as_default() as graph:
        _ops.get_float_status(), _ops.clear_float_status()
        hccl_ops.allreduce(tf.ones([2, 3]), "sum"), hccl_ops.broadcast([tf.ones([4], tf.int64)], 0)
        nodes = [node for node in graph.get_operations() if node.type.startswith(("Npu", "Hcom"))]
        return [[node.type, node.outputs[0].shape.as_list()] for node in nodes]


def reads_of_the_status():
    """What two reads in one graph give in three runs, of which the third and the fourth read tell of an overflow; and
    what had happened, in order, when the first was made after a slow op."""
    order = []
    real = _ops._reads

    class Reads(list):
        def __setitem__(self, index, value):
            order.append("status")
            super().__setitem__(index, value)

    def slow():
        time.sleep(0.1)
        order.append("gradient")
        return np.float32(1)

    os.environ["STANDIN_OVERFLOW"] = "3,4"
    _ops._reads = Reads([0])
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.control_dependencies([tf.numpy_function(slow, [], tf.float32)]):
            first = _ops.get_float_status()
        with tf.control_dependencies([first]):
            both = [first, _ops.get_float_status()]
        found = [[status.tolist() for status in session.run(both)] for _ in range(3)]
    _ops._reads = real
    del os.environ["STANDIN_OVERFLOW"]
    return [found, order]


def scales(start, *good, grows=3):
    """[scale, good steps, bad steps] after each step."""
    with tf.Graph().as_default(), tf.Session() as session:
        manager = npu_loss_scale_manager.ExponentialUpdateLossScaleManager(start, grows, 2, decr_ratio=0.5)
        finite = tf.placeholder(tf.bool, [])
        update = manager.update_loss_scale(finite)
        session.run(tf.global_variables_initializer())
        assert tf.trainable_variables() == []
        found = []
        for one in good:
            session.run(update, {finite: one})
            found.append([float(session.run(name + ":0")) for name in ("loss_scale", "good_steps", "bad_steps")])
        return found


def rule_of_the_scale():
    """The dynamic scale: grown, shrunk, at its floor and at its ceiling."""
    good, bad = True, False
    floor, ceiling = scales(1.5, bad, bad), scales(3e38, good, grows=1)
    return [scales(8.0, good, good, good, good, bad, good, bad), floor[-1], ceiling[-1][0] < 3.1e38]


def raised(make, *arguments, **named):
    """The type of what is raised."""
    try:
        make(*arguments, **named)
    except Exception as error:
        return type(error).__name__
    return "nothing"


def wrong_words():
    """How wrong arguments end, and what not every release has."""
    with tf.Graph().as_default(), tf.Session() as session:
        loop, nothing = util.IterationPerLoop(), tf.no_op()
        loop.create_iteration_per_loop_var(nothing)
        fixed = npu_loss_scale_manager.FixedLossScaleManager
        return {
            "a tensor": raised(util.set_iteration_per_loop, session, tf.constant(1), 2),
            "a list": raised(util.set_iteration_per_loop, session, [nothing], 2),
            "a word": raised(util.set_iteration_per_loop, session, nothing, "2"),
            "a word, later": raised(loop.load_iteration_per_loop_var, session, "2"),
            "no step, later": raised(loop.load_iteration_per_loop_var, session, 0),
            "a scale below 1": raised(fixed, 0.5),
            "overflows unseen": raised(fixed, 2, enable_overflow_check=False),
            "weights in parts": raised(npu_optimizer.NPUDistributedOptimizer, None, is_weight_update_sharding=True),
            "the star": raised(__import__, "npu_bridge.npu_init"),
        }


def fed_data():
    """[steps, sum] of four steps a call: of a batch fed in the iterator's place, of one whose size is not known, and
    of the iterator's own where something else is fed."""
    small = Small()
    found = [small.run(start=False, feed={small.element: [7.0]})]
    small = Small(data=lambda: tf.data.Dataset.range(1, 9).map(lambda i: tf.cast(i, tf.float32)).batch(1))
    found.append(small.run(start=False, feed={small.element: [7.0]}))
    small = Small()
    with small.graph.as_default():
        other = tf.placeholder(tf.float32, [])
    return found + [small.run(feed={other: 0.1})]


def counter_left_over():
    """Steps of each of three calls where loop_cond was 2 before the first."""
    small, found = Small(), [0]
    with small.graph.as_default(), tf.Session(config=cards.config(4)) as session:
        session.run(small.initialise)
        fetched = util.set_iteration_per_loop(session, small.train_op, 4)
        session.run("npu_runconfig/loop_cond/Assign", {"npu_runconfig/loop_cond/Initializer/zeros:0": 2})
        session.run(small.iterator.initializer)
        for _ in range(3):
            session.run(fetched)
            found.append(int(session.run(small.step)))
    return np.diff(found).tolist()


def report_on_ops():
    """What is written of an op that stays on the host."""
    os.environ["STANDIN_UNSUPPORTED"] = "AssignAdd"

    Small().run()
    del os.environ["STANDIN_UNSUPPORTED"]
    with open("check_result.tf.json") as file:
        return json.load(file)["op"]


def half_precision():
    """The weight after one step of a float16 loss under a fixed scale."""
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", [], tf.float16, tf.ones_initializer())
        manager = npu_loss_scale_manager.FixedLossScaleManager(4)
        inner = tf.train.GradientDescentOptimizer(0.25)
        update = npu_loss_scale_optimizer.NPULossScaleOptimizer(inner, manager).minimize(w * 1.0)
        session.run(tf.global_variables_initializer())
        session.run(update)
        return float(session.run(w))


def a_rank_that_does_not_come():
    """What a training says whose other rank is not there, on data of its own."""
    os.environ.update(RANK_SIZE="2", RANK_ID="0", STANDIN_HCCL=os.getcwd())
    _exchange.WAITS_S, small = 0.1, Small()
    with small.graph.as_default():
        small.train_op = tf.group(small.train_op, hccl_ops.allreduce(small.element, "sum"))
    try:
        small.run()
    except tf.errors.OpError as error:
        return error.message
    finally:
        del os.environ["RANK_SIZE"], os.environ["RANK_ID"]


def without_a_job():
    """How gradients of two ranks end where JOB_ID is empty."""
    os.environ.update(RANK_SIZE="2", JOB_ID="")
    with tf.Graph().as_default():
        loss = tf.get_variable("w", []) * 1.0
        inner = tf.train.GradientDescentOptimizer(0.25)
        found = raised(npu_optimizer.NPUDistributedOptimizer(inner).compute_gradients, loss)
    del os.environ["RANK_SIZE"], os.environ["JOB_ID"]
    return found


def of_one_rank():
    """What a rank gets of the others in the third of three runs: everything by its kind."""
    rank = int(os.environ["RANK_ID"])
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.constant([2, 3 + rank], tf.int32)
        found, before = {}, []
        for kind in ("sum", "prod", "max", "min"):
            with tf.control_dependencies(before):
                found[kind] = hccl_ops.allreduce(given, kind)
            before = [found[kind]]
        with tf.control_dependencies(before):
            mine = tf.constant(10.0 * rank), tf.constant(rank, tf.int64)
            found["of 0"] = hccl_ops.broadcast(list(mine), 0)
            found["of 1"] = hccl_ops.broadcast(list(mine), 1)
        w, apart = tf.get_variable("w", [], tf.float32, tf.ones_initializer()), tf.get_variable("apart", [])
        inner = tf.train.GradientDescentOptimizer(0.25)
        with tf.control_dependencies(found["of 1"]):
            loss = w * (1.0 + 2 * rank)
        gradients = npu_optimizer.NPUDistributedOptimizer(inner).compute_gradients(loss, var_list=[w, apart])
        found["mean"] = gradients[0][0]
        session.run(tf.global_variables_initializer())
        values = [session.run(found) for _ in range(3)][-1]
        same = {name: np.array(value).tolist() for name, value in values.items()}
        return dict(same, apart=gradients[1][0])


if __name__ == "__main__":
    json.dump({name: globals()[name]() for name in sys.argv[1:]}, sys.stdout)
