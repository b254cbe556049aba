"""Counting one frame: the fast count against a loop, what is left out, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eval import confusion

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=7)


def slow_confusion(truth, prediction, classes):
    counts = np.zeros((classes, classes), np.int64)
    for true, predicted in zip(truth.ravel().tolist(), prediction.ravel().tolist()):
        if true != 255:
            counts[true, predicted] += 1
    return counts


@st.composite
def frames(draw):
    """(truth, prediction, classes): any ids below `classes`, and 255 in truth."""
    classes = draw(st.integers(1, 255))
    shape = draw(SHAPES)
    some = st.integers(0, classes - 1)
    truth = draw(arrays.arrays(np.uint8, shape, elements=st.one_of(some, st.just(255))))
    return truth, draw(arrays.arrays(np.uint8, shape, elements=some)), classes


@given(frames())
def test_fast_count_equals_the_loop(frame):
    counts = confusion.confusion(*frame)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, slow_confusion(*frame))


def test_rows_are_truth_and_columns_prediction():
    counts = confusion.confusion(np.array([[0, 0, 1]], np.uint8), np.array([[0, 1, 1]], np.uint8), 2)
    np.testing.assert_array_equal(counts, [[1, 1], [0, 1]])


def test_pixels_without_truth_are_left_out():
    truth = np.full((4, 5), 255, np.uint8)
    assert confusion.confusion(truth, np.zeros_like(truth), 3).sum() == 0


def test_views_that_are_not_contiguous_are_counted_alike():
    rng = np.random.RandomState(1)
    truth, prediction = rng.randint(0, 5, (2, 12, 16)).astype(np.uint8)
    whole = confusion.confusion(truth[::2, ::-1].copy(), prediction[::2, ::-1].copy(), 5)
    np.testing.assert_array_equal(confusion.confusion(truth[::2, ::-1], prediction[::2, ::-1], 5), whole)


@pytest.mark.parametrize("bad", [3, 254, 255])
def test_a_predicted_id_outside_the_classes_names_id_and_place(bad):
    prediction = np.zeros((4, 6), np.uint8)
    prediction[2, 5] = bad
    with pytest.raises(ValueError, match=r"prediction.*1 pixels.*0\.\.2.*%d at row 2, column 5" % bad):
        confusion.confusion(np.full((4, 6), 255, np.uint8), prediction, 3)


@pytest.mark.parametrize("bad", [3, 254])
def test_a_true_id_outside_the_classes_names_id_and_place(bad):
    truth = np.zeros((4, 6), np.uint8)
    truth[1, 0] = bad
    with pytest.raises(ValueError, match=r"truth.*0\.\.2.*%d at row 1, column 0" % bad):
        confusion.confusion(truth, np.zeros((4, 6), np.uint8), 3)


def test_other_shapes_and_types_are_refused():
    ids = np.zeros((4, 6), np.uint8)
    with pytest.raises(ValueError, match="one size"):
        confusion.confusion(ids, ids[:3], 2)
    with pytest.raises(ValueError, match="one size"):
        confusion.confusion(ids[None], ids[None], 2)
    with pytest.raises(ValueError, match="int64"):
        confusion.confusion(ids, ids.astype(np.int64), 2)
