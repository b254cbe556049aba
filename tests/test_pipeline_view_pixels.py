"""The pixels that camvid-view shows: the very batches of training, the draws behind them, the legend of the classes."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

import drawn
from augment.augmentation import NAMED
from camvid_tools import drawing
from pipeline import recipe_feed, sheet, sources, view
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec
from test_eval_pictures import find, has_block
from train import recipes, settings

NAMES = drawn.LISTS["train"]
HW = (64, 96)


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
    assert set(recipe_feed.FEEDS) == set(recipes.RECIPES) | {recipes.DEFAULT}
    assert recipe_feed.FEEDS["default"] == recipe_feed.FEEDS["pretrained"] == recipe_feed.FEEDS["scratch"]
    for name, recipe in recipes.RECIPES.items():
        assert recipe_feed.FEEDS[name] == (recipe.augment, recipe.height, recipe.width), name
    assert [field.name for field in dataclasses.fields(recipes.Recipe)] == recipe_feed.KEYS
    bare = recipes.Recipe("bare")
    assert recipe_feed.Feed() == (bare.augment, bare.height, bare.width)
    chosen = settings.resolve({"data_path": data, "output_path": "x"}, sources.open_source(data, "train"))
    assert (chosen.seed, chosen.batch_size) == (recipe_feed.SEED, recipe_feed.BATCH_SIZE)
    assert recipe_feed.RECIPE == recipes.DEFAULT and chosen.recipe.name in ("pretrained", "scratch")


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
