"""Counts, image statistics and class weights of a check, against slow numpy and the published figures of CamVid."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import drawn
import synthetic
from camvid_tools import classes, imageio
from camvid_tools.checks import painting, shifts, weights
from camvid_tools.commands import check
from tools import PALETTE, problems

CAMVID480 = os.environ.get("CAMVID480", "")
# Of SegNet's 367 training and 101 validation labels of 360 x 480, by id 0..11.
TRAIN = [10682767, 14750079, 623349, 20076880, 2845085, 6166762, 743859, 714595, 3719877, 405385, 184967, 2503995]
VAL = [1601620, 4531180, 98499, 5053176, 1521751, 2851125, 155724, 537197, 304716, 113531, 387010, 297271]
FRAMES_WITH = [366, 365, 366, 367, 349, 319, 351, 173, 360, 317, 201, 367]
MEDIAN_FREQUENCY = [0.2793, 0.2017, 4.7865, 0.1490, 1.0, 0.4217, 3.8467, 1.9736, 0.7889, 6.3747, 8.8587]
MEAN, STD = [0.4119, 0.4251, 0.4327], [0.3071, 0.3116, 0.3072]


def read_all(folder, split):
    names = drawn.LISTS[split]
    images = [imageio.read_frame(os.path.join(folder, split, n + ".png")) for n in names]
    ids = [PALETTE.encode(imageio.read_raw(os.path.join(folder, split + "_labels", n + "_L.png"))) for n in names]
    return np.array(images), np.array(ids)


def test_counts_and_image_statistics_are_those_of_all_pixels_at_once(clean, tmp_path):
    held = problems(clean, tmp_path, 0)["statistics"]
    for split in drawn.LISTS:
        images, ids = read_all(clean, split)
        told = held["splits"][split]
        names = classes.camvid32().names
        assert [told["classes"][n]["pixels"] for n in names] == np.bincount(ids.ravel(), minlength=32).tolist()
        assert [told["classes"][n]["frames"] for n in names] == [(ids == i).any((1, 2)).sum() for i in range(32)]
        assert told["absent"] == [n for i, n in enumerate(names) if not (ids == i).any()]
        assert np.allclose(told["mean"], images.mean((0, 1, 2)) / 255, atol=2e-6)
        assert np.allclose(told["std"], images.reshape(-1, 3).std(0) / 255, atol=2e-6)


def test_images_of_any_height_count_whole(tmp_path):
    image, folder = drawn.noise(3, 300, 40, 3) // np.array([1, 2, 4], np.uint8), tmp_path / "set"
    synthetic.put(str(folder / "train" / "a.png"), image)
    synthetic.put(str(folder / "train_labels" / "a_L.png"), PALETTE.decode(drawn.noise(4, 300, 40) % 32))
    (folder / "class_dict.csv").write_text(classes.camvid32().to_csv())
    told = problems(folder, tmp_path, 0)["statistics"]["splits"]["train"]
    assert np.allclose(told["mean"], image.mean((0, 1)) / 255, atol=2e-6)
    assert np.allclose(told["std"], image.reshape(-1, 3).std(0) / 255, atol=2e-6)


def test_heat_maps_show_where_a_class_lies(clean, tmp_path):
    where = problems(clean, tmp_path, 0)["statistics"]["where"]
    sky, road = np.array(where["Sky"]), np.array(where["Road"])
    assert sky.shape == (12, 16) and sky[0].mean() > 0.3 and sky[-1].max() == 0
    assert road[-1].mean() > 0.3 and road[0].max() == 0
    assert np.allclose(np.sum([np.array(grid) for grid in where.values()], axis=0), 1, atol=1e-3)
    assert "Train" not in where


def test_the_statistics_file_holds_weights_for_every_class_but_void(run, clean, tmp_path):
    file = tmp_path / "statistics.json"
    assert run(check.main, clean, "--statistics", file).code == 0
    held = json.loads(file.read_text())
    assert held["schema"] == "camvid-statistics/1" and set(held["weights"]) == set(weights.FORMULAS)
    names = set(classes.camvid32().names) - {"Void"}
    for formula in held["weights"].values():
        assert set(formula) == names and all(0 < weight < float("inf") for weight in formula.values())


def test_median_frequency_divides_by_the_pixels_of_frames_that_have_the_class(clean, tmp_path):
    held = problems(clean, tmp_path, 0)["statistics"]["weights"]["median_frequency"]
    ids = read_all(clean, "train")[1]
    there = [i for i in np.unique(ids) if classes.camvid32().names[i] != "Void"]
    whole = [ids[(ids == i).any((1, 2))].size for i in there]
    assert len(set(whole)) > 1  # some classes lie in some of the frames alone
    shares = np.array([(ids == i).sum() for i in there]) / np.array(whole)
    assert np.allclose([held[classes.camvid32().names[i]] for i in there], np.median(shares) / shares)


def table(count):
    return classes.ClassTable(tuple("c%d" % i for i in range(count)), tuple((i, 0, 0) for i in range(count)))


def test_the_formulas_give_what_their_papers_say():
    pixels, whole = np.array([100, 300, 600]), np.array([1000, 1000, 2000])
    found = weights.all_weights(table(3), pixels, whole)
    assert np.allclose(list(found["median_frequency"].values()), [0.3 / 0.1, 1, 1])
    assert np.allclose(list(found["enet"].values()), [1 / np.log(1.02 + p) for p in (0.1, 0.3, 0.6)])
    roots = np.array([p**-0.5 for p in (0.1, 0.3, 0.6)])
    assert np.allclose(list(found["inverse_square_root"].values()), roots / roots.mean())
    beta = 1 - 1 / 300
    raw = np.array([(1 - beta) / (1 - beta**n) for n in (100, 300, 600)])
    assert np.allclose(list(found["effective_number"].values()), raw / raw.mean())


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=12))
def test_a_rarer_class_never_weighs_less_and_an_absent_one_weighs_one(pixels):
    whole = [10**8] * len(pixels)
    for formula, found in weights.all_weights(table(len(pixels)), pixels, whole).items():
        values = list(found.values())
        assert all(value == 1 for value, count in zip(values, pixels) if not count), formula
        seen = sorted((count, value) for value, count in zip(values, pixels) if count)
        assert all(a[1] >= b[1] * (1 - 1e-9) for a, b in zip(seen, seen[1:])), formula


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_the_fast_histogram_counts_like_the_slow_one(seed, height, width):
    ids = np.random.RandomState(seed).randint(0, 256, (height, width)).astype(np.uint8)
    assert np.array_equal(painting.histogram(ids), np.bincount(ids.ravel(), minlength=256))


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("first", [0, 3, 17])
def test_a_set_whose_ids_are_shifted_from_a_row_on_is_recognised_and_a_sound_one_is_not(by, first, tmp_path):
    folder = drawn.tree(str(tmp_path / "s"), 48, 64)
    ids = np.concatenate([read_all(folder, split)[1] for split in drawn.LISTS]).astype(int)
    moved = np.where(ids >= first, ids + by, ids)
    moved[(moved < 0) | (moved > 31)] = 255
    counts = [shifts.cell_counts(one.astype(np.uint8), 32) for one in moved]
    found = shifts.shifted_set(counts, classes.camvid32())
    assert found is not None and found.by == -by
    assert shifts.shifted_set([shifts.cell_counts(one.astype(np.uint8), 32) for one in ids], classes.camvid32()) is None


def test_labels_that_no_shift_makes_street_scenes_are_not_called_shifted(tmp_path):
    folder = drawn.tree(str(tmp_path / "s"), 48, 64)
    ids = np.concatenate([read_all(folder, split)[1] for split in drawn.LISTS])
    upside_down = [shifts.cell_counts(np.ascontiguousarray(one[::-1]), 32) for one in ids]
    assert shifts.shifted_set(upside_down, classes.camvid32()) is None


def test_noise_and_tables_of_other_names_are_not_called_shifted():
    noise = [shifts.cell_counts(drawn.noise(i, 48, 64) % 32, 32) for i in range(12)]
    assert shifts.shifted_set(noise, classes.camvid32()) is None
    assert shifts.shifted_labels(noise) == [None] * 12
    assert shifts.shifted_set(noise, table(32)) is None


@pytest.fixture(scope="module")
def camvid480(tmp_path_factory):
    """The check of SegNet's training and validation frames; they are not part of this repository."""
    if not CAMVID480:
        pytest.skip("set CAMVID480 to a folder of SegNet's 367 + 101 frames to compare the published figures")
    file = tmp_path_factory.mktemp("real") / "check.json"
    assert check.main([CAMVID480, "--quiet", "--json", str(file)]) == 0
    return json.loads(file.read_text())


def test_the_published_figures_of_camvid_come_out(camvid480):
    splits = camvid480["statistics"]["splits"]
    assert [c["pixels"] for c in splits["train"]["classes"].values()] == TRAIN
    assert [c["pixels"] for c in splits["val"]["classes"].values()] == VAL
    assert [c["frames"] for c in splits["train"]["classes"].values()] == FRAMES_WITH
    weighed = camvid480["statistics"]["weights"]["median_frequency"].values()
    assert [round(weight, 4) for weight in weighed] == MEDIAN_FREQUENCY
    assert np.allclose(splits["train"]["mean"], MEAN, atol=5e-4)  # the training frames at hand went through JPEG
    assert np.allclose(splits["train"]["std"], STD, atol=5e-4)
    assert splits["train"]["outermost_line_mostly_void"] == {"bottom": 62, "left": 4, "right": 7}


def test_the_published_score_of_copied_labels_comes_out(camvid480):
    held = camvid480["leakage"]["val"]
    assert held["distance"] == {"min": 31, "median": 85, "max": 135} and held["frames"] == 101
    assert round(held["copied_label"]["pixel_accuracy"], 3) == 0.717
    assert round(held["copied_label"]["mean_iou"], 3) == 0.296
