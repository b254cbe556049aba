"""A training that is killed, interrupted or hits a fault: what is kept, and that it goes on as if nothing had been."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import drawn
from eval import runfolder
from eval.runfolder import read_metrics
from pipeline import view
from train.progress import Meter
from trainings import STEPS, command, digest, numbers, resume

DISTURBED = """
import os, signal, sys
import tensorflow.compat.v1 as tf
{disturbance}
sys.argv[0] = "train"
from train.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
KILL_AT_RENAMING = """
calls, rename = [], os.replace
def replace(source, target):
    calls.append(target)
    if len(calls) == {number}:
        os._exit(9)
    rename(source, target)
os.replace = replace
"""
STOP_IN_VALIDATION = """
from eval import runner
scored = runner.Scorer._run
def run(scorer):
    os.kill(os.getpid(), signal.SIGTERM)
    return scored(scorer)
runner.Scorer._run = run
"""


def disturbed(disturbance, arguments):
    """The exit code of a training in a process in which something happens."""
    program = DISTURBED.format(disturbance=disturbance)
    return subprocess.run([sys.executable, "-c", program] + arguments, stderr=subprocess.DEVNULL).returncode


def wait_for(ready, process):
    for _ in range(2400):
        if ready():
            return
        assert process.poll() is None, "the training ended before it could be disturbed"
        time.sleep(0.05)
    raise AssertionError("the training did not start within two minutes")


def test_a_run_killed_again_and_again_while_it_saves_ends_with_the_same_weights(finished, data, tmp_path):
    run = str(tmp_path / "killed")
    # Renamings: the settings (1), then both files, JSON and index of each checkpoint, curves, and a JSON told more.
    assert disturbed(KILL_AT_RENAMING.format(number=4), command(data, run)[3:]) == 9
    assert runfolder.holds_run(run) and not runfolder.checkpoints(run)
    steps = []
    for number in (9, 15, 8):
        assert disturbed(KILL_AT_RENAMING.format(number=number), ["--output_path", run, "--resume"]) == 9
        steps.append(runfolder.checkpoints(run)[-1].step)
    assert 0 < steps[0] <= steps[1] <= steps[2] <= STEPS
    resume(run)
    assert digest(run) == digest(finished)
    assert numbers(run) == numbers(finished)


