"""The training command as a user runs it: run folder, resuming, refusal."""

import dataclasses
import glob
import json
import os
import shutil
import subprocess
import sys

import pytest
import tensorflow.compat.v1 as tensorflow

import drawn
import trainings
from eval import runfolder
from eval.runfolder import read_metrics
from train import recipes, run_start
from train.__main__ import main
from trainings import SHORT, STEPS, digest, numbers


def test_a_run_leaves_all_that_its_folder_promises(finished, data):
    names = set(os.listdir(finished))
    assert {"settings.json", "metrics.jsonl", "curves.png", "checkpoints", "train_0.log"} <= names
    assert glob.glob(os.path.join(finished, "events.*"))
    document = json.load(open(os.path.join(finished, "settings.json")))
    assert document["settings"]["total_steps"] == STEPS
    assert len(document["data_digest"]) == len(document["palette_digest"]) == 64
    assert {"tensorflow", "numpy", "opencv"} <= set(document["versions"])


def test_metrics_have_a_line_a_logged_step_and_a_validation(finished):
    entries = read_metrics(finished)
    assert [e["step"] for e in entries if e["kind"] == "train"] == list(range(1, STEPS + 1))
    assert [e["step"] for e in entries if e["kind"] == "validation"] == [5, 10, 12]
    train = next(e for e in entries if e["kind"] == "train")
    assert {"loss", "loss_main", "loss_aux", "learning_rate", "images_per_second", "input_wait", "epoch"} <= set(train)
    validation = next(e for e in entries if e["kind"] == "validation")
    assert validation["protocol"] == "camvid32" and validation["iou"]["Road"] is not None


def test_the_newest_two_and_the_best_checkpoint_are_kept_and_tensorflow_finds_them(finished):
    import tensorflow.compat.v1 as tf

    kept = runfolder.checkpoints(finished)
    assert [c.step for c in kept if c.kind == "last"] == [8, 12]
    assert len([c for c in kept if c.kind == "best"]) == 1
    newest = tf.train.latest_checkpoint(os.path.join(finished, "checkpoints"))
    assert newest == os.path.join(finished, "checkpoints", "last-12")
    names = dict(tf.train.list_variables(newest))
    assert "frontend/stem/kernel" in names and "frontend/stem/kernel/sgd_frontend" in names


