"""The table for people and the block of eval.json: complete, honest about gaps, for any JSON reader."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from camvid_tools import classes
from eval import boundary, confusion, protocols, tables

NAMES32 = classes.camvid32().names
KEYS = (
    "protocol classes mean_iou mean_iou_interval mean_accuracy pixel_accuracy frequency_weighted_iou "
    "boundary_iou absent confusion other"
).split()


def sample(frames=6, names=NAMES32, seed=0, name=None):
    """A block over frames in which one class in three never occurs and a fifth of the pixels is wrong."""
    rng = np.random.RandomState(seed)
    protocol = protocols.resolve(name, names)
    present = [i for i in range(len(names)) if i % 3 or len(names) < 3]
    counts, outline = [], np.zeros((2, len(protocol.classes)), np.int64)
    for _ in range(frames):
        truth = rng.choice(present, (6, 8)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        noise = rng.randint(0, len(names), truth.shape)
        prediction = np.where(rng.random_sample(truth.shape) < 0.2, noise, truth).astype(np.uint8)
        counts.append(confusion.confusion(truth, prediction, len(names)))
        ids = protocol.truth_ids(truth), protocol.prediction_ids(prediction)
        outline += boundary.boundary_counts(*ids, classes=len(protocol.classes))
    return tables.score_block(np.stack(counts), protocol, (outline[0], outline[1]))


def strict(value):
    """Through JSON text without NaN or Infinity and back."""
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("name", sorted(protocols.PROTOCOLS))
def test_json_has_the_keys_of_the_contract_and_survives_a_strict_reader(name):
    block = tables.scores_json(sample(name=name))
    assert strict(block) == block
    assert sorted(block) == sorted(KEYS)
    assert sorted(block["protocol"]) == ["name", "rules"] and block["protocol"]["name"] == name
    keys = ["accuracy", "frames", "id", "interval", "iou", "name", "pixels", "precision"]
    assert all(sorted(row) == keys for row in block["classes"])
    assert [row["name"] for row in block["classes"]] == list(protocols.resolve(name, NAMES32).classes)
    assert 0 < block["boundary_iou"] < block["pixel_accuracy"] < 1


def test_a_class_is_known_by_its_id_in_the_data_or_by_the_merged_table():
    rows = {name: tables.scores_json(sample(name=name))["classes"] for name in protocols.PROTOCOLS}
    for name in ("camvid32", "palette", "modelzoo"):
        assert all(NAMES32[row["id"]] == row["name"] for row in rows[name])
    assert [row["id"] for row in rows["camvid11"]] == list(range(11))


def test_absent_classes_are_null_and_named():
    block = tables.scores_json(sample())
    absent = [row for row in block["classes"] if row["name"] in block["absent"]]
    assert len(absent) > 5
    assert all(row["iou"] is row["interval"] is row["accuracy"] is None for row in absent)
    assert all(row["pixels"] == row["frames"] == 0 for row in absent)
    scored = [row["iou"] for row in block["classes"] if row["iou"] is not None]
    assert block["mean_iou"] == pytest.approx(sum(scored) / len(scored))


def test_modelzoos_rule_reaches_the_mean_and_its_interval():
    block, strict_block = (tables.scores_json(sample(name=name)) for name in ("modelzoo", "palette"))
    stray = [row for row in block["classes"] if not row["pixels"]]
    assert len(stray) > 5 and all(row["iou"] == 0.0 for row in stray) and block["absent"] == []
    assert block["mean_iou_interval"][1] < strict_block["mean_iou_interval"][0]


def test_every_score_can_be_had_again_from_the_confusion():
    block = tables.scores_json(sample())
    counts, other = np.array(block["confusion"]), np.array(block["other"])
    assert other.sum() > 0  # Void was predicted here and there
    for i, row in enumerate(block["classes"]):
        true = counts[i].sum() + other[i]
        assert row["pixels"] == true
        if true:
            assert row["iou"] == pytest.approx(counts[i, i] / (true + counts[:, i].sum() - counts[i, i]))
    assert block["pixel_accuracy"] == pytest.approx(np.trace(counts) / (counts.sum() + other.sum()))


@given(arrays.arrays(np.int64, (2, 3, 3), elements=st.integers(0, 3)))
def test_no_count_gives_nan(counts):
    block = tables.score_block(counts, protocols.resolve(None, ["Road", "Sky", "Void"]))
    assert strict(tables.scores_json(block)) == tables.scores_json(block)
    assert "nan" not in tables.table(block)


def test_table_has_a_line_a_class_and_the_totals():
    block = sample()
    text = tables.table(block)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    for i, name in enumerate(block.scores.names):
        cells = lines[2 + i].split()
        assert cells[:2] == [str(NAMES32.index(name)), name]
        assert cells[2] == ("-" if block.scores.iou[i] is None else "%.3f" % block.scores.iou[i])
        assert cells[-1] == str(block.scores.frames[i])
    assert "mean IoU %.3f  [%.3f, %.3f]" % ((block.scores.mean_iou,) + block.mean_interval) in text
    assert "pixel accuracy %.3f" % block.scores.pixel_accuracy in text
    assert "boundary IoU %.3f" % block.boundary_iou in text
    assert "over 21 of 31 classes  (protocol camvid32)" in text
    assert all(name in text.split("absent")[1] for name in block.scores.absent)
    assert "{:,} pixels".format(sum(block.scores.other)) in text


def test_columns_stand_under_their_titles():
    lines = tables.table(sample()).splitlines()
    for title in ("IoU", "accuracy", "precision", "pixels", "frames"):
        end = lines[0].index(title) + len(title)
        assert all(line[end - 1] != " " and line[end : end + 1] in ("", " ") for line in lines[2:33])


def test_long_names_and_large_counts_still_fit_the_width():
    names = ["Class with a name of %d letters, far too long for any table" % i for i in range(40)] + ["Void"]
    counts = np.full((2, 41, 41), 10**8, np.int64)
    counts[:, 7:30] = 0
    text = tables.table(tables.score_block(counts, protocols.resolve(None, names)))
    assert max(map(len, text.splitlines())) <= 100


def test_a_single_frame_has_scores_but_no_intervals():
    block = sample(frames=1)
    assert tables.scores_json(block)["mean_iou_interval"] is None
    assert "mean IoU %.3f  over" % block.scores.mean_iou in tables.table(block)


def test_frames_without_truth_say_so():
    block = tables.score_block(np.zeros((2, 3, 3), np.int64), protocols.resolve(None, ["Road", "Sky", "Void"]))
    assert "no pixel was scored" in tables.table(block)
    assert tables.scores_json(block)["mean_iou"] is None
