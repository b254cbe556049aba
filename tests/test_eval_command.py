"""The evaluation command as a user runs it: scores, pictures, refusals."""

import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

import drawn
from camvid_tools import classes, imageio
from camvid_tools.codec import ColourCodec
from eval import runfolder
from eval.__main__ import main

KEYS = (
    "schema split frames size checkpoint data_digest protocol classes mean_iou mean_iou_interval mean_accuracy "
    "pixel_accuracy frequency_weighted_iou boundary_iou absent confusion other latency_ms images_per_second"
).split()


@pytest.fixture(scope="module")
def scored(finished, tmp_path_factory):
    """The folder that one evaluation left."""
    out = str(tmp_path_factory.mktemp("scored"))
    assert main(["--run", finished, "--split", "test", "--pictures", "2", "--out", out]) == 0
    return out


def scores(folder):
    with open(os.path.join(folder, "eval.json"), encoding="utf-8") as file:
        return json.load(file)


def true_pixels(data, split="test"):
    """Pixels by class name, read from the label files."""
    codec, counts = ColourCodec(classes.camvid32()), np.zeros(256, np.int64)
    for name in drawn.LISTS[split]:
        label = imageio.read_raw(os.path.join(data, split + "_labels", name + "_L.png"))
        counts += np.bincount(codec.encode(label).ravel(), minlength=256)
    return dict(zip(classes.camvid32().names, counts.tolist()))


def test_scores_have_every_key_and_count_every_pixel_of_the_split_once(scored, data, finished):
    document = scores(scored)
    assert sorted(document) == sorted(KEYS)
    assert (document["split"], document["frames"], document["size"]) == ("test", 2, [64, 96])
    best = runfolder.choose(finished)
    assert document["checkpoint"]["digest"] == best.about["weights_digest"]
    truth = true_pixels(data)
    assert truth.pop("Void") >= 0
    assert {row["name"]: row["pixels"] for row in document["classes"]} == truth
    assert np.sum(document["confusion"]) + sum(document["other"]) == sum(truth.values())


