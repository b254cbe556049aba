"""python -m train --device npu, whole, on a card that the stand-in plays: what it is asked, and what is made of it."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import standins
from eval import runfolder
from eval.runfolder import read_metrics
from standins import journal, on_the_cards_stack, steps, train
from test_train_stops import wait_for
from train.__main__ import main
from trainings import STEPS, command, digest

pytestmark = on_the_cards_stack
CALLS = ["--iterations_per_loop", "4", "--validate_every", "4", "--save_every", "4"]


@pytest.fixture(scope="module")
def sunk(data, tmp_path_factory):
    """A training of three calls of four steps."""
    folder = tmp_path_factory.mktemp("sunk")
    own = ["--npu_option", "op_execute_timeout=900", "--precision", "mixed"]
    done = train(data, folder, *CALLS, *own, "--json", folder / "result.json")
    assert done.returncode == 0, done.stderr
    return folder, done


def trained(folder):
    return [entry for entry in read_metrics(str(folder / "run")) if entry["kind"] == "train"]


def test_a_call_is_one_run_of_many_steps(sunk):
    folder, _ = sunk
    assert [entry["iterations"] for entry in steps(folder)] == [4, 4, 4]
    assert [entry["step"] for entry in trained(folder)] == [4, 8, STEPS]
    assert [e["step"] for e in read_metrics(str(folder / "run")) if e["kind"] == "validation"] == [4, 8, 12]


def test_the_graph_is_checked_before_anything_is_run(sunk):
    _, done = sunk
    lines = done.stdout.splitlines()
    checked = next(i for i, line in enumerate(lines) if line.startswith("graph check: ready"))
    assert checked < next(i for i, line in enumerate(lines) if "mean IoU" in line)


def test_the_session_is_asked_for_by_every_option_in_its_slot(sunk):
    folder, _ = sunk
    first = journal(folder, "session")[0]
    due = {"use_off_line": True, "enable_data_pre_proc": True, "iterations_per_loop": 4}
    assert first["options"] == dict(due, precision_mode="allow_mix_precision", op_execute_timeout=900)
    assert (first["remapping"], first["memory_optimization"]) == (2, 2)


def test_validation_has_a_session_of_its_own_that_is_handed_its_data(sunk):
    folder, _ = sunk
    sessions = journal(folder, "session")
    assert [sorted(entry["options"]) for entry in sessions[1:]] == [
        ["op_execute_timeout", "precision_mode", "use_off_line"]
    ]
    assert {entry["precision"] for entry in sessions} == {"allow_mix_precision"}  # that of the process's first session
    assert len(journal(folder, "close")) == len(sessions)


def test_what_the_card_counts_by_is_loaded_after_initialisers_and_the_iterator_started_alone(sunk):
    folder, _ = sunk
    entries = journal(folder)
    loads = [i for i, entry in enumerate(entries) if entry["event"] == "load"]
    makes = [i for i, entry in enumerate(entries) if entry["event"] == "run" and entry["makes_iterator"]]
    first = entries.index(steps(folder)[0])
    assert {entries[i]["name"].split("/")[-1]: entries[i]["value"] for i in loads} == {
        "iterations_per_loop": 3,
        "loop_cond": 0,
        "zero": 0,
        "one": 1,
    }
    initialised = next(i for i, entry in enumerate(entries) if entry["event"] == "run")
    assert initialised < min(loads) and max(loads) < makes[0] < first
    assert len(entries[makes[0]]["fetches"]) == 1


def test_one_fetch_set_serves_the_whole_run(sunk):
    folder, _ = sunk
    assert len({tuple(entry["fetches"]) for entry in steps(folder)}) == 1


def test_steps_in_calls_give_the_weights_of_single_runs(sunk, data, tmp_path):
    folder, _ = sunk
    done = train(data, tmp_path)
    assert done.returncode == 0, done.stderr
    assert digest(str(tmp_path / "run")) == digest(str(folder / "run"))
    assert steps(tmp_path) == [] and len(trained(tmp_path)) == STEPS


def test_what_did_the_work_is_told(sunk):
    folder, _ = sunk
    work = json.loads((folder / "result.json").read_text())["work"]
    assert (work["device"], work["offloaded"], work["ops_on_host"]) == ("npu", True, {})
    assert work["first_call_s"] > 0
    assert "'offloaded': True" in (folder / "run" / "train_0.log").read_text()


def test_a_card_scores_what_it_trained_in_float32_and_gives_the_scores_of_a_host(sunk, tmp_path):
    folder, _ = sunk
    words = [sys.executable, "-m", "eval", "--run", str(folder / "run"), "--split", "val", "--json", "-"]
    done = standins.start(words + ["--device", "npu", "--out", str(tmp_path / "card")], tmp_path)
    assert done.returncode == 0, done.stderr
    assert {entry["precision"] for entry in journal(tmp_path, "session")} == {"force_fp32"}
    assert all("enable_data_pre_proc" not in entry["options"] for entry in journal(tmp_path, "session"))
    here = subprocess.run(words + ["--device", "cpu", "--out", str(tmp_path / "host")], stdout=subprocess.PIPE)
    assert json.loads(done.stdout)["confusion"] == json.loads(here.stdout.decode())["confusion"]


def test_numbers_of_a_card_have_its_loss_scale_and_no_clock_of_a_host(sunk):
    folder, _ = sunk
    for entry in trained(folder):
        assert (entry["loss_scale"], entry["overflows"]) == (2**15, 0) and "input_wait" not in entry


def test_overflows_are_skipped_counted_and_made_up_for_and_a_run_goes_on_at_its_batches(data, tmp_path):
    done = train(data, tmp_path, *CALLS, STANDIN_OVERFLOW="2,3")
    assert done.returncode == 0, done.stderr
    assert [(e["step"], e["overflows"], e["loss_scale"]) for e in trained(tmp_path)] == [
        (6, 2, 2**14),
        (10, 2, 2**14),
        (14, 2, 2**14),
    ]
    last = runfolder.choose(str(tmp_path / "run"), "last")
    assert (last.about["step"], last.about["batches"]) == (14, 16)
    assert trained(tmp_path)[-1]["learning_rate"] == 0
    words = [sys.executable, "-m", "train", "--output_path", "run", "--resume", "--train_steps", "16"]
    assert standins.start(words, tmp_path).returncode == 0
    assert [trained(tmp_path)[-1][name] for name in ("step", "overflows", "loss_scale")] == [18, 2, 2**14]
    assert runfolder.choose(str(tmp_path / "run"), "last").about["batches"] == 20


def test_a_run_of_a_card_goes_on_without_one(sunk, tmp_path):
    run = shutil.copytree(str(sunk[0] / "run"), str(tmp_path / "run"))
    words = [sys.executable, "-m", "train", "--output_path", run, "--resume", "--train_steps", "16"]
    assert "--device cpu or gpu" in subprocess.run(words, stderr=subprocess.PIPE).stderr.decode()
    assert subprocess.run(words + ["--device", "cpu"], stdout=subprocess.DEVNULL).returncode == 0
    assert runfolder.choose(run, "last").about["step"] == 16


def test_a_card_that_does_not_repeat_a_step_is_found_out_at_once(data, tmp_path):
    done = train(data, tmp_path, *CALLS, STANDIN_SILENT="1", TF_CPP_MIN_LOG_LEVEL="1")
    assert done.returncode == 3 and "a run made 1 steps where 4 were due" in done.stderr


def test_a_training_that_stays_on_the_host_is_found_out_at_once(data, tmp_path):
    done = train(data, tmp_path, *CALLS, STANDIN_SILENT="1")
    assert done.returncode == 3 and "nothing was compiled for the card" in done.stderr
    assert len(steps(tmp_path)) == 1


def test_an_option_of_ones_own_and_a_profile_reach_the_session_and_ops_on_the_host_are_told(data, tmp_path):
    more = ["--npu_option", "precision_mode=must_keep_origin_dtype", "--profile", tmp_path / "profile", "--json", "-"]
    done = train(data, tmp_path, "--train_steps", "2", *more, STANDIN_UNSUPPORTED="ResizeBilinear")
    assert done.returncode == 0, done.stderr
    options = journal(tmp_path, "session")[0]["options"]
    assert options["precision_mode"] == "must_keep_origin_dtype" and options["profiling_mode"] is True
    assert json.loads(options["profiling_options"])["output"] == str(tmp_path / "profile")
    assert os.path.isdir(str(tmp_path / "profile"))
    assert json.loads(done.stdout)["work"]["ops_on_host"]["ResizeBilinear"] >= 1


def test_a_graph_that_is_not_ready_is_not_begun(data, tmp_path):
    done = train(data, tmp_path, "--npu_option", "use_off_line=false")
    assert done.returncode == 2 and "options-agree" in done.stderr
    assert not (tmp_path / "run").exists()


def test_what_a_card_would_say_is_told_without_one(data, tmp_path, run):
    ran = run(main, "--data_path", data, "--output_path", tmp_path / "run", "--device", "npu", "--dry_run")
    assert ran.code == 0 and "for an Ascend card: ready" in ran.out and "on npu" in ran.out
    assert not (tmp_path / "run").exists()


def test_a_frame_that_is_lost_on_the_way_is_named_though_the_card_says_only_that_no_batch_came(data, tmp_path):
    words = command(data, "run") + ["--device", "npu", "--train_steps", "100000"]
    copy = str(tmp_path / "set")
    subprocess.run(["cp", "-r", data, copy], check=True)
    words[words.index(data)] = copy
    process = subprocess.Popen(
        words, cwd=str(tmp_path), env=standins.environ(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    wait_for(lambda: read_metrics(str(tmp_path / "run")), process)
    lost = sorted(os.listdir(os.path.join(copy, "train")))[0]
    os.remove(os.path.join(copy, "train", lost))
    said = process.communicate()[1].decode()
    assert process.returncode == 3 and lost in said.splitlines()[-1]
    assert lost in (tmp_path / "run" / "train_0.log").read_text()
    assert runfolder.choose(str(tmp_path / "run"), "last").about["step"] >= 1
