"""Reused arrays: nothing that anybody can still see is ever handed out again, and memory stays bounded."""

import gc

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import synthetic
from augment.augmentation import NAMED
from camvid_tools import classes
from pipeline import sources, tfdata
from pipeline.batches import TrainBatches
from pipeline.pool import ALIGNMENT, BatchPool, aligned
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

SPEC = BatchSpec(2, 32, 64, 32)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30))
def test_whatever_is_held_and_let_go_no_two_holders_share_memory(turns):
    pool, held = BatchPool(SPEC), {}
    for turn in turns:
        held.pop(turn, None)
        held[turn] = pool.take()
        starts = [array.ctypes.data for pair in held.values() for array in pair]
        assert len(set(starts)) == len(starts)
    assert len(pool) <= len(held) + 1


@pytest.mark.parametrize(
    "part",
    [
        lambda pair: pair[0][1],
        lambda pair: pair[1][:, ::2],
        lambda pair: pair[0].reshape(-1),
        lambda pair: memoryview(pair[0]),
        lambda pair: pair[1].T,
    ],
    ids=["one image", "every second row", "reshaped", "buffer", "transposed"],
)
def test_a_view_of_an_array_keeps_the_array_in_use(part):
    pool = BatchPool(SPEC)
    kept = part(pool.take())
    gc.collect()
    again = pool.take()
    assert not any(np.shares_memory(np.asarray(kept), array) for array in again)


def test_a_pair_that_was_let_go_is_used_again():
    pool = BatchPool(SPEC)
    first = {array.ctypes.data for array in pool.take()}
    assert {array.ctypes.data for array in pool.take()} == first


@given(st.integers(1, 3000))
def test_memory_is_aligned_for_tensorflow_to_take_without_a_copy(size):
    array = aligned((size,))
    assert array.ctypes.data % ALIGNMENT == 0 and array.shape == (size,) and array.flags.c_contiguous


def test_elements_that_a_session_returned_never_change_and_memory_is_bounded():
    names = ["f_%02d" % i for i in range(7)]
    samples = [(synthetic.image(n, (40, 56)), synthetic.ids(n, (40, 56))) for n in names]
    source = sources.ArraySource(names, samples, classes.camvid32())

    def make():
        return TrainBatches(source, Schedule(7, 2, 5), NAMED["base"], SPEC)

    expected, feed = [[array.copy() for array in make()(number)] for number in range(40)], make()
    with tf.Graph().as_default(), tf.Session() as session:
        iterator = tfdata.iterator(tfdata.dataset(feed, SPEC, 0, 40, 3))
        element = iterator.get_next()
        session.run(iterator.initializer)
        kept = [session.run(element) for _ in range(8)]
        late = [[array.copy() for array in session.run(element)] for _ in range(32)]
    for found, wanted in zip(kept + late, expected):
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted))
    # eight kept by the consumer, one a thread, the prefetched ones, one in the consumer's hand, one on its way
    assert feed.memory_bytes() <= (8 + 3 + tfdata.PREFETCHED + 4) * SPEC.element_bytes
