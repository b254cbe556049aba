"""camvid-view as a user runs it: what it says of a draw, sheets that fit a screen, one-line refusals."""

import os
import shutil

import numpy as np
import pytest

import drawn
from camvid_tools import imageio
from pipeline import replay, sheet, view
from test_eval_pictures import has_block

NAMES = drawn.LISTS["train"]


def test_a_summary_says_what_was_drawn():
    image, ids = np.zeros((32, 64, 3), np.uint8), np.zeros((32, 64), np.uint8)
    gain, bias = 192, 128 * (256 - 192) - 20 * 256
    one = replay.Replayed("A", 3, 1, 0, (60, 90), (4, 7, 16, 32), (0, 0, 32, 64), True, gain, bias, None, image, ids)
    assert one.summary() == "scale 2.00, window 16 x 32 at y=4 x=7, flipped, brightness -20, contrast 0.75"
    assert not any("padding" in line for line in one.details())
    padded = one._replace(place=(1, 2, 30, 60), flip=False)
    assert "not flipped" in padded.summary() and any("padding" in line for line in padded.details())


def test_what_was_drawn_beyond_base_is_said_in_words_and_numbers(data, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = ["--augment", "strong", "--step", "0", "--batch_size", "40", "--height", "32", "--width", "32"]
    ran = run(view.main, "--data_path", data, "--json", "-", *flags)
    lines = {tile["name"]: tile["draw"] for tile in ran.json()["tiles"]}
    assert all(
        set(draw) >= {"saturation", "hue", "angle", "blur", "noise", "quality", "cutout"} for draw in lines.values()
    )
    for word in ("saturation", "hue", "turned", "blur sigma", "noise sigma", "jpeg quality", "cutout"):
        assert word in ran.err, word


def test_frames_of_several_sizes_and_another_palette_share_a_sheet(tmp_path, look):
    for name, (height, width) in (("a", (40, 60)), ("b", (90, 30)), ("c", (700, 900))):
        ids = np.full((height, width), name == "a", np.uint8)  # the wall is in the first frame alone
        colours = np.array([(10, 20, 30), (250, 120, 0)], np.uint8)
        imageio.write_png(str(tmp_path / "set" / "train" / (name + ".png")), drawn.noise(1, height, width, 3))
        imageio.write_png(str(tmp_path / "set" / "train_labels" / (name + ".png")), colours[ids])
    (tmp_path / "set" / "class_dict.csv").write_text("name,r,g,b\nfloor,10,20,30\nwall,250,120,0\n")
    _, picture, document = look(tmp_path / "set")
    assert len(document["tiles"]) == 3 and picture.shape[1] <= sheet.WIDEST
    assert has_block(picture[-60:], (10, 20, 30), 12) and has_block(picture[-60:], (250, 120, 0), 12)
    _, picture, document = look(tmp_path / "set", "--epoch", 0)
    assert document["tiles"][1]["draw"]["frame_size"] == [90, 30]


@pytest.mark.parametrize(
    "count, height, width", [(1, 720, 960), (3, 8, 8), (8, 720, 960), (40, 300, 400), (2, 900, 90), (2, 900, 1300)]
)
def test_sheets_are_never_wider_than_a_screen_and_show_all_tiles(count, height, width):
    shades = [(40 + 4 * i, 90, 160) for i in range(count)]
    panels = [np.full((height, width, 3), shade, np.uint8) for shade in shades]
    tiles = [sheet.Tile("a name " * 99, "a line " * 99, [panel, panel]) for panel in panels]
    picture = sheet.sheet("heading " * 99, tiles, [("class", (1, 2, 3))] * 32)
    assert picture.shape[1] <= sheet.WIDEST and picture.dtype == np.uint8
    values, counts = np.unique(picture.astype(np.int32) @ [65536, 256, 1], return_counts=True)
    shown = dict(zip(values.tolist(), counts.tolist()))
    assert all(shown[65536 * red + 256 * green + blue] > 5000 for red, green, blue in shades)
    assert (picture[:, :20] == 255).all() and (picture[:, -20:] == 255).all()  # nothing runs into the edge


@pytest.mark.parametrize(
    "flags, name",
    [
        ([], "set_train.png"),
        (["--step", "2"], "set_train_step2.png"),
        (["--epoch", "0", "--split", "val"], "set_val_epoch0.png"),
    ],
)
def test_the_sheet_is_named_after_what_it_shows(place, run, tmp_path, monkeypatch, flags, name):
    monkeypatch.chdir(tmp_path)
    ran = run(view.main, "--data_path", place, *flags)
    assert ran.code == 0 and os.listdir(str(tmp_path)) == [name]
    assert ran.out.strip().splitlines()[-1].startswith("made %s: " % name)


@pytest.mark.parametrize(
    "flags, facts",
    [
        (["--frames", "0006R0_f00931"], ["0006R0_f00931", "nearest: 0006R0_f00930"]),
        (["--frames", NAMES[0] + ",zebra"], ["zebra", "nearest"]),
        (["--frames", " , "], ["names no frame"]),
        (["--split", "trian"], ["trian", "train, val, test"]),
        (["--step", "1", "--epoch", "1"], ["--step", "--epoch", "one of them"]),
        (["--step", "1", "--frames", NAMES[0]], ["--step", "--frames"]),
        (["--step", "-1"], ["--step -1"]),
        (["--epoch", "-2"], ["--epoch -2"]),
        (["--step", "9" * 30], ["--step 999"]),
        (["--step", "one"], ["--step", "'one'"]),
        (["--step", "0", "--batch_size", "-8"], ["--batch_size -8"]),
        (["--step", "0", "--batch_size", "100000"], ["--batch_size 100000"]),
        (["--step", "0", "--height", "-32"], ["--height -32"]),
        (["--step", "0", "--width", "100"], ["--width 100", "96 or 128"]),
        (["--step", "0", "--augment", "bse"], ["bse", "base, colour, light, none"]),
        (["--step", "0", "--recipe", "papper"], ["papper", "default, demo, modelzoo, paper"]),
        (["--augment", "light"], ["--augment", "--epoch"]),
        (["--out", "sheet.jpg"], ["sheet.jpg", "PNG"]),
        (["--out", "."], ["--out FILE.png"]),
        (["--out", "{data}/train/new.png"], ["inside the data"]),
        (["--data_path", "nowhere"], ["nowhere"]),
    ],
)
def test_what_cannot_be_shown_is_one_line_that_names_it(data, run, tmp_path, monkeypatch, flags, facts):
    monkeypatch.chdir(tmp_path)
    said = run(view.main, "--data_path", data, *[flag.format(data=data) for flag in flags]).refusal()
    assert all(fact in said for fact in facts), said
    assert os.listdir(str(tmp_path)) == [] and not os.path.exists(os.path.join(data, "train", "new.png"))


@pytest.mark.parametrize(
    "recipe, fact",
    [
        ("[]", "expected an object"),
        ('{"augmnet": "base"}', "augmnet"),
        ('{"augment": 3}', "augment 3"),
        ('{"height": "tall"}', "height 'tall'"),
        ("{", "mine.json"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_named_with_its_fault(data, run, tmp_path, recipe, fact):
    (tmp_path / "mine.json").write_text(recipe)
    said = run(view.main, "--data_path", data, "--step", 0, "--recipe", tmp_path / "mine.json").refusal()
    assert fact in said and "mine.json" in said


def test_a_damaged_frame_is_named_and_does_not_hide_the_others(data, run, look, tmp_path):
    broken = shutil.copytree(data, str(tmp_path / "broken"))
    (tmp_path / "broken" / "train" / (NAMES[1] + ".png")).write_bytes(b"no picture")
    for flags in ([], ["--step", "0"], ["--epoch", "0", "--frames", NAMES[1]]):
        said = run(view.main, "--data_path", broken, "--out", tmp_path / "x.png", *flags).refusal()
        assert NAMES[1] in said and not (tmp_path / "x.png").exists()
    _, _, document = look(broken, "--epoch", 0, "--frames", NAMES[0])
    whole = look(data, "--epoch", 0, "--frames", NAMES[0])[2]
    assert document["tiles"] == whole["tiles"]


def test_asked_again_the_sheet_has_the_same_bytes(data, run, tmp_path):
    for name in ("one.png", "two.png"):
        assert run(view.main, "--data_path", data, "--step", 1, "--out", tmp_path / name, "--quiet").out == ""
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_sheet_never_lands_in_the_data_nor_replaces_what_is_no_picture(run, clean, tmp_path, monkeypatch):
    data = shutil.copytree(str(clean), str(tmp_path / "set"))
    monkeypatch.chdir(data)
    assert "inside the data" in run(view.main, "--data_path", ".").refusal()
    (tmp_path / "mine.png").write_text("precious")
    assert "something else" in run(view.main, "--data_path", ".", "--out", tmp_path / "mine.png").refusal()
    assert (tmp_path / "mine.png").read_text() == "precious" and "set_train.png" not in os.listdir(str(data))
