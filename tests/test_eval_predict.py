"""python -m eval.predict as a user runs it: any size, every form, videos, what cannot be read."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
import synthetic
from camvid_tools import classes, imageio, videoio
from camvid_tools.errors import RunFault
from eval import footage, runner, trained
from eval.__main__ import main as score
from eval.anysize import AnySize
from eval.predict import main
from pipeline import device

COLOURS = classes.camvid32().colour_array()
NAMES, VOID = drawn.LISTS["test"], classes.camvid32().names.index("Void")


@pytest.fixture
def predict(run, finished, tmp_path):
    """Label `src`; returns what the command left at the terminal and its folder."""

    def call(src, *flags):
        place = ("--run", finished, "--src", src, "--out", tmp_path / "out", "--device", "cpu")
        return run(main, *place, *flags), tmp_path / "out"

    return call


@pytest.fixture
def network(finished):
    """The same network, of any tile."""
    made = []

    def make(*tile):
        made.append(AnySize(trained.load(finished, "best"), device.choose("cpu"), tile))
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


def film(path, picture, frames=7):
    """A short video of a drawn frame that moves, cut to an odd size."""
    frame = imageio.read_frame(picture)
    with videoio.writing(str(path), 12.5) as take:
        for number in range(frames):
            take(np.roll(frame, 3 * number, axis=1)[:63, :95])
    return str(path)


@pytest.mark.parametrize("form", ["ids", "colour"])
def test_what_it_writes_scores_as_the_run_does(form, predict, finished, data, tmp_path):
    ran, out = predict(os.path.join(data, "test"), "--form", form)
    assert ran.code == 0 and sorted(os.listdir(str(out))) == sorted(name + ".png" for name in NAMES)
    assert score(["--run", finished, "--split", "test", "--out", str(tmp_path / "run")]) == 0
    assert score(["--predictions", str(out), "--data_path", data, "--split", "test"]) == 0
    one, other = (json.loads((folder / "eval.json").read_text()) for folder in (tmp_path / "run", out))
    assert one["confusion"] == other["confusion"] and one["mean_iou"] == other["mean_iou"]


def test_each_form_shows_the_same_classes(predict, data):
    source = os.path.join(data, "test", NAMES[0] + ".png")
    shown = {}
    for form in ("ids", "colour", "overlay", "side"):
        ran, out = predict(source, "--form", form)
        assert ran.code == 0
        shown[form] = imageio.read_raw(str(out / (NAMES[0] + ".png")))
    frame, ids = imageio.read_frame(source), shown["ids"]
    assert ids.shape == frame.shape[:2] and not (ids == VOID).any()
    assert (shown["colour"] == COLOURS[ids]).all()
    assert np.abs(shown["overlay"].astype(int) - (frame.astype(int) + COLOURS[ids]) / 2).max() <= 1
    enlarged = COLOURS[ids].repeat(4, 0).repeat(4, 1)
    left, top = cv2.minMaxLoc(cv2.matchTemplate(shown["side"], enlarged, cv2.TM_SQDIFF))[2]
    assert (shown["side"][top:, left:][: enlarged.shape[0], : enlarged.shape[1]] == enlarged).all()
    assert shown["side"].shape[1] > 2 * enlarged.shape[1]


@pytest.mark.parametrize("height, width", [(1, 1), (31, 33), (64, 96), (65, 200), (100, 64)])
def test_pictures_of_any_size_are_padded_not_squashed(height, width, network, data):
    image = cv2.resize(imageio.read_frame(os.path.join(data, "test", NAMES[0] + ".png")), (200, 130))[:height, :width]
    found = network(256, 256).ids(image)
    assert found.shape == (height, width)
    canvas = np.full((-(-height // 32) * 32, -(-width // 32) * 32, 3), (124, 116, 104), np.uint8)
    canvas[:height, :width] = image
    assert (found == network(256, 256).ids(canvas)[:height, :width]).all()


def test_large_pictures_are_labelled_in_parts_each_as_if_alone(network, data):
    frame = imageio.read_frame(os.path.join(data, "test", NAMES[0] + ".png"))
    image = np.ascontiguousarray(np.tile(frame, (1, 2, 1))[:, :160])
    found, alone = network(64, 96).ids(image), network(64, 96)
    assert (found[:, :80] == alone.ids(image[:, :96])[:, :80]).all()
    assert (found[:, 80:] == alone.ids(image[:, 64:])[:, 16:]).all()


def test_the_tile_stands_upright_for_pictures_that_do(network, data):
    frame = imageio.read_frame(os.path.join(data, "test", NAMES[0] + ".png"))
    upright = np.ascontiguousarray(np.rot90(frame))
    assert (network(64, 96).ids(upright) == network(96, 96).ids(upright)).all()


def test_networks_for_many_sizes_do_not_pile_up(network, monkeypatch):
    closed, real = [], runner.FrameByFrame.close
    monkeypatch.setattr(runner.FrameByFrame, "close", lambda self: closed.append(self) or real(self))
    any_size = network(256, 256)
    for width in (32, 64, 96, 128, 32, 32):
        any_size.ids(np.zeros((32, width, 3), np.uint8))
    assert len(closed) == 2  # of 32 when 128 came, of 64 when 32 came again
    any_size.__exit__()
    assert len(closed) == 5


@pytest.mark.parametrize("form", ["overlay", "colour", "side"])
def test_a_video_comes_back_as_a_video_at_its_own_rate(form, predict, data, tmp_path):
    path = film(tmp_path / "drive.avi.mp4", os.path.join(data, "test", NAMES[0] + ".png"))
    ran, out = predict(path, "--form", form, "--json", tmp_path / "seen.json")
    assert ran.code == 0, ran.err
    made = str(out / "drive.avi.mp4")
    assert videoio.header(made) == videoio.Header(7, 12.5)
    frames = [frame.shape for frame in videoio.frames(made)]
    assert frames == [frames[0]] * 7 and (form == "side" or frames[0] == (64, 96, 3))
    document = json.loads((tmp_path / "seen.json").read_text())
    assert document["schema"] == "camvid-predict/1" and document["damaged"] == []
    assert document["results"] == [{"source": path, "path": made, "frames": 7}]


def test_ids_of_a_video_are_a_folder_of_pictures_since_no_codec_may_touch_them(predict, data, tmp_path):
    picture = os.path.join(data, "test", NAMES[0] + ".png")
    for count in (7, 4):
        path = film(tmp_path / "drive.mp4", picture, count)
        ran, out = predict(path, "--form", "ids")
        assert ran.code == 0
        numbered = [name for name in sorted(os.listdir(str(out / "drive"))) if name.endswith(".png")]
        assert numbered == ["%06d.png" % number for number in range(count)]
    ids = imageio.read_raw(str(out / "drive" / "000003.png"))
    assert ids.shape == (64, 96) and not (ids == VOID).any()


def test_a_folder_of_ids_that_was_cut_off_says_so_and_holds_frames_of_one_video(data, tmp_path):
    path = film(tmp_path / "drive.mp4", os.path.join(data, "test", NAMES[0] + ".png"))
    item = footage.items([path], str(tmp_path / "out"), as_folders=True)[0]
    told = tmp_path / "out" / "drive" / footage.MARK
    with footage.writing(item) as write:
        for _ in range(3):
            write(np.zeros((8, 8), np.uint8))
    assert told.read_text().startswith("3 pictures")
    with pytest.raises(KeyboardInterrupt), footage.writing(item) as write:
        write(np.ones((8, 8), np.uint8))
        raise KeyboardInterrupt
    assert told.read_text() == "unfinished\n"
    assert sorted(os.listdir(item.target)) == [footage.MARK, "000000.png"]


def test_a_source_is_never_replaced_not_even_by_way_of_a_link(predict, data, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "a.png"
    shutil.copy(os.path.join(data, "test", NAMES[0] + ".png"), str(mine))
    os.symlink(str(mine), str(tmp_path / "in" / "a.png"))
    before = mine.read_bytes()
    assert "is a source" in predict(tmp_path / "in")[0].refusal()
    assert mine.read_bytes() == before


def test_what_tensorflow_cannot_do_is_told_in_one_line():
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [1])
        checked = tf.check_numerics(given, "not finite")
        with pytest.raises(RunFault, match="^TensorFlow stopped: .*not finite.*memory"):
            runner.run(session, checked, {given: [np.nan]})


def test_pictures_of_anybody_else_are_not_replaced(predict, run, finished, data, tmp_path):
    path = film(tmp_path / "drive.mp4", os.path.join(data, "test", NAMES[0] + ".png"))
    theirs = tmp_path / "out" / "drive" / "000000.png"
    synthetic.put(str(theirs), np.zeros((8, 8), np.uint8))
    before = theirs.read_bytes()
    assert "something else" in predict(path, "--form", "ids")[0].refusal()
    assert "never changed" in run(main, "--run", finished, "--src", path, "--out", tmp_path).refusal()
    assert theirs.read_bytes() == before and os.listdir(str(theirs.parent)) == ["000000.png"]


def test_a_picture_that_lies_on_its_side_by_its_exif_block_is_labelled_upright(predict, data, tmp_path):
    frame = imageio.read_frame(os.path.join(data, "test", NAMES[0] + ".png"))
    (tmp_path / "in").mkdir()
    block = b"Exif\0\0" + b"MM\0\x2a\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\0" * 4
    jpeg = imageio.jpeg_bytes(np.ascontiguousarray(np.rot90(frame)), 95)
    turned = jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]
    (tmp_path / "in" / "phone.jpg").write_bytes(turned)
    ran, out = predict(tmp_path / "in", "--form", "overlay")
    assert ran.code == 0
    assert imageio.read_raw(str(out / "phone.png")).shape == frame.shape


def test_what_cannot_be_read_is_named_and_the_rest_is_done(predict, data, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(os.path.join(data, "test"), str(folder))
    (folder / "0.png").write_bytes((folder / (NAMES[0] + ".png")).read_bytes()[:200])
    (folder / "1.mp4").write_bytes(b"no video")
    (folder / "notes.txt").write_text("left alone")
    ran, out = predict(folder, "--json", tmp_path / "seen.json")
    assert ran.code == 1
    assert "0.png" in ran.err and "1.mp4" in ran.err and "2 sources not whole" in ran.out
    assert sorted(os.listdir(str(out))) == sorted(name + ".png" for name in NAMES)
    document = json.loads((tmp_path / "seen.json").read_text())
    assert [os.path.basename(entry["source"]) for entry in document["damaged"]] == ["0.png", "1.mp4"]


def test_what_cannot_be_used_is_one_line_that_names_it(predict, finished, data, tmp_path, run):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "broken.png").write_bytes(b"")
    assert "broken.png" in predict(empty / "broken.png")[0].refusal()
    assert "broken.png" in predict(empty)[0].refusal()
    os.remove(str(empty / "broken.png"))
    assert "no picture" in predict(empty)[0].refusal()
    assert "no such file" in predict(tmp_path / "nowhere")[0].refusal()
    assert "by its name" in predict(os.path.join(data, "class_dict.csv"))[0].refusal()
    assert "1024x512" in predict(data, "--tile", "1000x500")[0].refusal()
    assert "64x64" in predict(data, "--tile", "32x32")[0].refusal()
    (empty / "broken.mp4").write_bytes(b"no video")
    assert "broken.mp4" in predict(empty)[0].refusal()
    os.remove(str(empty / "broken.mp4"))
    synthetic.put(str(empty / "a.png"), np.zeros((8, 8), np.uint8))
    assert "never changed" in run(main, "--run", finished, "--src", empty, "--out", empty).refusal()
    synthetic.put(str(empty / "a.jpg"), np.zeros((8, 8), np.uint8))
    assert "both" in predict(empty)[0].refusal()
    assert not os.path.exists(str(tmp_path / "out"))
