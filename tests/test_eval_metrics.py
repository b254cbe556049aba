"""Scores: hand cases in which other tools go wrong, independence of order and batching, and a slow twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eval import confusion, metrics

NAMES = ("Road", "Sky", "Tree", "Car")


def slow_iou(pairs, label):
    """IoU of one class as sets of pixels: `pairs` lists (true id, predicted id)."""
    shared = sum(1 for true, predicted in pairs if true == label and predicted == label)
    either = sum(1 for true, predicted in pairs if label in (true, predicted))
    return shared / either


def pairs_of(total):
    return [(t, p) for t in range(total.shape[0]) for p in range(total.shape[1]) for _ in range(total[t, p])]


def counts():
    """[F,K,K] or [F,K,K+1] small counts, classes absent now and then."""
    sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 1))
    shapes = sizes.map(lambda s: (s[0], s[1], s[1] + s[2]))
    return shapes.flatmap(lambda s: arrays.arrays(np.int64, s, elements=st.integers(0, 4)))


def test_perfect_but_for_void_called_road_scores_one():
    truth = np.zeros((10, 10), np.uint8)
    truth[4:7], truth[7:] = 1, 255  # 255: Void, left out
    prediction = np.where(truth == 255, 0, truth).astype(np.uint8)
    scores = metrics.score(confusion.confusion(truth, prediction, 4)[None], NAMES)
    assert scores.mean_iou == 1.0 and scores.pixel_accuracy == 1.0
    assert scores.absent == ("Tree", "Car")
    assert sum(scores.pixels) == 70


def test_an_absent_class_predicted_once_counts_against_the_true_class_only():
    truth = np.repeat(np.array([0, 1, 2], np.uint8), [50, 25, 25]).reshape(10, 10)
    prediction = truth.copy()
    prediction[0, 0] = 3  # Car, which is nowhere in truth
    matrix = confusion.confusion(truth, prediction, 4)[None]
    scores = metrics.score(matrix, NAMES)
    assert scores.iou == (49 / 50, 1.0, 1.0, None)
    assert scores.mean_iou == pytest.approx(0.993, abs=0.0005)
    assert scores.absent == ("Car",) and scores.precision[3] == 0.0 and scores.accuracy[3] is None
    # tf.metrics.mean_iou: the stray pixel brings a fourth class into the mean, with 0.
    other = metrics.score(matrix, NAMES, "union")
    assert other.mean_iou == pytest.approx(0.745, abs=0.0005) and other.iou[3] == 0.0 and other.absent == ()


def test_a_class_neither_true_nor_predicted_is_out_of_the_mean_under_both_rules():
    matrix = np.diag([4, 0, 3, 2])[None]
    for rule in ("truth", "union"):
        scores = metrics.score(matrix, NAMES, rule)
        assert scores.mean_iou == 1.0 and scores.absent == ("Sky",)


def test_accuracy_of_six_batches_is_their_mean_at_the_end():
    matrices = np.zeros((6, 2, 2), np.int64)
    matrices[:3, 0, 0] = matrices[3:, 0, 1] = 10
    assert metrics.score(matrices, ("a", "b")).pixel_accuracy == 0.5


@given(counts(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_order_and_batches_of_frames_change_nothing(matrices, random, batch):
    names = NAMES[: matrices.shape[1]]
    order = list(range(len(matrices)))
    random.shuffle(order)
    shuffled = metrics.score(matrices[order], names)
    summed = metrics.score(sum(matrices[i : i + batch].sum(axis=0) for i in range(0, len(matrices), batch)), names)
    whole = metrics.score(matrices, names)
    for field in ("iou", "accuracy", "precision", "pixels", "mean_iou", "pixel_accuracy", "absent", "other"):
        assert getattr(whole, field) == getattr(shuffled, field) == getattr(summed, field)
    assert whole.frames == shuffled.frames
    assert set(summed.frames) == {None}


@given(counts())
def test_scores_equal_counting_pixel_by_pixel(matrices):
    classes = matrices.shape[1]
    scores = metrics.score(matrices, NAMES[:classes])
    pairs = pairs_of(matrices.sum(axis=0))
    for label in range(classes):
        true = [p for t, p in pairs if t == label]
        predicted = [t for t, p in pairs if p == label]
        assert scores.pixels[label] == len(true)
        assert scores.frames[label] == sum(1 for frame in matrices if frame[label].sum())
        assert (scores.iou[label] is None) == (not true) == (NAMES[label] in scores.absent)
        if true:
            assert scores.iou[label] == pytest.approx(slow_iou(pairs, label))
            assert scores.accuracy[label] == pytest.approx(true.count(label) / len(true))
            assert scores.other[label] == sum(1 for p in true if p == classes)
        if predicted:
            assert scores.precision[label] == pytest.approx(predicted.count(label) / len(predicted))
    _check_means(scores, pairs)


def _check_means(scores, pairs):
    seen = [value for value in scores.iou if value is not None]
    if not pairs:
        assert scores.mean_iou is None and scores.pixel_accuracy is None
        assert scores.mean_accuracy is None and scores.frequency_weighted_iou is None
        return
    assert scores.mean_iou == pytest.approx(sum(seen) / len(seen))
    assert scores.pixel_accuracy == pytest.approx(sum(t == p for t, p in pairs) / len(pairs))
    recalls = [value for value in scores.accuracy if value is not None]
    assert scores.mean_accuracy == pytest.approx(sum(recalls) / len(recalls))
    weighted = sum(scores.iou[t] for t, _ in pairs) / len(pairs)
    assert scores.frequency_weighted_iou == pytest.approx(weighted)


def test_counts_that_do_not_fit_the_names_are_refused():
    with pytest.raises(ValueError, match="4 class names"):
        metrics.score(np.zeros((2, 3, 3), np.int64), NAMES)
    with pytest.raises(ValueError, match="columns"):
        metrics.score(np.zeros((2, 4, 6), np.int64), NAMES)
    with pytest.raises(ValueError, match="truth, union"):
        metrics.score(np.zeros((2, 4, 4), np.int64), NAMES, "all")
