"""camvid-view as a user runs it: the very pixels of training, whole draws, sheets to look at, one-line refusals."""

import dataclasses
import json
import os
import shutil

import cv2
import numpy as np
import pytest

import drawn
from augment.augmentation import NAMED
from camvid_tools import drawing, imageio
from pipeline import recipe_feed, replay, sheet, sources, view
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec
from test_eval_pictures import find, has_block
from train import recipes, settings

NAMES = drawn.LISTS["train"]
HW = (64, 96)


@pytest.fixture(scope="module", params=["tree", "packed"])
def place(request, data, tmp_path_factory):
    """The drawn data set in both forms."""
    if request.param == "tree":
        return data
    return drawn.packed_file(str(tmp_path_factory.mktemp("packed") / "set.h5"), data)


@pytest.fixture
def look(run, tmp_path):
    """Run the command; returns its output, the sheet [H,W,3] and the JSON document."""

    def call(data, *more):
        sheet_path, document = tmp_path / "sheet.png", tmp_path / "view.json"
        ran = run(view.main, "--data_path", data, "--out", sheet_path, "--json", document, *more)
        assert ran.code == 0, ran.err
        return ran.out, imageio.read_frame(str(sheet_path)), json.loads(document.read_text())

    return call


def trainings(data, **given):
    """What `python -m train` with these flags feeds its network."""
    source = sources.open_source(data, "train")
    chosen = settings.resolve(dict({"data_path": data, "output_path": "x"}, **given), source)
    spec = BatchSpec(chosen.batch_size, chosen.height, chosen.width, len(source.classes))
    return TrainBatches(source, Schedule(len(source), chosen.batch_size, chosen.seed), chosen.augmentation, spec)


