"""--predictions: PNGs of any tool, scored as our own are."""

import json
import os
import shutil

import numpy as np
import pytest

import drawn
import synthetic
from camvid_tools import classes, imageio
from camvid_tools.codec import ColourCodec
from eval.__main__ import main

VOID = 30


@pytest.fixture
def truth(data):
    """Ids of the test frames by name."""
    codec = ColourCodec(classes.camvid32())
    paths = {name: os.path.join(data, "test_labels", name + "_L.png") for name in drawn.LISTS["test"]}
    return {name: codec.encode(imageio.read_raw(path)) for name, path in paths.items()}


def write(folder, ids, as_colours=False, suffix=""):
    for name, picture in ids.items():
        picture = ColourCodec(classes.camvid32()).decode(picture) if as_colours else picture
        imageio.write_png(str(folder / (name + suffix + ".png")), picture)
    return folder


def judge(run, data, folder, *flags):
    return run(main, "--data_path", data, "--predictions", folder, "--split", "test", "--json", "-", *flags)


@pytest.mark.parametrize("as_colours, suffix", [(False, ""), (True, "_L"), (False, "_P")])
def test_the_truth_itself_scores_one_as_ids_or_colours_by_any_of_the_names(
    run, data, truth, tmp_path, as_colours, suffix
):
    found = judge(run, data, write(tmp_path, truth, as_colours, suffix))
    assert found.code == 0
    document = found.json()
    assert document["mean_iou"] == document["pixel_accuracy"] == 1
    assert document["frames"] == document["predictions"]["files"] == 2
    assert "checkpoint" not in document and "latency_ms" not in document
    with open(str(tmp_path / "eval.json"), encoding="utf-8") as file:
        assert json.load(file) == document


def test_pixels_that_are_wrong_void_or_of_no_class_are_misses(run, data, truth, tmp_path):
    name = drawn.LISTS["test"][0]
    spoilt = dict(truth, **{name: truth[name].copy()})
    counted = np.argwhere(truth[name] != VOID)[:3]
    for (row, column), value in zip(counted, (VOID, 255, (truth[name][tuple(counted[2])] + 1) % 30)):
        spoilt[name][row, column] = value
    whole = sum(int((ids != VOID).sum()) for ids in truth.values())
    found = judge(run, data, write(tmp_path, spoilt)).json()
    assert found["pixel_accuracy"] == pytest.approx((whole - 3) / whole)
    assert sum(found["other"]) == 2 and found["predictions"]["unknown_pixels"] == 1


def test_pixels_of_no_class_are_no_hit_where_void_is_true_either(run, data, truth, tmp_path):
    place, folder = str(tmp_path / "set"), tmp_path / "predictions"
    shutil.copytree(data, place)
    folder.mkdir()
    for name, ids in truth.items():
        label = ColourCodec(classes.camvid32()).decode(np.where(np.arange(96) < 20, VOID, ids).astype(np.uint8))
        imageio.write_png(os.path.join(place, "test_labels", name + "_L.png"), label)
    nothing = write(folder, {name: np.full_like(ids, 255) for name, ids in truth.items()})
    found = judge(run, place, nothing, "--protocol", "modelzoo").json()
    assert {row["name"]: row["pixels"] for row in found["classes"]}["Void"] >= 2 * 64 * 20
    assert found["pixel_accuracy"] == 0


def test_ids_in_three_equal_channels_are_read_as_ids(run, data, truth, tmp_path):
    grey = {name: np.repeat(ids[..., None], 3, axis=2) for name, ids in truth.items()}
    assert judge(run, data, write(tmp_path, grey)).json()["pixel_accuracy"] == 1


def test_several_protocols_and_other_tools_rules_come_from_the_same_count(run, data, truth, tmp_path):
    flags = ["--protocol", "camvid32", "--protocol", "camvid11", "--protocol", "modelzoo", "--explain"]
    found = judge(run, data, write(tmp_path, truth), *flags).json()
    assert found["protocol"]["name"] == "camvid32" and set(found["others"]) == {"camvid11", "modelzoo"}
    rows = {row["tool"]: row for row in found["explained"]}
    assert rows["detectron2"]["mean_iou"] == 1 > rows["CoinCheung/BiSeNet"]["mean_iou"]


def test_missing_doubled_and_wrongly_sized_predictions_are_refused_by_name(run, data, truth, tmp_path):
    first, second = drawn.LISTS["test"][:2]
    write(tmp_path, truth)
    os.remove(str(tmp_path / (second + ".png")))
    assert "lacks 1 of 2 predictions, the first is %s.png" % second in judge(run, data, tmp_path).refusal()
    write(tmp_path, {second: truth[second][::2, ::2]})
    ended = judge(run, data, tmp_path, "--quiet")
    assert second + ".png" in ended.refusal() and "is 32 x 48, its frame 64 x 96" in ended.refusal()
    assert not os.path.exists(str(tmp_path / "eval.json"))
    write(tmp_path, truth)
    write(tmp_path, {first: truth[first]}, suffix="_L")
    assert "two predictions of one frame" in judge(run, data, tmp_path).refusal()
    assert "no such folder" in judge(run, data, tmp_path / "nowhere").refusal()
    assert "--data_path" in run(main, "--predictions", tmp_path).refusal()


def test_the_labels_themselves_can_be_scored_but_nothing_is_left_among_them(run, data, tmp_path):
    labels = os.path.join(data, "test_labels")
    before = synthetic.state(data)
    assert "labels of a data set" in judge(run, data, labels).refusal()
    assert synthetic.state(data) == before
    assert judge(run, data, labels, "--out", tmp_path).json()["mean_iou"] == 1


def test_black_and_white_class_colours_are_no_ids(run, tmp_path):
    tree, ids = tmp_path / "tree", np.eye(32, dtype=np.uint8)
    colours = np.where(ids[..., None], np.uint8(0), np.uint8(255)).repeat(3, axis=2)  # road is id 0, white
    synthetic.put(str(tree / "test" / "a.png"), np.zeros((32, 32, 3), np.uint8))
    synthetic.put(str(tree / "test_labels" / "a_L.png"), colours)
    (tree / "class_dict.csv").write_text("name,r,g,b\nroad,255,255,255\nkerb,0,0,0\n")
    for number, form in enumerate((colours, ids, ids[..., None].repeat(3, axis=2))):
        synthetic.put(str(tmp_path / str(number) / "a.png"), form)
        assert judge(run, tree, tmp_path / str(number)).json()["mean_iou"] == 1


@pytest.mark.parametrize("flag, value", [("--checkpoint", "last"), ("--device", "cpu"), ("--batch_size", "1")])
def test_flags_of_a_network_are_refused_not_passed_over(run, data, tmp_path, flag, value):
    assert flag in run(main, "--predictions", tmp_path, "--data_path", data, flag, value).refusal()
