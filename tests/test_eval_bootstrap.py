"""Intervals: reproducible, sane, and equal to a plain loop over resamples."""

import numpy as np
import pytest

from eval import bootstrap, metrics

# Seen alike on numpy 1.21 and 2.4.
GOLDEN_MEAN = (0.1412175648702595, 0.2180095364825904)
GOLDEN_LAST = (0.09345794392523364, 0.25)


def sane_counts(frames=40, classes=4, seed=3):
    """Frames in which every class is right in most of its pixels, varying from frame to frame."""
    rng = np.random.RandomState(seed)
    counts = rng.randint(0, 30, (frames, classes, classes))
    counts[:, range(classes), range(classes)] = rng.randint(100, 600, (frames, classes))
    return counts.astype(np.int64)


def slow_intervals(counts, seed, rounds, mean_over="truth"):
    frames, classes = counts.shape[:2]
    numbers = np.random.RandomState(seed).random_sample((rounds, frames))
    names = [str(i) for i in range(classes)]
    means, by_class = [], [[] for _ in names]
    for row in numbers:
        scores = metrics.score(np.stack([counts[int(u * frames)] for u in row]), names, mean_over)
        means += [] if scores.mean_iou is None else [scores.mean_iou]
        for values, iou in zip(by_class, scores.iou):
            values += [] if iou is None else [iou]
    return slow_middle(means), [slow_middle(values) for values in by_class]


def slow_middle(values):
    """Leave out the same number of resamples at either end, as many as make at most 5 %."""
    end = int(len(values) * 0.05 / 2 + 1e-9)
    kept = sorted(values)[end : len(values) - end]
    return (kept[0], kept[-1]) if kept else None


@pytest.mark.parametrize("mean_over", ["truth", "union"])
def test_vectorised_resampling_equals_the_loop(mean_over):
    counts = sane_counts(frames=9)
    counts[2:, 3] = 0  # a class of two frames only: some resamples are without it
    counts[:, 1, 1] = 7
    mean, by_class = bootstrap.intervals(counts, seed=5, rounds=60, mean_over=mean_over)
    slow_mean, slow_by_class = slow_intervals(counts, 5, 60, mean_over)
    assert mean == pytest.approx(slow_mean)
    for fast, slow in zip(by_class, slow_by_class):
        assert fast == pytest.approx(slow)


def test_intervals_contain_the_point_estimates():
    counts = sane_counts()
    scores = metrics.score(counts, "abcd")
    mean, by_class = bootstrap.intervals(counts)
    assert mean[0] < scores.mean_iou < mean[1]
    for (low, high), iou in zip(by_class, scores.iou):
        assert 0 <= low < iou < high <= 1


def test_a_seed_gives_the_same_interval_again_and_another_seed_another():
    counts = sane_counts()
    assert bootstrap.intervals(counts, seed=1) == bootstrap.intervals(counts, seed=1)
    assert bootstrap.intervals(counts, seed=1) != bootstrap.intervals(counts, seed=2)


def test_interval_is_the_stored_one_on_every_stack():
    counts = (np.arange(6 * 9).reshape(6, 3, 3) * 7 % 11).astype(np.int64)
    mean, by_class = bootstrap.intervals(counts, seed=0, rounds=200)
    assert mean == pytest.approx(GOLDEN_MEAN, abs=1e-12)
    assert by_class[2] == pytest.approx(GOLDEN_LAST, abs=1e-12)


def test_more_frames_of_the_same_kind_narrow_the_interval():
    few, many = (bootstrap.intervals(sane_counts(frames=n))[0] for n in (10, 160))
    assert many[1] - many[0] < (few[1] - few[0]) / 2


def test_there_is_no_interval_where_frames_cannot_vary():
    counts = sane_counts(frames=5)
    counts[1:, 2] = 0  # class 2 is in one frame only
    counts[:, 3] = 0  # class 3 in none
    mean, by_class = bootstrap.intervals(counts)
    assert mean is not None and by_class[0] is not None
    assert by_class[2] is None and by_class[3] is None
    assert bootstrap.intervals(counts[:1]) == (None, [None] * 4)


def test_misses_to_none_of_the_classes_lower_the_interval():
    counts = sane_counts()
    with_other = np.concatenate([counts, np.full(counts.shape[:2] + (1,), 300)], axis=2)
    assert bootstrap.intervals(with_other)[0][1] < bootstrap.intervals(counts)[0][0]


def test_frames_without_any_true_pixel_give_no_interval_and_no_warning(recwarn):
    assert bootstrap.intervals(np.zeros((4, 3, 3), np.int64)) == (None, [None] * 3)
    assert not recwarn.list


def test_differences_score_the_same_resamples_of_both():
    one, other = sane_counts(frames=9), sane_counts(frames=9, seed=4)
    mean, by_class = bootstrap.differences(one, other, seed=5, rounds=60)
    numbers = np.random.RandomState(5).random_sample((60, 9))
    means, last = [], []
    for row in numbers:
        drawn = [metrics.score(np.stack([counts[int(u * 9)] for u in row]), "abcd") for counts in (one, other)]
        means.append(drawn[1].mean_iou - drawn[0].mean_iou)
        last.append(drawn[1].iou[3] - drawn[0].iou[3])
    assert mean == pytest.approx(slow_middle(means)) and by_class[3] == pytest.approx(slow_middle(last))


def test_a_run_does_not_differ_from_itself():
    counts = sane_counts()
    mean, by_class = bootstrap.differences(counts, counts)
    assert mean == (0, 0) and by_class == [(0, 0)] * 4
    with pytest.raises(ValueError, match="same frames"):
        bootstrap.differences(counts, counts[1:])