def enlarged(panel):
    """A panel as it stands on a sheet of small frames."""
    factor = max(1, -(-sheet.PANEL_WIDTH // panel.shape[1]))
    return panel.repeat(factor, 0).repeat(factor, 1)


def labelled(source, image, ids):
    return drawing.overlay(image, ids, source.classes.colour_array())


def in_training(make, tile):
    """(image, ids) of the sample that a tile of the JSON claims to be, out of its batch."""
    epochs, frames = make.schedule.batch(tile["step"])
    index = list(zip(epochs.tolist(), frames.tolist())).index((tile["epoch"], tile["frame"]))
    return tuple(part[index] for part in make(tile["step"]))


def assert_shows(picture, make, images, labels):
    """Every image stands on the sheet with its overlay right of it, in reading order."""
    before = (-1, -1)
    for image, ids in zip(images, labels):
        here, label = find(picture, enlarged(image)), find(picture, enlarged(labelled(make.source, image, ids)))
        assert label == (here[0], here[1] + enlarged(image).shape[1] + sheet.GAP)
        assert here > before
        before = here


@pytest.mark.parametrize("number", [0, 3])
def test_a_step_shows_exactly_the_batch_that_training_gets(place, look, number):
    make = trainings(place)
    _, picture, document = look(place, "--step", number)
    assert_shows(picture, make, *make(number))
    assert [tile["name"] for tile in document["tiles"]] == make.names(number).split(", ")
    assert [tile["step"] for tile in document["tiles"]] == [number] * 8
    assert [tile["epoch"] for tile in document["tiles"]] == make.schedule.batch(number)[0].tolist()


def test_the_flags_of_training_change_the_batch_as_they_change_the_training(data, look):
    make = trainings(data, recipe="demo", seed=-7, batch_size=3, height=32)
    assert (make.spec.height, make.spec.width, make.augmentation.name) == (32, 192, "light")
    flags = ["--recipe", "demo", "--seed", "-7", "--batch_size", 3, "--height", 32]
    _, picture, _ = look(data, "--step", 2, *flags)
    assert_shows(picture, make, *make(2))


def test_a_recipe_or_augmentation_from_a_file_is_that_of_training(data, look, tmp_path):
    own, recipe = tmp_path / "own.json", tmp_path / "mine.json"
    own.write_text(json.dumps({"scale": [1.5, 1.5], "flip": 1.0}))
    recipe.write_text(json.dumps({"augment": str(own), "height": 32, "epochs": 3}))
    _, picture, document = look(data, "--step", 1, "--recipe", recipe)
    make = trainings(data, recipe=str(recipe))
    assert_shows(picture, make, *make(1))
    assert all(tile["draw"]["flip"] for tile in document["tiles"])
    _, picture, document = look(data, "--step", 1, "--augment", own)
    assert document["tiles"][0]["draw"]["output_size"] == list(HW)


def test_defaults_and_recipes_are_those_of_train(data):
    assert set(recipe_feed.FEEDS) == set(recipes.RECIPES)
    for name, recipe in recipes.RECIPES.items():
        assert recipe_feed.FEEDS[name] == (recipe.augment, recipe.height, recipe.width), name
    assert [field.name for field in dataclasses.fields(recipes.Recipe)] == recipe_feed.KEYS
    bare = recipes.Recipe("bare")
    assert recipe_feed.Feed() == (bare.augment, bare.height, bare.width)
    chosen = settings.resolve({"data_path": data, "output_path": "x"}, sources.open_source(data, "train"))
    assert (chosen.seed, chosen.batch_size) == (recipe_feed.SEED, recipe_feed.BATCH_SIZE)
    assert recipes.RECIPES[recipe_feed.RECIPE] == chosen.recipe


def test_a_frame_in_an_epoch_is_what_its_batch_holds(place, look):
    make = trainings(place)
    _, picture, document = look(place, "--epoch", 4, "--frames", "%s,%s" % (NAMES[3], NAMES[0]))
    assert [(tile["name"], tile["epoch"]) for tile in document["tiles"]] == [(NAMES[3], 4), (NAMES[0], 4)]
    for tile in document["tiles"]:
        image, ids = in_training(make, tile)
        find(picture, enlarged(image)), find(picture, enlarged(labelled(make.source, image, ids)))


def test_one_frame_in_an_epoch_is_told_whole_and_shown_with_its_window(data, look):
    out, picture, document = look(data, "--epoch", 1, "--frames", NAMES[2], "--augment", "light")
    draw = document["tiles"][0]["draw"]
    top, left, height, width = draw["window"]
    assert (height, width) < HW  # else the rectangle would prove nothing
    for said in ("window      %d x %d at y=%d x=%d" % (height, width, top, left), "place", "scale", "contrast"):
        assert said in out
    assert ("flip        yes" in out) == draw["flip"]
    expected = sources.open_source(data, "train").read(NAMES.index(NAMES[2]))[0].copy()
    for inset, colour in enumerate(view.WINDOW_COLOURS):
        y, x, bottom, right = top + inset, left + inset, top + height - 1 - inset, left + width - 1 - inset
        expected[[y, bottom], x : right + 1] = colour
        expected[y : bottom + 1, [x, right]] = colour
    frame = find(picture, enlarged(expected))
    make = trainings(data, augment="light")
    assert document["tiles"][0]["epoch"] == 1
    image, ids = in_training(make, document["tiles"][0])
    sample, label = find(picture, enlarged(image)), find(picture, enlarged(labelled(make.source, image, ids)))
    assert frame[0] == sample[0] == label[0] and frame[1] < sample[1] < label[1]


@pytest.mark.parametrize("augment", ["base", "light", "none"])
def test_the_draw_that_is_told_is_the_one_that_made_the_pixels(data, look, augment):
    """From the JSON alone, by plain resizing, flipping and arithmetic."""
    make = trainings(data, augment=augment)
    images, labels = make(5)
    document = look(data, "--step", 5, "--augment", augment)[2]
    for tile, image, ids in zip(document["tiles"], images, labels):
        draw, (source, truth) = tile["draw"], make.source.read(tile["frame"])
        (y, x, height, width), (top, left, rows, columns) = draw["window"], draw["place"]
        there = np.s_[top : top + rows, left : left + columns]
        turn = -1 if draw["flip"] else 1
        window = truth[y : y + height, x : x + width]
        expected = cv2.resize(window, (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT)[:, ::turn]
        assert (expected == ids[there]).mean() > 0.98  # mirrored before or after: pixel borders may fall either way
        assert (np.delete(ids.ravel(), np.arange(ids.size).reshape(ids.shape)[there].ravel()) == 255).all()
        scaled = cv2.resize(source[y : y + height, x : x + width], (columns, rows)).astype(float)[:, ::turn]
        shaded = np.clip((scaled - 128) * draw["contrast"] + 128 + draw["brightness"], 0, 255)
        assert np.abs(shaded - image[there]).mean() < 1.5  # colour before or after the resize: rounding differs
        assert draw["scale"] == pytest.approx((rows + columns) / (height + width), rel=1e-4)
        assert NAMED[augment].scale[0] * 0.95 <= draw["scale"] <= NAMED[augment].scale[1] * 1.05
        assert abs(draw["brightness"]) <= NAMED[augment].brightness
        assert NAMED[augment].contrast[0] - 0.01 <= draw["contrast"] <= NAMED[augment].contrast[1] + 0.01


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


def test_without_step_or_epoch_the_frames_themselves_are_shown(place, look):
    out, picture, document = look(place)
    source = sources.open_source(place, "train")
    found = [source.read(index) for index in range(5)]
    for image, ids in found:
        find(picture, enlarged(image)), find(picture, enlarged(labelled(source, image, ids)))
    assert document["schema"] == "camvid-view/1" and document["out"].endswith("sheet.png")
    assert document["tiles"][0] == {"name": NAMES[0], "frame": 0, "epoch": None, "draw": None}
    assert out.strip().splitlines()[-1].startswith("made ") and "sheet.png" in out
    _, picture, document = look(place, "--split", "val", "--frames", drawn.LISTS["val"][1])
    assert [tile["name"] for tile in document["tiles"]] == [drawn.LISTS["val"][1]]


def test_the_legend_names_the_classes_on_the_sheet_and_padding_only_where_there_is_any(data, look):
    source = sources.open_source(data, "train")
    _, picture, _ = look(data, "--frames", NAMES[0])
    seen = set(np.unique(source.read(0)[1]).tolist())
    legend = picture[find(picture, enlarged(source.read(0)[0]))[0] + 64 * 3 + 1 :]
    for index, colour in enumerate(source.classes.colours):
        assert has_block(legend, colour, 12) == (index in seen), source.classes.names[index]
    assert not has_block(legend, drawing.NO_CLASS_GREY, 12)
    _, picture, _ = look(data, "--step", 0)
    assert has_block(picture[-150:], drawing.NO_CLASS_GREY, 12)


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
        (["--step", "0", "--recipe", "papper"], ["papper", "default, demo, paper"]),
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
