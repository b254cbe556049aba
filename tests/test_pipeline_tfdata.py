"""The feed as an NPU's adapter sees it: which operation the chain ends in, and what becomes of a fault."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault
from pipeline import tfdata
from pipeline.spec import BatchSpec

SPEC = BatchSpec(2, 32, 32, 3)
# What TensorFlow itself puts behind the last operation of the chain.
OPTIONS = {
    "OptionsDataset",
    "PrivateThreadPoolDataset",
    "MaxIntraOpParallelismDataset",
    "OptimizeDataset",
    "ModelDataset",
}


def constant(number):
    return np.full(SPEC.image_shape, number, np.uint8), np.full(SPEC.label_shape, number, np.uint8)


def test_batches_are_finished_on_the_host_prefetch_is_the_last_operation_of_the_chain():
    with tf.Graph().as_default() as graph:
        tfdata.iterator(tfdata.dataset(constant, SPEC, 0, 4, 2))
        op = [op for op in graph.get_operations() if op.type == "MakeIterator"][0].inputs[0].op
        while op.type in OPTIONS:
            op = op.inputs[0].op
        assert op.type == "PrefetchDataset"
        assert op.inputs[0].op.type.startswith("ParallelMapDataset")


@pytest.mark.parametrize("first, last", [(0, 3), (5, 9), (2**33, 2**33 + 2)])
def test_a_feed_starts_and_ends_where_it_is_told_in_order(first, last):
    with tf.Graph().as_default(), tf.Session() as session:
        iterator = tfdata.iterator(tfdata.dataset(lambda k: constant(k % 251), SPEC, first, last, 4))
        element, seen = iterator.get_next(), []
        session.run(iterator.initializer)
        with pytest.raises(tf.errors.OutOfRangeError):
            while True:
                image, label = session.run(element)
                assert image[0, 0, 0, 0] == label[0, 0, 0]
                seen.append(int(image[0, 0, 0, 0]))
    assert seen == [k % 251 for k in range(first, last)]


def test_a_fault_in_a_batch_ends_the_feed_and_does_not_hang_it():
    def broken(number):
        if number == 2:
            raise RunFault("is damaged", where="train/a.png")
        return constant(number)

    with tf.Graph().as_default(), tf.Session() as session:
        iterator = tfdata.iterator(tfdata.dataset(broken, SPEC, 0, 9, 2))
        element = iterator.get_next()
        session.run(iterator.initializer)
        with pytest.raises(tf.errors.OpError, match=r"train/a\.png"):
            for _ in range(9):
                session.run(element)
