"""python -m eval.export as a user runs it: what others load answers as the checkpoint does, or nothing is left."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from camvid_tools import imageio
from eval import exported, exporting, places, serving, trained
from eval.anysize import AnySize
from eval.export import ENDINGS, FORMS, main
from pipeline import device

EXTRA = {"onnx": "tf2onnx"}


def needs(form):
    """Skip where a form's extra is not installed."""
    if form in EXTRA and importlib.util.find_spec(EXTRA[form]) is None:
        pytest.skip("the extra `export` is not installed")


@pytest.fixture
def export(run, finished, tmp_path):
    """Export the finished run to tmp_path/net."""

    def call(form, *flags):
        path = str(tmp_path / ("net" + ENDINGS.get(form, "")))
        return run(main, "--run", finished, "--form", form, "--out", path, *flags), path

    return call


@pytest.fixture(scope="module")
def scored(finished):
    """The ids that evaluation gives a frame."""
    with AnySize(trained.load(finished, "best"), device.choose("cpu"), (512, 512)) as network:
        yield network.ids


def frame(data, height, width):
    """A real frame, [height,width,3], enlarged and cut."""
    image = imageio.read_frame(os.path.join(data, "test", drawn.LISTS["test"][0] + ".png"))
    return np.ascontiguousarray(np.tile(image, (2, 2, 1))[:height, :width])


@pytest.mark.parametrize("form", FORMS)
def test_each_form_answers_as_the_checkpoint_does(form, export, scored, data, tmp_path):
    needs(form)
    ran, path = export(form, "--json", tmp_path / "net.json")
    assert ran.code == 0, ran.err
    with exported.FORMS[form].read(path) as network:
        answer = network(frame(data, 64, 96)[np.newaxis])
    assert answer.ids.dtype == np.uint8 and answer.scores.dtype == np.float32
    assert answer.ids.shape == (1, 64, 96) and answer.scores.shape == (1, 64, 96, 32)
    assert (answer.ids[0] != scored(frame(data, 64, 96))).mean() < 1e-3
    assert (answer.scores.argmax(-1) == answer.ids).all()
    np.testing.assert_allclose(answer.scores[..., 30], -65504, rtol=1e-5)  # Void


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("height, width", [(50, 70), (96, 128)])
def test_a_size_of_ones_own_is_padded_inside(form, height, width, export, scored, data, run):
    needs(form)
    ran, path = export(form, "--height", height, "--width", width, "--json", "-")
    document = ran.json()
    assert document["input"]["shape"] == [1, height, width, 3]
    assert document["outputs"]["ids"]["shape"] == [1, height, width]
    image = frame(data, height, width)
    with exported.FORMS[form].read(path) as network:
        assert (network(image[np.newaxis]).ids[0] != scored(image)).mean() < 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_a_dynamic_one_takes_frames_of_any_size(form, export, scored, data):
    needs(form)
    ran, path = export(form, "--dynamic")
    assert ran.code == 0, ran.err
    with exported.FORMS[form].read(path) as network:
        for height, width in ((64, 96), (33, 65), (128, 64)):
            image = frame(data, height, width)
            assert (network(image[np.newaxis]).ids[0] != scored(image)).mean() < 1e-3


