"""One damaged file in a split folder with a manifest: never called clean, never a traceback."""

import json
import os
import random
import shutil

import numpy as np
import pytest

import drawn
import mutated
import synthetic
from camvid_tools import imageio
from camvid_tools.commands import check, split

LISTS = {"all": sorted(sum(synthetic.FEW.values(), []))}
WHERE = ("train", "train_labels", "val", "val_labels", "test", "test_labels")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What camvid-split makes of drawn frames in the published layout, 48 x 64. Not to be changed."""
    where = tmp_path_factory.mktemp("whole")
    drawn.tree(str(where / "drawn"), 48, 64, LISTS)
    (where / "CamVid").mkdir()
    os.rename(str(where / "drawn/all"), str(where / "CamVid/701_StillsRaw_full"))
    os.rename(str(where / "drawn/all_labels"), str(where / "CamVid/LabeledApproved_full"))
    assert split.main(["--src", str(where / "CamVid"), "--allow_partial", "--quiet"]) == 0
    return where / "CamVid_split"


def pixels(path):
    try:
        return imageio.read_raw(str(path))
    except imageio.ImageFault:
        return None


def same(a, b):
    return a is not None and b is not None and a.dtype == b.dtype and np.array_equal(a, b)


def told(run, folder):
    ran = run(check.main, folder, "--json", "-")
    assert ran.code in (0, 1) and "Traceback" not in ran.err, ran.err
    document = ran.json()
    assert (ran.code == 1) == (document["verdict"] == "errors")
    assert ("verdict: clean" in ran.err) == (document["verdict"] == "clean")
    return document


def test_the_whole_set_has_no_error(run, whole):
    assert told(run, whole)["verdict"] != "errors"


@pytest.mark.parametrize("seed", range(60))
def test_a_set_with_one_damaged_picture_is_never_clean(seed, run, whole, tmp_path):
    rng = random.Random("sets %d" % seed)
    folder = tmp_path / "set"
    shutil.copytree(str(whole), str(folder))
    part = rng.choice(WHERE)
    path = folder / part / rng.choice(sorted(os.listdir(str(folder / part))))
    before, data = pixels(path), path.read_bytes()
    way = sorted(mutated.WAYS)[seed % len(mutated.WAYS)]
    path.write_bytes(mutated.WAYS[way](data, rng))
    document = told(run, folder)
    if not same(before, pixels(path)):
        name = os.path.relpath(str(path), str(folder))
        assert [p for p in document["problems"] if p["file"] == name and p["severity"] == "error"], (way, name)


def painted(picture, rng):
    """One pixel takes the value of another place: what only the manifest can tell."""
    changed = picture.copy()
    y, x = rng.randrange(picture.shape[0]), rng.randrange(picture.shape[1])
    other = next(v for v in picture.reshape(-1, picture.shape[-1]) if not np.array_equal(v, picture[y, x]))
    changed[y, x] = other
    return changed


@pytest.mark.parametrize("seed", range(24))
def test_one_pixel_that_was_painted_over_is_told_by_the_manifest(seed, run, whole, tmp_path):
    rng = random.Random("pixels %d" % seed)
    folder = tmp_path / "set"
    shutil.copytree(str(whole), str(folder))
    part = WHERE[seed % len(WHERE)]
    path = folder / part / rng.choice(sorted(os.listdir(str(folder / part))))
    imageio.write_png(str(path), painted(pixels(path), rng))
    name = os.path.relpath(str(path), str(folder))
    assert [p for p in told(run, folder)["problems"] if p["file"] == name and p["severity"] == "error"]


@pytest.mark.parametrize("file", ["class_dict.csv", "manifest.json"])
@pytest.mark.parametrize("seed", range(16))
def test_a_damaged_table_or_manifest_never_makes_a_changed_set_clean(file, seed, run, whole, tmp_path):
    rng = random.Random("%s %d" % (file, seed))
    folder = tmp_path / "set"
    shutil.copytree(str(whole), str(folder))
    data = (folder / file).read_bytes()
    way = sorted(mutated.WAYS)[seed % len(mutated.WAYS)]
    (folder / file).write_bytes(mutated.WAYS[way](data, rng))
    document = told(run, folder)
    assert document["verdict"] == "errors" or harmless(file, data, (folder / file).read_bytes()), way


def harmless(file, before, after):
    """Whether a changed table or manifest says the same about frames: only then may nothing be told."""
    if file == "class_dict.csv":
        return before.split() == after.split()
    try:
        keys = ("frames", "palette_digest")
        old, new = json.loads(before.decode()), json.loads(after.decode())
        return all(held(old[key]) == held(new[key]) for key in keys)
    except (ValueError, KeyError):
        return False


def held(value):
    """Of frames what is checked: names, splits, sums."""
    if isinstance(value, str):
        return value
    return [[frame[key] for key in ("name", "split", "image_sha256", "label_sha256")] for frame in value]