def test_pictures_show_frame_label_and_prediction(scored, data):
    assert sorted(os.listdir(os.path.join(scored, "pictures"))) == [name + ".png" for name in drawn.LISTS["test"]]
    picture = imageio.read_frame(os.path.join(scored, "pictures", drawn.LISTS["test"][0] + ".png"))
    assert picture.shape[1] > 3 * 320
    frame = imageio.read_frame(os.path.join(data, "test", drawn.LISTS["test"][0] + ".png"))
    enlarged = cv2.resize(frame, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    corner = cv2.matchTemplate(picture[:, :400], enlarged, cv2.TM_SQDIFF).min()
    assert corner < 1e4  # the frame stands in the picture as it is
    assert imageio.read_frame(os.path.join(scored, "confusion.png")).shape[0] > 31 * 30


def test_the_time_of_one_frame_is_told_with_and_without_what_surrounds_the_network(finished, tmp_path, run):
    ran = run(main, "--run", finished, "--split", "test", "--out", tmp_path)
    delay = scores(tmp_path)["latency_ms"]
    assert sorted(delay) == ["device", "median", "p95", "with_reading", "without_upsampling"]
    for part in (delay, delay["without_upsampling"], delay["with_reading"]):
        assert 0 < part["median"] <= part["p95"]
    said = "; %.0f ms without upsampling, %.0f ms with reading"
    assert said % (delay["without_upsampling"]["median"], delay["with_reading"]["median"]) in ran.out
    assert delay["device"] == "cpu"


def test_the_number_of_frames_at_a_time_changes_no_score(scored, finished, tmp_path):
    for size in (1, 3):
        assert main(["--run", finished, "--batch_size", str(size), "--out", str(tmp_path)]) == 0
        clocks = ("latency_ms", "images_per_second")
        same = [{k: v for k, v in scores(folder).items() if k not in clocks} for folder in (scored, str(tmp_path))]
        assert same[0] == same[1]


def test_a_validation_of_the_training_is_had_again(finished, tmp_path, run):
    for which in ("best", "last"):
        saved = runfolder.choose(finished, which)
        ran = run(main, "--run", finished, "--split", "val", "--checkpoint", which, "--out", tmp_path, "--json", "-")
        document = ran.json()
        assert document["checkpoint"]["step"] == saved.step
        assert document["mean_iou"] == pytest.approx(saved.about["scores"]["mean_iou"], abs=1e-12)
        assert document["pixel_accuracy"] == pytest.approx(saved.about["scores"]["pixel_accuracy"], abs=1e-12)


def test_several_protocols_stand_beside_each_other_from_one_pass(finished, tmp_path):
    names = ["camvid11", "camvid32", "modelzoo"]
    flags = [word for name in names for word in ("--protocol", name)]
    assert main(["--run", finished, "--out", str(tmp_path)] + flags) == 0
    document = scores(str(tmp_path))
    assert document["protocol"]["name"] == "camvid11" and sorted(document["others"]) == ["camvid32", "modelzoo"]
    assert [len(block["classes"]) for block in (document, *document["others"].values())] == [11, 31, 32]


def test_without_a_run_the_newest_below_output_is_scored(finished, tmp_path, monkeypatch, run):
    for number, folder in enumerate(("newer", "older")):
        shutil.copytree(finished, str(tmp_path / "output" / folder))
        os.utime(str(tmp_path / "output" / folder / "settings.json"), (10**9 - number, 10**9 - number))
    monkeypatch.chdir(tmp_path)
    assert "output/newer" in run(main).out
    assert os.path.exists("output/newer/eval.json") and not os.path.exists("output/older/eval.json")


def test_a_best_checkpoint_that_lost_a_file_is_named_beside_the_one_that_is_scored(finished, tmp_path, run):
    folder = shutil.copytree(finished, str(tmp_path / "run"))
    best, last = runfolder.choose(folder), runfolder.choose(folder, "last")
    os.remove(best.prefix + ".index")
    said = run(main, "--run", folder, "--out", tmp_path / "out").out
    named = (os.path.relpath(last.prefix), last.step, best.prefix, os.path.basename(best.prefix))
    assert "%s (step %d; %s is damaged: %s.index is missing)" % named in said


def test_an_empty_run_is_refused_not_taken_for_the_newest(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "run is empty" in run(main, "--run", "").refusal()


def test_what_cannot_be_scored_is_one_line_that_names_the_way_out(finished, data, tmp_path, run):
    def refusal(*flags):
        return run(main, *flags).refusal()

    assert str(tmp_path / "nowhere") in refusal("--run", tmp_path / "nowhere")
    assert "best, last" in refusal("--run", finished, "--checkpoint", "nonsense")
    assert "train, val, test" in refusal("--run", finished, "--split", "nonsense")
    assert "batch_size" in refusal("--run", finished, "--batch_size", "0")
    with open(str(shutil.copytree(data, str(tmp_path / "other"))) + "/class_dict.csv", "w") as file:
        file.write("name,r,g,b\nRoad,128,64,128\nVoid,0,0,0\n")
    assert "class table" in refusal("--run", finished, "--data_path", tmp_path / "other")
    settings = tmp_path / "empty" / "settings.json"
    shutil.copytree(finished, str(tmp_path / "empty"))
    settings.write_text(settings.read_text().replace('"frontend": "xception39"', '"frontend": "nonet"'))
    assert "no frontend 'nonet'" in refusal("--run", tmp_path / "empty")
    shutil.rmtree(str(tmp_path / "empty" / "checkpoints"))
    assert "checkpoint" in refusal("--run", tmp_path / "empty")


def test_a_damaged_frame_is_one_line_and_nothing_is_left_half_written(finished, tmp_path):
    broken = drawn.tree(str(tmp_path / "broken"))
    path = os.path.join(broken, "test", drawn.LISTS["test"][1] + ".png")
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    command = [sys.executable, "-m", "eval", "--run", finished, "--data_path", broken, "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = ran.stderr.decode()
    assert (ran.returncode, said.count("\n")) == (2, 1) and path in said, said
    assert not os.path.exists(str(tmp_path / "out"))