def test_a_stranger_runs_the_saved_model_with_tensorflow_alone(export, data, tmp_path):
    ran, path = export("saved_model")
    assert ran.code == 0
    imageio.write_png(str(tmp_path / "frame.png"), frame(data, 64, 96))
    program = """
import sys, tensorflow.compat.v1 as tf
with tf.Session(graph=tf.Graph()) as session:
    found = tf.saved_model.loader.load(session, ["serve"], sys.argv[1]).signature_def["serving_default"]
    with open(sys.argv[2], "rb") as file:
        frame = session.run(tf.image.decode_png(file.read()))
    ids = session.run(found.outputs["ids"].name, {found.inputs["image"].name: frame[None]})
assert ids.shape == (1, 64, 96) and not any(name.split(".")[0] in ("eval", "net") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program, path, str(tmp_path / "frame.png")], check=True, cwd=str(tmp_path))


def test_the_frozen_graph_comes_with_its_names_and_the_command_for_ascend(export):
    ran, path = export("frozen")
    assert "input image:0, outputs ids:0 and scores:0" in ran.out
    line = [line for line in ran.out.splitlines() if line.startswith("  atc ")][0]
    for word in ("--framework=3", "--model=" + path, "--input_shape=image:1,64,96,3", "'--out_nodes=ids:0;scores:0'"):
        assert word in line.split()
    definition = tf.GraphDef()
    with open(path, "rb") as file:
        definition.ParseFromString(file.read())
    ops = {node.op for node in definition.node}
    assert not {op for op in ops if "Variable" in op or "Assign" in op or "Iterator" in op}
    assert [node.name for node in definition.node if node.op == "Placeholder"] == ["image"]


@pytest.mark.parametrize("form, flags", [("saved_model", []), ("frozen", ["--dynamic"])])
def test_what_atc_cannot_take_gets_no_command_but_the_way_to_one(form, flags, export):
    ran, _ = export(form, *flags)
    assert "  atc " not in ran.out and "--form frozen of a fixed size" in ran.out


@pytest.mark.parametrize("form", ["saved_model", "frozen"])
def test_a_network_that_answers_otherwise_is_not_left_behind(form, export, monkeypatch, tmp_path):
    assert export(form)[0].code == 0
    before = sorted(os.listdir(str(tmp_path)))
    monkeypatch.setattr(exporting, "MOST_DIFFERENT", -1.0)  # closer than anything can be
    ran, path = export(form)
    assert ran.code == 3 and "differs from its checkpoint" in ran.err
    assert sorted(os.listdir(str(tmp_path))) == before
    with exported.FORMS[form].read(path) as network:
        assert network(np.zeros((1, 64, 96, 3), np.uint8)).ids.shape == (1, 64, 96)


def test_a_differing_id_and_score_are_counted(finished, data):
    network = trained.load(finished, "best")
    image = frame(data, 64, 96)
    with serving.Serving(network, (64, 96)) as live:
        answer = live(image[np.newaxis])
        other = serving.Answer(answer.ids.copy(), answer.scores.copy())
        other.ids[0, 3, 5:8] += 1
        other.scores[0, 9, 9, 4] *= 1.5
        found = exporting.compared(lambda _: other, live, network, [image])
    assert found[:2] == (1, 64 * 96) and found.disagreeing_pixels == 3
    assert found.max_difference == pytest.approx(abs(answer.scores[0, 9, 9, 4]) / 2, rel=1e-5)
    assert found.largest == np.abs(answer.scores[..., [i for i in range(32) if i != 30]]).max()


def test_scores_that_are_no_numbers_are_not_close():
    assert not exporting.is_close(exporting.Comparison(1, 100, 9.0, float("nan"), 0))
    assert not exporting.is_close(exporting.Comparison(1, 100, 9.0, 1e-3, 0))
    assert not exporting.is_close(exporting.Comparison(1, 100, 9.0, 1e-5, 1))
    assert exporting.is_close(exporting.Comparison(1, 100, 9.0, 1e-5, 0))


@pytest.mark.parametrize("left", ["old", "both"])
def test_a_kill_while_a_folder_is_replaced_leaves_one_that_the_next_export_replaces(left, tmp_path):
    target, aside = str(tmp_path / "net"), str(tmp_path / ".net.part.old")
    for folder in [aside] + [target] * (left == "both"):
        os.makedirs(folder)
    with pytest.raises(KeyError), places.made(target, os.makedirs):
        raise KeyError
    assert os.listdir(str(tmp_path)) == ["net"]
    with places.made(target, os.makedirs) as part:
        (tmp_path / part / "saved_model.pb").write_bytes(b"new")
    assert os.listdir(str(tmp_path)) == ["net"] and os.listdir(target) == ["saved_model.pb"]


def test_what_a_form_needs_changes_nothing_for_processes_that_are_started():
    needs("onnx")
    sys.modules.pop("tf2onnx.convert", None)
    before = dict(os.environ)
    exported.require("onnx")
    assert dict(os.environ) == before


def test_a_form_whose_extra_is_missing_says_how_to_get_it(export, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "tf2onnx.convert", None)
    assert "pip install tf2onnx onnxruntime" in export("onnx")[0].refusal()
    assert os.listdir(str(tmp_path)) == []


def test_what_cannot_be_exported_is_one_line_that_names_it(export, run, finished, tmp_path):
    mine = tmp_path / "net" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    flags = ["--run", finished, "--form", "frozen", "--out"]
    assert "a folder" in run(main, *flags, tmp_path / "net").refusal()
    assert "a.txt.pb" in run(main, *flags, tmp_path / "a.txt").refusal()
    assert "no SavedModel" in export("saved_model")[0].refusal()
    assert "--soc_version" in export("saved_model", "--soc_version", "Ascend910")[0].refusal()
    assert "--soc_version" in run(main, *flags, tmp_path / "a.pb", "--dynamic", "--soc_version", "A").refusal()
    flags.append(tmp_path / "a.pb")
    assert "--dynamic" in run(main, *flags, "--dynamic", "--height", 0).refusal()
    assert "0 x 96" in run(main, *flags, "--height", "0").refusal()
    assert "nowhere" in run(main, *flags, "--data_path", "nowhere").refusal()
    assert os.listdir(str(tmp_path)) == ["net"] and mine.read_text() == "mine"
