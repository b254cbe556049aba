"""The training command as a user runs it: run folder, resuming, interruption, refusal."""

import glob
import json
import os
import signal
import subprocess
import time

import pytest

import drawn
import trainings
from eval import runfolder
from train.__main__ import main
from train.logs import read_metrics
from trainings import SHORT, STEPS, command, resume


def digest(run):
    return runfolder.choose(run, "last").about["weights_digest"]


def numbers(run):
    """metrics.jsonl without what a clock says."""
    clocks = ("time", "images_per_second", "input_wait")
    return [{k: v for k, v in entry.items() if k not in clocks} for entry in read_metrics(run)]


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
    assert "frontend/stem/kernel" in names and "frontend/stem/kernel/Momentum" in names


def test_a_run_killed_at_any_moment_and_resumed_ends_with_the_same_weights(finished, data, tmp_path):
    run = str(tmp_path / "killed")
    process = subprocess.Popen(command(data, run), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for(lambda: runfolder.checkpoints(run) if os.path.isdir(run) else None, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert runfolder.checkpoints(run)[-1].step < STEPS
    resume(run)
    assert digest(run) == digest(finished)
    assert numbers(run) == numbers(finished)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_saves_says_how_to_go_on_and_can(finished, data, tmp_path, number, code):
    run = str(tmp_path / "stopped")
    process = subprocess.Popen(command(data, run), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_for(lambda: read_metrics(run), process)
    process.send_signal(number)
    said = process.communicate()[1].decode()
    assert process.returncode == code
    assert "--resume" in said and "Traceback" not in said
    stopped_at = runfolder.checkpoints(run)[-1].step
    assert 0 < stopped_at < STEPS and "step %d" % stopped_at in said
    resume(run)
    assert digest(run) == digest(finished)


def wait_for(ready, process):
    for _ in range(1200):
        if ready():
            return
        assert process.poll() is None, "the training ended before it could be disturbed"
        time.sleep(0.05)
    raise AssertionError("the training did not start within a minute")


def test_a_truncated_newest_checkpoint_is_passed_over_and_the_one_before_is_used(finished, data, tmp_path):
    import shutil

    run = str(tmp_path / "damaged")
    shutil.copytree(finished, run)
    for checkpoint in runfolder.checkpoints(run):
        if checkpoint.step > 8:
            with open(checkpoint.prefix + ".data-00000-of-00001", "r+b") as file:
                file.truncate(1000)
    assert runfolder.checkpoints(run)[-1].step == 8
    resume(run)
    assert digest(run) == digest(finished)


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


def test_packed_file_and_folder_train_to_the_same_weights(finished, data, tmp_path):
    packed, run = drawn.packed_file(str(tmp_path / "set.h5"), data), str(tmp_path / "run")
    trainings.train(packed, run)
    assert digest(run) == digest(finished)


def test_a_loss_that_is_not_finite_stops_with_step_and_frames_and_keeps_what_was_saved(data, tmp_path, capsys):
    run = str(tmp_path / "wild")
    arguments = ["--data_path", data, "--output_path", run, "--learning_rate", "1e30"]
    assert main(arguments + SHORT) == 3
    said = capsys.readouterr().err
    assert "not finite at step" in said and any(name in said for name in drawn.LISTS["train"])
    assert any(entry["kind"] == "note" for entry in read_metrics(run))


def test_a_damaged_frame_stops_the_run_with_its_name_or_is_replaced(data, tmp_path, capsys):
    broken = drawn.tree(str(tmp_path / "broken"))
    name = drawn.LISTS["train"][2]
    path = os.path.join(broken, "train", name + ".png")
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    arguments = ["--data_path", broken, "--output_path", str(tmp_path / "run")] + SHORT
    assert main(arguments) == 3
    assert name in capsys.readouterr().err
    assert main(arguments + ["--on_damaged", "replace", "--overwrite"]) == 0


def test_the_npu_without_its_adapter_is_one_clear_line(data, tmp_path, capsys):
    assert main(["--data_path", data, "--output_path", str(tmp_path / "run"), "--device", "npu"] + SHORT) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "npu_bridge" in said and "--device cpu" in said


def test_a_dry_run_prints_the_settings_and_writes_nothing(data, tmp_path, capsys):
    run = str(tmp_path / "run")
    assert main(["--data_path", data, "--output_path", run, "--dry_run", "--json", "-"] + SHORT) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total_steps"] == STEPS and document["frontend"] == "xception39"
    assert not os.path.exists(run)


def test_an_unknown_frontend_names_those_that_exist(data, capsys):
    assert main(["--data_path", data, "--frontend", "nonsense", "--dry_run"]) == 2
    said = capsys.readouterr().err
    assert "nonsense" in said and "xception39" in said and "resnet18" in said


def test_missing_data_is_named(tmp_path, capsys):
    assert main(["--data_path", str(tmp_path / "nowhere")]) == 2
    assert str(tmp_path / "nowhere") in capsys.readouterr().err