def test_a_run_killed_from_outside_and_resumed_ends_with_the_same_weights(finished, data, tmp_path):
    run = str(tmp_path / "killed")
    process = subprocess.Popen(command(data, run), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for(lambda: runfolder.checkpoints(run), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert runfolder.checkpoints(run)[-1].step < STEPS
    resume(run)
    assert (digest(run), numbers(run)) == (digest(finished), numbers(finished))


def test_ctrl_c_saves_says_how_to_go_on_and_the_run_can(finished, data, tmp_path):
    run = str(tmp_path / "stopped")
    process = subprocess.Popen(command(data, run), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_for(lambda: read_metrics(run), process)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1].decode()
    assert process.returncode == 130
    assert "--resume" in said and "Traceback" not in said
    stopped_at = runfolder.checkpoints(run)[-1].step
    assert 0 < stopped_at < STEPS and "step %d" % stopped_at in said
    resume(run)
    assert digest(run) == digest(finished)


def test_a_stop_in_the_middle_of_a_validation_saves_at_once_and_validates_when_it_goes_on(finished, data, tmp_path):
    run = str(tmp_path / "stopped")
    assert disturbed(STOP_IN_VALIDATION, command(data, run)[3:]) == 143
    assert runfolder.checkpoints(run)[-1].step == 5
    assert not [entry for entry in read_metrics(run) if entry["kind"] == "validation"]
    resume(run)
    assert (digest(run), numbers(run)) == (digest(finished), numbers(finished))


def test_a_damaged_validation_frame_costs_no_step(finished, tmp_path):
    broken, run = drawn.tree(str(tmp_path / "broken")), str(tmp_path / "run")
    label = os.path.join(broken, "val_labels", drawn.LISTS["val"][1] + "_L.png")
    shutil.move(label, label + ".kept")
    with open(label, "wb") as file:
        file.write(b"no picture")
    stopped = subprocess.run(command(broken, run), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = stopped.stderr.decode()
    assert stopped.returncode == 3 and label in said and said.count("\n") == 1
    assert runfolder.checkpoints(run)[-1].step == 5
    shutil.move(label + ".kept", label)
    resume(run)
    assert digest(run) == digest(finished)
    assert [e for e in numbers(run) if e["kind"] != "note"] == numbers(finished)


def test_a_frame_that_is_damaged_before_the_start_stops_it_with_its_name_or_is_replaced(tmp_path):
    broken, run = drawn.tree(str(tmp_path / "broken")), str(tmp_path / "run")
    path = os.path.join(broken, "train", drawn.LISTS["train"][2] + ".png")
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    stopped = subprocess.run(command(broken, run), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = stopped.stderr.decode()
    assert stopped.returncode == 3 and path in said and said.count("\n") == 1 and "--on_damaged replace" in said
    assert not os.path.exists(run)
    assert subprocess.run(command(broken, run) + ["--on_damaged", "replace"]).returncode == 0
    with open(os.path.join(run, "train_0.log"), encoding="utf-8") as file:
        assert path in file.read()


def test_a_frame_that_is_damaged_during_a_run_stops_it_saved_and_mended_it_goes_on(tmp_path):
    tree, run = drawn.tree(str(tmp_path / "set")), str(tmp_path / "run")
    process = subprocess.Popen(command(tree, run) + ["--train_steps", "5000"], stderr=subprocess.PIPE)
    wait_for(lambda: read_metrics(run), process)
    frames = [os.path.join(tree, "train", name + ".png") for name in drawn.LISTS["train"]]
    for path in frames:
        shutil.move(path, path + ".kept")
    said = process.communicate()[1].decode()
    assert process.returncode == 3 and any(path in said for path in frames) and "Traceback" not in said
    stopped_at = runfolder.checkpoints(run)[-1].step
    assert stopped_at == max(entry["step"] for entry in read_metrics(run))
    for path in frames:
        shutil.move(path + ".kept", path)
    more = ["--output_path", run, "--resume", "--train_steps", str(stopped_at + 2)]
    assert subprocess.run([sys.executable, "-m", "train"] + more).returncode == 0
    assert runfolder.checkpoints(run)[-1].step == stopped_at + 2


def test_a_loss_that_is_not_finite_stops_with_step_and_frames_and_says_so_in_the_metrics(data, tmp_path):
    run = str(tmp_path / "wild")
    wild = command(data, run) + ["--learning_rate", "1e30"]
    stopped = subprocess.run(wild, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = stopped.stderr.decode()
    assert stopped.returncode == 3 and said.count("\n") == 1
    assert "not finite at step" in said and any(name in said for name in drawn.LISTS["train"])
    assert any(entry["kind"] == "note" for entry in read_metrics(run))
    seen = re.search(r"see the batch: camvid-view (.*?);", said).group(1)
    assert (
        view.main(shlex.split(seen) + ["--out", str(tmp_path / "batch.png"), "--json", str(tmp_path / "v.json")]) == 0
    )
    shown = json.loads((tmp_path / "v.json").read_text())
    assert shown["tiles"] and all(tile["name"] in said for tile in shown["tiles"])
    again = shlex.split(re.search(r"do the step again: python -m (.*?);", said).group(1))
    repeated = subprocess.run([sys.executable, "-m"] + again, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert repeated.returncode == 3 and repeated.stderr.decode() == said


def test_saving_onto_a_full_disk_is_one_line_and_keeps_what_was_saved(data, tmp_path):
    run = str(tmp_path / "full")
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (2000000, 2000000))\n"
    limited += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    program = DISTURBED.format(disturbance=limited)
    arguments = [sys.executable, "-c", program] + command(data, run)[3:]
    stopped = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = [line for line in stopped.stderr.decode().splitlines() if line.startswith("python -m train")]
    assert stopped.returncode == 3 and len(said) == 1 and "checkpoints" in said[0] and "room" in said[0]
    assert not runfolder.checkpoints(run)


def test_a_checkpoint_whose_bytes_changed_is_named_in_one_line(finished, tmp_path):
    run = str(shutil.copytree(finished, str(tmp_path / "run")))
    newest = runfolder.choose(run, "last").prefix
    with open(newest + ".data-00000-of-00001", "r+b") as file:
        file.seek(100)
        file.write(bytes(4000))
    for command_line in (["train", "--output_path", run, "--resume", "--train_steps", "14"], ["eval", "--run", run]):
        flags = ["--checkpoint", "last"] if command_line[0] == "eval" else []
        ran = subprocess.run([sys.executable, "-m"] + command_line + flags, stderr=subprocess.PIPE)
        said = ran.stderr.decode()
        assert ran.returncode == 2 and said.count("\n") == 1 and newest in said


def test_a_frame_damaged_between_two_parts_of_a_run_can_be_replaced(tmp_path):
    tree, run = drawn.tree(str(tmp_path / "set")), str(tmp_path / "run")
    few = ["--train_steps", "2", "--class_weights", "enet"]  # which are those of the labels that were there
    assert subprocess.run(command(tree, run) + few).returncode == 0
    with open(os.path.join(tree, "train", drawn.LISTS["train"][1] + ".png"), "w"):
        pass
    more = [sys.executable, "-m", "train", "--output_path", run, "--resume", "--train_steps", "4"]
    assert subprocess.run(more, stderr=subprocess.DEVNULL).returncode == 3
    ran = subprocess.run(more + ["--on_damaged", "replace"], stderr=subprocess.PIPE)
    assert ran.returncode == 0 and "1 damaged" in ran.stderr.decode()


def test_a_terminal_that_goes_away_does_not_end_a_run(data, tmp_path):
    run = str(tmp_path / "run")
    process = subprocess.Popen(command(data, run) + ["--train_steps", "6"], stdout=subprocess.PIPE)
    process.stdout.close()
    assert process.wait() == 0 and runfolder.checkpoints(run)[-1].step == 6


def test_pauses_within_pauses_are_counted_once():
    meter = Meter(batch_size=4)
    begin = time.perf_counter()
    time.sleep(0.05)
    meter.steps(1, 0.0)
    with meter.paused():
        time.sleep(0.1)
        with meter.paused():
            time.sleep(0.1)
    worked = time.perf_counter() - begin - 0.2
    assert 0.9 * 4 / worked < meter.images_per_second() <= 4 / 0.05


def test_two_trainings_do_not_share_a_folder(data, tmp_path):
    run = str(tmp_path / "shared")
    long = command(data, run) + ["--train_steps", "5000"]
    first = subprocess.Popen(long, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: runfolder.checkpoints(run), first)
        for flag in ("--resume", "--overwrite"):
            second = subprocess.run(long + [flag], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            said = second.stderr.decode()
            assert second.returncode == 2 and "another training is at work here" in said and said.count("\n") == 1
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    steps = str(runfolder.checkpoints(run)[-1].step + 2)  # and a killed one keeps nobody out
    more = ["--output_path", run, "--resume", "--train_steps", steps]
    assert subprocess.run([sys.executable, "-m", "train"] + more).returncode == 0
    assert runfolder.checkpoints(run)[-1].step == int(steps)
