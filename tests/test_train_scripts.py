"""The model zoo's scripts: its names, arguments and closing lines, and an exit code that is true."""

import json
import os
import subprocess
import sys

import pytest

from eval.runfolder import read_metrics
from train import closing

HERE = os.path.dirname(os.path.abspath(__file__))
FULL, PERFORMANCE = "train_full_1p.sh", "train_performance_1p.sh"


def script(name, *flags, **more):
    environment = dict(os.environ, PYTHON=sys.executable, **more)
    command = ["sh", os.path.join(HERE, name), *map(str, flags)]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, env=environment
    )


@pytest.fixture(scope="module", params=[(FULL, "acc"), (PERFORMANCE, "perf")], ids=["full", "performance"])
def ran(request, data, tmp_path_factory):
    name, kind = request.param
    run = str(tmp_path_factory.mktemp("script") / "run")
    flags = ["--data_path=" + data, "--output_path", run, "--train_epochs=1.5", "--batch_size=2", "--device=cpu"]
    return script(name, *flags, ASCEND_DEVICE_ID="3"), run, kind


def test_arguments_are_obeyed(ran):
    done, run, _ = ran
    assert done.returncode == 0, done.stderr
    with open(os.path.join(run, "settings.json")) as file:
        settings = json.load(file)["settings"]
    assert (settings["batch_size"], settings["device"]) == (2, "cpu")
    assert read_metrics(run)[-1]["step"] == settings["total_steps"]
    assert os.path.exists(os.path.join(run, "train_3.log"))


def test_the_closing_lines_are_the_model_zoos_and_say_what_was_measured(ran):
    done, run, _ = ran
    lines = done.stdout.strip().splitlines()
    assert lines[0] == "### get your log here : %s/train_3.log" % run
    end = lines[lines.index("------------------ Final result ------------------") + 1 :]
    found = dict(line.split(" : ") for line in end)
    assert list(found)[:4] == [
        "Final Performance images/sec",
        "Final Performance sec/step",
        "E2E Training Duration sec",
        "Final Train Accuracy",
    ]
    best = max(e["mean_iou"] for e in read_metrics(run) if e["kind"] == "validation")
    assert float(found["Final Mean IoU"]) == pytest.approx(best, abs=1e-4)
    assert 1 <= int(found["E2E Training Duration sec"]) < 600
    rate, step = float(found["Final Performance images/sec"]), float(found["Final Performance sec/step"])
    assert rate * step == pytest.approx(2, rel=0.02)


def test_the_record_beside_the_log_has_the_model_zoos_names(ran):
    _, run, kind = ran
    case = "BiSeNet_for_TensorFlow_bs2_1p_" + kind
    with open(os.path.join(run, case + ".log")) as file:
        found = dict(line.strip().split(" = ") for line in file)
    names = "Network RankSize BatchSize DeviceType CaseName ActualFPS TrainingTime ActualLoss E2ETrainingTime".split()
    assert list(found)[:9] == names
    assert (found["CaseName"], found["BatchSize"], found["DeviceType"]) == (case, "2", "cpu")
    with open(os.path.join(run, case + "_loss.txt")) as file:
        assert float(file.read().split()[-1]) == pytest.approx(float(found["ActualLoss"]), abs=1e-4)


@pytest.mark.parametrize("name", [FULL, PERFORMANCE])
@pytest.mark.parametrize(
    "flags, fact",
    [
        ([], "--data_path is missing"),
        (["--data_path"], "--data_path has no value"),
        (["--data_path="], "--data_path has no value"),
        (["--data_path=x", "--epochs=3"], "unknown argument --epochs=3"),
    ],
)
def test_arguments_that_cannot_be_are_named_with_the_usage(name, flags, fact):
    done = script(name, *flags)
    assert done.returncode == 2 and fact in done.stderr and "usage: tests/" + name in done.stderr


@pytest.mark.parametrize("name", [FULL, PERFORMANCE])
def test_help_is_no_error(name):
    done = script(name, "--help")
    assert (done.returncode, done.stderr) == (0, "") and "usage: tests/" + name in done.stdout


def test_a_training_that_fails_fails_the_script(tmp_path):
    done = script(FULL, "--data_path=" + str(tmp_path / "nothing"), "--device=cpu")
    assert done.returncode == 2 and "nothing" in done.stderr and "Final" not in done.stdout


def test_without_a_card_the_default_device_says_so(data, tmp_path):
    done = script(FULL, "--data_path=" + data, "--output_path=" + str(tmp_path / "run"))
    assert done.returncode == 2 and "npu_bridge" in done.stderr and not (tmp_path / "run").exists()


def entry(rate, step, **more):
    return dict({"kind": "train", "images_per_second": rate, "step": step, "loss": 1.0 / step}, **more)


def test_speed_is_the_median_of_all_windows_but_the_first():
    entries = [entry(rate, 10 * i) for i, rate in enumerate((1.0, 8.0, 9.0, 2.0), 1)]
    found = closing.figures(entries, 4)
    assert (found["images_per_second"], found["seconds_per_step"], found["loss"]) == (8.0, 0.5, 1 / 40)
    assert found["mean_iou"] is found["pixel_accuracy"] is None
    assert closing.figures(entries[:1], 4)["images_per_second"] == 1.0


def test_scores_are_those_of_the_best_validation():
    scored = [(0.2, 0.5), (0.4, 0.6), (0.3, 0.9), (None, 1.0)]
    entries = [entry(1.0, 10)] + [{"kind": "validation", "mean_iou": i, "pixel_accuracy": a} for i, a in scored]
    found = closing.figures(entries, 4)
    assert (found["mean_iou"], found["pixel_accuracy"]) == (0.4, 0.6)


def test_a_run_without_steps_is_named(run, finished, tmp_path):
    (tmp_path / "metrics.jsonl").write_text("")
    assert str(tmp_path) in run(closing.main, "--run", tmp_path, "--seconds", "1").refusal()
