"""--explain: the same confusion under other tools' rules, by hand."""

import numpy as np
import pytest

from eval import explain, protocols

NAMES = ("A", "B", "C", "Void")


def means(confusions, names=NAMES):
    protocol = protocols.resolve("palette", names)
    return {row["tool"]: row["mean_iou"] for row in explain.explained(np.array(confusions, np.int64), protocol)}


# Two frames, rows truth. A is found by half in the first; B is true only in the second, and found; C is predicted only,
# and neither is the third class true anywhere; Void is true for 10 pixels and predicted for 5.
FIRST = [[50, 0, 50, 0], [0, 0, 0, 0], [0, 0, 0, 0], [10, 0, 0, 0]]
SECOND = [[0, 0, 0, 0], [0, 95, 0, 5], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_each_tools_rule_gives_what_its_arithmetic_gives_by_hand():
    found = means([FIRST, SECOND])
    a, b = 50 / 100, 95 / 100
    assert found["detectron2"] == pytest.approx((a + b) / 2)
    assert found["MMSegmentation"] == pytest.approx((a + b + 0) / 3)
    assert found["PaddleSeg"] == pytest.approx((a + b + 0) / 3)
    assert found["CoinCheung/BiSeNet"] == pytest.approx((50 / 101 + 95 / 101 + 0) / 3)
    assert found["mean over frames"] == pytest.approx(((a + 0) / 2 + b) / 2)
    assert found["segmentation_models.pytorch"] == pytest.approx(((a + 1 + 0) / 3 + (1 + b + 1) / 3) / 2)
    assert found["tf.metrics.mean_iou"] == pytest.approx((50 / 110 + b + 0 + 0) / 4)
    assert "the model zoo's evaluation" not in found  # whose split has 168 frames


def test_a_class_that_is_nowhere_counts_1_0_or_not_at_all():
    nowhere = [[10, 10, 0, 0], [0, 20, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]  # C is
    found = means([nowhere])
    a, b = 10 / 20, 20 / 30
    assert found["PaddleSeg"] == pytest.approx((a + b + 1) / 3)
    assert found["detectron2"] == found["MMSegmentation"] == pytest.approx((a + b) / 2)
    assert found["CoinCheung/BiSeNet"] == pytest.approx((10 / 21 + 20 / 31) / 3)


def test_the_model_zoos_loop_counts_eighty_of_168_frames_a_third_time():
    right, wrong = [[1, 0], [0, 0]], [[0, 1], [0, 0]]
    found = means([right] * 80 + [wrong] * 88, ("A", "B"))["the model zoo's evaluation"]
    hit, missed = 3 * 80, 2 * 88
    assert found == pytest.approx((hit / (hit + missed) + 0) / 2)


def test_the_text_names_every_tool_and_its_rule_in_words():
    protocol = protocols.resolve("palette", NAMES)
    rows = explain.explained(np.array([FIRST, SECOND], np.int64), protocol)
    lines = explain.text(rows, protocol, 0.725).splitlines()
    assert "palette says 0.7250" in lines[0] and len(lines) == 1 + len(rows)
    assert any("PaddleSeg" in line and "counts 1" in line for line in lines)
