"""Runs of the default recipe, with scores finer than stride 8: resumed, evaluated, begun from runs without them."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import trainings
from camvid_tools import classes
from eval import runfolder
from eval.__main__ import main
from train import pretrained
from weight_files import network

FRONTEND = "xception39"


@pytest.fixture(scope="module")
def fine(data, tmp_path_factory):
    """The run folder of a short training by the default recipe, but from nothing, with a small frontend."""
    folder = tmp_path_factory.mktemp("fine")
    command = trainings.command(data, str(folder / "run"))
    subprocess.run(command + ["--recipe", "pretrained", "--weights", "none"], check=True)
    return str(folder / "run")


def shapes(count, score_stride):
    return network(FRONTEND, count, score_stride)


def scored(run, folder, out):
    document = run(main, "--run", folder, "--split", "val", "--checkpoint", "last", "--out", out, "--json", "-").json()
    return document["mean_iou"], document["confusion"]


def test_a_validation_of_the_training_is_had_again(fine, run, tmp_path):
    saved = runfolder.choose(fine, "last").about
    assert scored(run, fine, tmp_path)[0] == pytest.approx(saved["scores"]["mean_iou"], abs=1e-12)


def test_one_whose_newest_checkpoint_is_lost_goes_on_to_the_same_weights(fine, tmp_path):
    run = shutil.copytree(fine, str(tmp_path / "lost"))
    for checkpoint in runfolder.checkpoints(run):
        if checkpoint.step > 8:  # the best may be the last
            os.truncate(checkpoint.prefix + ".index", 10)
    assert runfolder.choose(run, "last").step == 8
    trainings.resume(run)
    assert runfolder.choose(run, "last").step == trainings.STEPS
    assert trainings.digest(run) == trainings.digest(fine)
    assert trainings.numbers(run) == trainings.numbers(fine)


def test_a_run_from_before_there_were_fine_scores_is_evaluated_and_resumed_as_ever(finished, run, tmp_path):
    older = shutil.copytree(finished, str(tmp_path / "older"))
    path = os.path.join(older, "settings.json")
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    assert document["settings"]["recipe"].pop("score_stride") == 8
    assert document["settings"]["recipe"].pop("logit_adjustment") == 0
    assert document["settings"]["recipe"].pop("frozen_norms") is None
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    assert scored(run, older, tmp_path / "a") == scored(run, finished, tmp_path / "b")
    longer = ["--resume", "--train_steps", str(trainings.STEPS + 1)]
    subprocess.run([sys.executable, "-m", "train", "--output_path", older] + longer, check=True)
    assert runfolder.choose(older, "last").step == trainings.STEPS + 1


def test_a_run_without_them_gives_all_else_and_the_report_says_what_begins_anew(finished):
    wanted = shapes(32, 2)
    start = pretrained.start(finished, FRONTEND, wanted, classes.camvid32())
    assert set(wanted) - set(start.values) == {name for name in wanted if name.startswith("detail/")}
    assert "layers for fine scores are added" in start.report and "begin anew" not in start.report
    assert "fine scores" not in pretrained.start(finished, FRONTEND, shapes(32, 8), classes.camvid32()).report


def test_a_run_with_them_gives_them_and_for_other_classes_all_but_their_last_layer(fine):
    same = shapes(32, 2)
    assert set(pretrained.start(fine, FRONTEND, same, classes.camvid32()).values) == set(same)
    other = shapes(12, 2)
    start = pretrained.start(fine, FRONTEND, other, classes.segnet11())
    assert {name for name in other if name.startswith("detail/")} - set(start.values) == {"detail/classes/kernel"}
    assert "last layers of aux16, aux32, detail, head begin anew" in start.report and "fine scores" not in start.report


def test_what_of_fine_scores_does_not_fit_is_told(fine):
    coarse = pretrained.start(fine, FRONTEND, shapes(32, 8), classes.camvid32())
    assert set(coarse.values) == set(shapes(32, 8)) and "layers for fine scores are left out" in coarse.report
    other = shapes(32, 4)
    between = pretrained.start(fine, FRONTEND, other, classes.camvid32())
    assert set(other) - set(between.values) == {"detail/classes/kernel"}
    assert "last layers of detail begin anew, for other classes or scores" in between.report
