"""Several played cards that train as one: equal starts, equal updates, one who writes, one end."""

import json
import os
import signal
import subprocess
import sys

import sliced
import standins
from eval import runfolder
from eval.runfolder import read_metrics
from standins import on_the_cards_stack, steps
from test_train_stops import wait_for

pytestmark = on_the_cards_stack


def ranks(data, folder, *flags, **more):
    """A training on two cards by the script that starts a process for each."""
    (folder / "table.json").write_text("{}")
    (folder / "hccl").mkdir()
    script = os.path.join(standins.HERE, "train_full_8p.sh")
    words = ["sh", script, "--data_path=" + data, "--output_path=" + str(folder / "run"), "--cards=2"]
    words += ["--rank_table=" + str(folder / "table.json"), "--batch_size=2", "--frontend=resnet18", *flags]
    return words, dict(STANDIN_HCCL=str(folder / "hccl"), PYTHON=sys.executable, **more)


def pair(folder, words, **more):
    """What two ranks print that run this program."""
    (folder / "table.json").write_text("{}")
    (folder / "hccl").mkdir()
    both = {"RANK_SIZE": "2", "JOB_ID": "1", "RANK_TABLE_FILE": str(folder / "table.json")}
    both["STANDIN_HCCL"] = str(folder / "hccl")
    started = [
        subprocess.Popen(
            [sys.executable, *words],
            env=standins.environ(folder, RANK_ID=rank, **both, **more),
            cwd=str(folder),
            stdout=subprocess.PIPE,
        )
        for rank in ("0", "1")
    ]
    return [process.communicate()[0].decode() for process in started]


def ranked(folder, **more):
    """What two ranks of tests/ranked.py end with."""
    return [json.loads(said) for said in pair(folder, [os.path.join(standins.HERE, "ranked.py")], **more)]


def test_two_cards_start_as_rank_0_and_step_by_the_mean_of_their_gradients(tmp_path):
    ended = [[1.0 - 3 * 0.25 * 2] * 2, 0.0, 3]
    assert ranked(tmp_path) == [[ended, [False, True]]] * 2


def test_an_overflow_of_one_card_is_skipped_by_both(tmp_path):
    found = ranked(tmp_path, STANDIN_OVERFLOW_OF_1="2")
    assert found[0] == found[1] and found[0][0] == [[1.0 - 2 * 0.25 * 2] * 2, 0.0, 2]


def test_cards_end_where_one_process_does_that_takes_their_batches_in_slices(tmp_path):
    *how, far = sliced.ONE_STEP  # more of them through Horovod, whose way from here on is the same
    given = sliced.flags(tmp_path, *how)
    exact = ["--precision", "float32", "--loss_scale", "none"]
    pair(tmp_path, ["-m", "train", "--device", "npu", "--distributed", "hccl", *exact, *sliced.words(given)])
    share, name = sliced.furthest(given, 2)
    assert share < far, name


def test_two_cards_train_as_one_and_rank_0_alone_writes(data, tmp_path):
    words, more = ranks(data, tmp_path, "--train_epochs=2", "--iterations_per_loop=2")
    done = standins.start(words, tmp_path, **more)
    assert done.returncode == 0, done.stderr
    settings = runfolder.read(str(tmp_path / "run")).settings
    frames = runfolder.read(str(tmp_path / "run")).document["frames"]
    assert settings["ranks"] == 2 and settings["total_steps"] == -(-round(2 * frames / 4) // 2) * 2
    runs = [[entry for entry in steps(tmp_path) if entry["rank"] == rank] for rank in ("0", "1")]
    assert len(runs[0]) == len(runs[1]) == settings["total_steps"] // 2
    assert len(runfolder.checkpoints(str(tmp_path / "run"))) >= 1
    assert "Final Mean IoU" in done.stdout and "_2p_acc.log" in " ".join(os.listdir(str(tmp_path / "run")))
    assert not [name for name in os.listdir(str(tmp_path / "run")) if "train_1" in name]


def test_ranks_stop_at_the_same_step_whoever_is_asked(data, tmp_path):
    words, more = ranks(data, tmp_path, "--train_epochs=5000")
    process = subprocess.Popen(
        words, cwd=str(tmp_path), env=standins.environ(tmp_path, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_for(lambda: read_metrics(str(tmp_path / "run")), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
    counts = [len([e for e in steps(tmp_path) if e["rank"] == rank]) for rank in ("0", "1")]
    assert counts[0] == counts[1]
    last = runfolder.choose(str(tmp_path / "run"), "last")
    assert last.about["step"] == last.about["batches"] >= 1


def test_a_rank_that_fails_ends_the_others(data, tmp_path):
    words, more = ranks(data, tmp_path)
    done = standins.start(words, tmp_path, POD_NAME="pod-0", **more)
    assert done.returncode == 2 and "POD_NAME" in done.stderr
