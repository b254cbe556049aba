"""How far held-out frames are from training frames, and the score of copied labels, against slow counting."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import drawn
from camvid_tools import classes, imageio, splits
from camvid_tools.checks import leakage
from camvid_tools.commands import check
from camvid_tools.layout import Pair
from tools import PALETTE, problems

TABLE = classes.segnet11()


def pairs(preset):
    return [Pair(name, split, "", "") for name, split in splits.preset(preset).items()]


# CAMVID's published lists: split, frames with a training frame of their drive, of how many, distances.
PUBLISHED = [
    ("default", "val", 112, 112, (2, 30, 120)),
    ("default", "test", 168, 168, (2, 30, 60)),
    ("kaggle", "val", 100, 100, (2, 30, 180)),
    ("kaggle", "test", 232, 232, (2, 60, 2520)),
    ("segnet", "val", 101, 101, (31, 85, 135)),
    ("segnet", "test", 62, 233, (30, 945, 1860)),
    ("by-drive", "val", 0, 101, None),
    ("by-drive", "test", 0, 171, None),
]


@pytest.mark.parametrize("preset, split, with_train, frames, distances", PUBLISHED)
def test_distances_of_the_published_splits(preset, split, with_train, frames, distances):
    nearest = leakage.nearest(pairs(preset))
    held = leakage.summary(nearest, leakage.CopyScore(nearest, TABLE))[split]
    assert (held["with_training_frame_of_their_drive"], held["frames"]) == (with_train, frames)
    told = held["distance"]
    assert (told and (told["min"], told["median"], told["max"])) == distances
    assert ("no frame is of a drive" in leakage.sentence(split, held)) == (not with_train)


def slow_nearest(name, train):
    """Distance to the nearest of `train` in the same drive, by looking at all."""
    drive, number = name.replace("_f", "_").split("_")
    same = [t for t in train if t.split("_")[0] == drive]
    return min([abs(int(t.replace("_f", "_").split("_")[1]) - int(number)) for t in same], default=None)


@given(st.integers(0, 2**32 - 1))
def test_the_nearest_training_frame_is_found_in_any_split(seed):
    dice = np.random.RandomState(seed)
    names = [splits.camvid_names()[i] for i in dice.permutation(701)[:60]]
    held = [Pair(name, splits.SPLITS[dice.randint(3)], "", "") for name in names]
    train = [pair.name for pair in held if pair.split == "train"]
    for found in leakage.nearest(held):
        assert found.distance == slow_nearest(found.name, train)
        assert (found.train is None) == (found.distance is None)


def slow_scores(truths, copies, count, void):
    """Pixel accuracy and mean IoU with Void left out of the truth only, pixel by pixel."""
    truth, copy = np.concatenate([t.ravel() for t in truths]), np.concatenate([c.ravel() for c in copies])
    truth, copy = truth[truth != void], copy[truth != void]
    ious = []
    for one in range(count):
        if (truth == one).any():
            ious.append(((truth == one) & (copy == one)).sum() / float(((truth == one) | (copy == one)).sum()))
    return (truth == copy).mean(), np.mean(ious)


@given(st.integers(0, 2**32 - 1))
def test_copied_labels_score_as_counted_pixel_by_pixel(seed):
    dice = np.random.RandomState(seed)
    names = ["d_%0*d" % (dice.randint(1, 4), i) for i in dice.permutation(12)]
    held = [Pair(name, "train" if dice.rand() < 0.4 else "val", "", "") for name in names]
    held[:2] = [held[0]._replace(split="train"), held[1]._replace(split="val")]
    ids = {name: dice.randint(0, 12, (6, 8)).astype(np.uint8) for name in names}
    nearest = leakage.nearest(held)
    copied = leakage.CopyScore(nearest, TABLE)
    for pair in leakage.reading_order(held, nearest):
        copied.feed(pair.name, pair.split, ids[pair.name])
    wanted = [one for one in nearest if one.train]
    slow = slow_scores([ids[w.name] for w in wanted], [ids[w.train] for w in wanted], 12, 11)
    scores = copied.scores("val")
    assert np.allclose([scores["pixel_accuracy"], scores["mean_iou"]], slow)


def test_every_held_out_frame_is_read_right_after_its_training_frame():
    held = pairs("default")
    train_of = {one.name: one.train for one in leakage.nearest(held)}
    last = ""
    for pair in leakage.reading_order(held, leakage.nearest(held)):
        last = pair.name if pair.split == "train" else last
        assert pair.split == "train" or train_of[pair.name] == last


def test_pixels_beyond_what_a_float_counts_are_counted():
    truth = np.zeros((4100, 4100), np.uint8)
    truth[0, 0] = 1
    assert leakage.confusion(truth, truth, 2).tolist() == [[4100 * 4100 - 1, 0, 0], [0, 1, 0]]


def test_frames_of_one_name_in_two_held_out_splits_are_scored_each_by_its_own_label():
    held = [Pair("d_000", "train", "", ""), Pair("d_030", "val", "", ""), Pair("d_030", "test", "", "")]
    ids = {"train": np.zeros((4, 4), np.uint8), "val": np.zeros((4, 4), np.uint8), "test": np.ones((4, 4), np.uint8)}
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        nearest = leakage.nearest(held[index] for index in order)
        copied = leakage.CopyScore(nearest, TABLE)
        for pair in leakage.reading_order([held[index] for index in order], nearest):
            copied.feed(pair.name, pair.split, ids[pair.split])
        assert copied.scores("val")["pixel_accuracy"] == 1 and copied.scores("test")["pixel_accuracy"] == 0


def test_the_check_tells_the_leak_by_split_and_frame(tmp_path):
    lists = {"train": ["0016E5_00390", "0016E5_00450"], "val": ["0016E5_00420"], "test": ["Seq05VD_f00600"]}
    folder = drawn.tree(str(tmp_path / "s"), 48, 64, lists)
    held = problems(folder, tmp_path, 0)["leakage"]
    assert held["val"]["distance"] == {"min": 30, "median": 30.0, "max": 30} and held["test"]["distance"] is None
    near = {one["name"]: (one["train"], one["distance"]) for one in held["nearest"]}
    assert near == {"0016E5_00420": ("0016E5_00390", 30), "Seq05VD_f00600": (None, None)}

    def ids(split, name):
        return PALETTE.encode(imageio.read_raw(os.path.join(folder, split + "_labels", name + "_L.png")))

    slow = slow_scores([ids("val", "0016E5_00420")], [ids("train", "0016E5_00390")], 32, 30)
    score = held["val"]["copied_label"]
    assert np.allclose([score["pixel_accuracy"], score["mean_iou"]], slow)


def one_drive(folder, names, splits_of):
    """A drawn set in split folders whose frames are copied under names of one's own."""
    drawn.tree(folder, 48, 64)
    stills = [("train", name) for name in drawn.LISTS["train"]] + [("val", name) for name in drawn.LISTS["val"]]
    for (old_split, old), name, split in zip(stills, names, splits_of):
        for end, tail in (("", ".png"), ("_labels", "_L.png")):
            os.makedirs(os.path.join(folder, "own", split + end), exist_ok=True)
            shutil.move(
                os.path.join(folder, old_split + end, old + tail), os.path.join(folder, "own", split + end, name + tail)
            )
    shutil.move(os.path.join(folder, "class_dict.csv"), os.path.join(folder, "own", "class_dict.csv"))
    return os.path.join(folder, "own")


SIX = ["train"] * 4 + ["val"] * 2
ADVICE = [
    (["ride_%03d" % i for i in range(6)], "the 1 drive here"),
    (["a_01", "a_02", "b_01", "b_02", "a_01", "b_01"], "one name"),
]


@pytest.mark.parametrize("names, words", ADVICE, ids=[words for _, words in ADVICE])
def test_a_split_by_drives_is_advised_only_where_it_can_be_had(tmp_path, names, words):
    document = problems(one_drive(str(tmp_path / "s"), names, SIX), tmp_path, 0)
    leak = [p["detail"] for p in document["problems"] if p["kind"] == "split-leak"]
    assert leak == ["2 of 2 frames: numbered at most 60 from a training frame of their drive"]
    assert len(document["commands"]) == 1 and document["commands"][0].startswith("# ")
    assert words in document["commands"][0]


def test_where_names_tell_no_drives_the_leak_is_said_to_be_unknown(run, tmp_path):
    folder = one_drive(str(tmp_path / "s"), ["img (%d)" % i for i in range(6)], SIX)
    said = run(check.main, folder).out
    assert "leakage, val: the names of frames do not tell their drives" in said and "split-leak" not in said
