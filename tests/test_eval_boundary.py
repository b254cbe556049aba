"""Boundary IoU: against erosion class by class, against a loop with left-out pixels, and what moves it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eval import boundary


def eroded_band(mask, distance):
    """The published definition for one mask: what erosion by `distance` takes away, outside being empty."""
    padded = np.pad(mask.astype(np.uint8), distance)
    square = np.ones((2 * distance + 1, 2 * distance + 1), np.uint8)
    return mask & (cv2.erode(padded, square)[distance:-distance, distance:-distance] == 0)


def by_erosion(truth, prediction, classes, distance):
    bands = [(eroded_band(truth == c, distance), eroded_band(prediction == c, distance)) for c in range(classes)]
    return [int((t & p).sum()) for t, p in bands], [int((t | p).sum()) for t, p in bands]


def slow_band(ids, label, distance):
    """Pixels of `label` near another one or the edge; 255 is nothing, so near it there is no outline."""
    height, width = ids.shape
    band = set()
    for row, column in zip(*np.nonzero(ids == label)):
        rows = range(row - distance, row + distance + 1)
        columns = range(column - distance, column + distance + 1)
        near = [(r, c) for r in rows for c in columns]
        if any(not (0 <= r < height and 0 <= c < width) for r, c in near) or any(
            ids[r, c] not in (label, 255) for r, c in near
        ):
            band.add((row, column))
    return band


@st.composite
def frames(draw, classes, void):
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=2, max_side=9))
    ids = st.integers(0, classes - 1)
    true = st.one_of(ids, st.just(255)) if void else ids
    # Filled with one id, so that there are insides and not outlines only.
    truth = draw(arrays.arrays(np.uint8, shape, elements=true, fill=st.just(0)))
    return truth, draw(arrays.arrays(np.uint8, shape, elements=ids, fill=st.just(0)))


@given(frames(classes=3, void=False), st.integers(1, 3))
@settings(max_examples=60)
def test_without_left_out_pixels_it_is_erosion_class_by_class(frame, distance):
    shared, either = boundary.boundary_counts(frame[0], frame[1], 3, distance)
    assert (shared.tolist(), either.tolist()) == by_erosion(frame[0], frame[1], 3, distance)


@given(frames(classes=4, void=True), st.integers(1, 2))
@settings(max_examples=60)
def test_left_out_pixels_count_nowhere_and_make_no_outline(frame, distance):
    truth, prediction = frame
    classes = 3  # id 3 of the prediction is none of them; as truth it is left out
    truth = np.where(truth == 3, 255, truth).astype(np.uint8)
    shared, either = boundary.boundary_counts(truth, prediction, classes, distance)
    seen = np.where(truth == 255, 255, prediction)
    for label in range(classes):
        true, predicted = slow_band(truth, label, distance), slow_band(seen, label, distance)
        assert (shared[label], either[label]) == (len(true & predicted), len(true | predicted))


def test_full_size_bands_are_erosion_too():
    truth, prediction = blocks(), np.roll(blocks(), (5, 9), (0, 1))
    shared, either = boundary.boundary_counts(truth, prediction, 6)
    assert (shared.tolist(), either.tolist()) == by_erosion(truth, prediction, 6, 24)


def blocks(height=720, width=960, size=120, classes=6):
    coarse = np.random.RandomState(0).randint(0, classes, (height // size, width // size))
    return coarse.repeat(size, 0).repeat(size, 1).astype(np.uint8)


def mean_of(truth, prediction, classes=6):
    present = [(truth == i).any() for i in range(classes)]
    return boundary.boundary_ious(*boundary.boundary_counts(truth, prediction, classes), present=present)[1]


def test_band_is_two_percent_of_the_diagonal_and_at_least_one_pixel():
    assert boundary.band_width(720, 960) == 24
    assert boundary.band_width(360, 480) == 12
    assert boundary.band_width(4, 5) == 1


def test_a_perfect_prediction_scores_one_and_a_shift_lowers_it():
    truth = blocks()
    scores = [mean_of(truth, np.roll(truth, shift, axis=1)) for shift in (0, 2, 12, 24)]
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True) and scores[3] < 0.5 < scores[1] < 1.0


def test_a_perfect_prediction_but_for_void_scores_one():
    truth = blocks()
    prediction = truth.copy()
    truth[100:300, 50:500] = truth[:, 700:705] = 255
    prediction[truth == 255] = 1
    assert mean_of(truth, prediction) == 1.0


def test_it_sees_a_ragged_outline_that_iou_does_not():
    truth = np.zeros((200, 200), np.uint8)
    truth[50:150, 50:150] = 1
    ragged = truth.copy()
    ragged[47:50, 50:150:2] = 1
    shared, either = boundary.boundary_counts(truth, ragged, 2)
    iou = (truth & ragged).sum() / (truth | ragged).sum()
    assert 1 - shared[1] / either[1] > 4 * (1 - iou) > 0


def test_classes_absent_from_truth_are_out_of_the_mean():
    by_class, mean = boundary.boundary_ious(np.array([3, 0, 0]), np.array([4, 9, 0]), [True, False, True])
    assert by_class == (0.75, None, None) and mean == 0.75
    assert boundary.boundary_ious(np.array([0]), np.array([0]), [False]) == ((None,), None)


def test_id_255_predicted_where_there_is_truth_is_refused():
    ids = np.zeros((3, 3), np.uint8)
    with pytest.raises(ValueError, match="255"):
        boundary.boundary_counts(ids, ids + np.uint8(255), 2)