def test_a_truncated_newest_checkpoint_is_named_and_the_one_before_is_used(finished, tmp_path):
    run = str(tmp_path / "damaged")
    shutil.copytree(finished, run)
    for checkpoint in runfolder.checkpoints(run):
        if checkpoint.step > 8:
            with open(checkpoint.prefix + ".data-00000-of-00001", "r+b") as file:
                file.truncate(1000)
    before = runfolder.checkpoints(run)[-1]
    assert before.step == 8
    more = [sys.executable, "-m", "train", "--output_path", run, "--resume"]
    ran = subprocess.run(more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    newest = os.path.join(run, "checkpoints", "last-%d" % STEPS)
    assert "%s is damaged: last-%d.data-00000-of-00001 has 1000 of " % (newest, STEPS) in ran.stderr.decode()
    assert "going on from %s at step 8" % before.prefix in ran.stdout.decode()
    assert digest(run) == digest(finished) and runfolder.damaged(run) == []


def test_resuming_a_finished_run_says_so_and_changes_nothing(finished, capsys):
    before = digest(finished), numbers(finished)
    assert main(["--output_path", finished, "--resume"]) == 0
    assert "finished" in capsys.readouterr().out
    assert (digest(finished), numbers(finished)) == before


def test_another_run_in_the_folder_is_refused_with_both_ways_out(finished, data, capsys):
    assert main(["--data_path", data, "--output_path", finished] + SHORT) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "--resume" in said and "--overwrite" in said


def test_resuming_with_another_setting_names_it_with_both_values(finished, capsys):
    assert main(["--output_path", finished, "--resume", "--momentum", "0.5"]) == 2
    said = capsys.readouterr().err
    assert "momentum" in said and "0.9" in said and "0.5" in said


def test_resuming_on_other_frames_is_refused(finished, tmp_path, capsys):
    other = drawn.tree(str(tmp_path / "other"), lists={"train": ["0001TP_006690", "0001TP_007000"]})
    assert main(["--data_path", other, "--output_path", finished, "--resume"]) == 2
    assert "training frames" in capsys.readouterr().err


def test_a_folder_with_foreign_files_is_refused_and_left_alone(data, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["--data_path", data, "--output_path", str(tmp_path)] + SHORT) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert os.listdir(str(tmp_path)) == ["thesis.txt"]
    assert main(["--data_path", data, "--output_path", str(tmp_path), "--overwrite"] + SHORT) == 2
    assert os.listdir(str(tmp_path)) == ["thesis.txt"]


def test_overwriting_a_run_removes_what_training_wrote_and_nothing_else(finished, data, tmp_path):
    run = str(shutil.copytree(finished, str(tmp_path / "run")))
    mine = ["train_notes.txt", "events.csv", os.path.join("checkpoints", "other-model.bin")]
    for name in mine:
        open(os.path.join(run, name), "w").close()
    assert main(["--data_path", data, "--output_path", run, "--overwrite"] + SHORT + ["--train_steps", "1"]) == 0
    assert all(os.path.exists(os.path.join(run, name)) for name in mine)
    assert [entry["step"] for entry in read_metrics(run) if entry["kind"] == "train"] == [1]
    assert {c.step for c in runfolder.checkpoints(run)} == {1}


def test_a_run_that_was_cut_off_in_its_first_moment_can_be_begun_again(data, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / ".settings.json.part").write_text("{")
    flags = ["--data_path", data, "--output_path", str(run), "--resume"] + SHORT + ["--train_steps", "1"]
    assert main(flags) == 0
    for kept in os.listdir(str(run)):  # as if killed right after the settings were written
        if kept != "settings.json":
            shutil.rmtree(str(run / kept)) if (run / kept).is_dir() else os.remove(str(run / kept))
    assert main(flags) == 0
    assert runfolder.checkpoints(str(run))[-1].step == 1


def test_a_run_goes_on_from_any_folder_with_files_named_from_another(data, tmp_path, monkeypatch):
    (tmp_path / "own.json").write_text('{"warm_up": 1}')
    (tmp_path / "weights.json").write_text('{"Road": 0.5}')
    monkeypatch.chdir(tmp_path)
    run = str(tmp_path / "run")
    flags = ["--data_path", data, "--output_path", run, "--recipe", "own.json", "--class_weights", "weights.json"]
    assert main(flags + SHORT + ["--train_steps", "1"]) == 0
    monkeypatch.chdir(os.path.dirname(data))
    assert main(["--output_path", run, "--resume", "--train_steps", "2"]) == 0
    assert runfolder.checkpoints(run)[-1].step == 2


@pytest.mark.parametrize("weights", ["enet", "counts.json:enet"])
def test_a_run_goes_on_from_any_folder_with_the_class_weights_that_it_began_with(data, tmp_path, monkeypatch, weights):
    (tmp_path / "counts.json").write_text('{"weights": {"enet": {"Road": 0.5}}}')
    monkeypatch.chdir(tmp_path)
    run = str(tmp_path / "run")
    flags = ["--data_path", data, "--output_path", run, "--class_weights", weights] + SHORT
    assert main(flags + ["--train_steps", "1"]) == 0
    began = runfolder.read(run).settings["class_weights"]
    assert began is not None
    monkeypatch.chdir(os.path.dirname(data))
    assert main(["--output_path", run, "--resume", "--train_steps", "2"]) == 0
    assert runfolder.checkpoints(run)[-1].step == 2 and runfolder.read(run).settings["class_weights"] == began


def test_a_run_goes_on_with_what_its_recipe_meant_when_it_began(data, tmp_path, monkeypatch):
    run = str(tmp_path / "run")
    first = ["--data_path", data, "--output_path", run, "--recipe", "demo"] + SHORT
    assert main(first + ["--train_steps", "1"]) == 0
    began = runfolder.read(run).settings["recipe"]
    other = dataclasses.replace(recipes.RECIPES["demo"], learning_rate=0.001, class_weights="enet")
    monkeypatch.setitem(recipes.RECIPES, "demo", other)
    assert main(["--output_path", run, "--resume", "--train_steps", "2"]) == 0
    assert runfolder.read(run).settings["recipe"] == began and runfolder.checkpoints(run)[-1].step == 2
    assert run_start.with_saved_flags({"output_path": run, "resume": True}, "")["recipe"] == began  # and so it goes on


def test_an_edited_recipe_is_named_with_the_setting_that_differs(data, tmp_path, capsys):
    own, run = tmp_path / "own.json", str(tmp_path / "run")
    own.write_text('{"power": 0.9}')
    flags = ["--output_path", run, "--recipe", str(own)] + SHORT + ["--train_steps", "1"]
    assert main(["--data_path", data] + flags) == 0
    own.write_text('{"power": 0.8}')
    assert main(["--output_path", run, "--resume"]) == 2
    said = capsys.readouterr().err
    assert "power" in said and "0.9" in said and "0.8" in said


def test_a_profile_is_written_or_its_place_refused_at_once(data, tmp_path, capsys):
    flags = ["--data_path", data, "--output_path", str(tmp_path / "run")] + SHORT
    assert main(flags + ["--profile", str(tmp_path / "nowhere" / "trace.json")]) == 2
    assert "nowhere" in capsys.readouterr().err and not (tmp_path / "run").exists()
    assert main(flags + ["--profile", str(tmp_path / "trace.json"), "--train_steps", "2"]) == 0
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]


def test_packed_file_and_folder_train_to_the_same_weights(finished, data, tmp_path):
    packed, run = drawn.packed_file(str(tmp_path / "set.h5"), data), str(tmp_path / "run")
    trainings.train(packed, run)
    assert digest(run) == digest(finished)


def test_the_npu_without_its_adapter_is_one_clear_line(data, tmp_path, capsys):
    assert main(["--data_path", data, "--output_path", str(tmp_path / "run"), "--device", "npu"] + SHORT) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "npu_bridge" in said and "--device cpu" in said


def test_a_dry_run_prints_the_settings_and_writes_nothing(data, tmp_path, capsys):
    run = str(tmp_path / "run")
    assert main(["--data_path", data, "--output_path", run, "--dry_run", "--json", "-"] + SHORT) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total_steps"] == STEPS and document["frontend"] == "xception39"
    assert main(["--data_path", data, "--output_path", run, "--dry_run"] + SHORT) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in document)
    assert "for an Ascend card: " + ("ready" if tensorflow.VERSION.startswith("1.") else "not known") in said
    assert not os.path.exists(run)


def test_an_unknown_frontend_names_those_that_exist(data, capsys):
    assert main(["--data_path", data, "--frontend", "nonsense", "--dry_run"]) == 2
    said = capsys.readouterr().err
    assert "nonsense" in said and "xception39" in said and "resnet18" in said


def test_missing_data_is_named(tmp_path, capsys):
    assert main(["--data_path", str(tmp_path / "nowhere")]) == 2
    assert str(tmp_path / "nowhere") in capsys.readouterr().err
