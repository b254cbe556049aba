"""What camvid-fix makes of pixels: colours, turns, depths and recodings mended, and every changed pixel counted."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import drawn
import planted
import synthetic
from camvid_tools import classes, exif, imageio, labels, mending
from camvid_tools.codec import ColourCodec
from camvid_tools.commands import fix
from tools import FRAME, LABEL, PALETTE, drown, odd_colour, problems, rewrite


def test_unknown_colours_become_void_or_the_nearest_class_and_every_pixel_is_counted(run, dirty, tmp_path):
    before = imageio.read_raw(str(dirty / LABEL))
    rewrite(dirty, LABEL, odd_colour)
    rewrite(dirty, LABEL, near_road)
    told = run(fix.main, "--src", dirty, "--out", tmp_path / "a", "--json", "-").json()
    assert [(c["file"], c["what"], c["pixels"]) for c in told["changes"]] == [
        (LABEL, "#010203 became Void", 3),
        (LABEL, "#824181 became Void", 5),
    ]
    told = run(fix.main, "--src", dirty, "--out", tmp_path / "b", "--within", "3", "--json", "-").json()
    assert [(c["what"], c["pixels"]) for c in told["changes"]] == [
        ("#010203 became Void", 3),
        ("#824181 became Road", 5),
    ]
    assert json.loads((tmp_path / "b" / "fixes.json").read_text())["changes"] == told["changes"]
    after = imageio.read_raw(str(tmp_path / "b" / LABEL))
    assert (after[20, 3:8] == (128, 64, 128)).all() and (after[5, 7:10] == 0).all()
    before[20, 3:8], before[5, 7:10] = (128, 64, 128), 0
    assert np.array_equal(after, before)


def near_road(picture):
    picture[20, 3:8] = (130, 65, 129)
    return picture


def test_a_colour_exactly_as_far_away_as_allowed_becomes_its_class():
    picture = np.full((2, 2, 3), 128, np.uint8)
    picture[0, 0] = (128, 128, 131)
    assert (mending.mend_label(picture, exif.UPRIGHT, PALETTE, 3)[0] == 128).all()
    assert (mending.mend_label(picture, exif.UPRIGHT, PALETTE, 2.9)[0][0, 0] == 0).all()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_is_applied_as_opencvs_own_reader_does(run, dirty, tmp_path, orientation):
    planted.turned(dirty, FRAME, orientation)
    if orientation in exif.QUARTER_TURNS:  # the label was painted on the frame as viewers show it
        rewrite(dirty, LABEL, lambda p: np.ascontiguousarray(p.transpose(1, 0, 2)))
    assert {p["kind"] for p in problems(dirty, tmp_path)["problems"] if p["severity"] == "error"} == {"exif-rotation"}
    shown = cv2.imread(str(dirty / FRAME), cv2.IMREAD_COLOR)[..., ::-1]
    assert not np.array_equal(shown, imageio.read_raw(str(dirty / FRAME)))
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert np.array_equal(imageio.read_raw(str(tmp_path / "fixed" / FRAME)), shown)


def test_a_quarter_turn_that_would_part_frame_and_label_is_dropped(run, dirty, tmp_path):
    planted.turned(dirty, FRAME, 6)
    stored = imageio.read_raw(str(dirty / FRAME))
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert np.array_equal(imageio.read_raw(str(tmp_path / "fixed" / FRAME)), stored)
    assert problems(tmp_path / "fixed", tmp_path, 0)["verdict"] == "clean"


def test_sixteen_bits_alpha_and_id_labels_become_what_they_stand_for(run, dirty, tmp_path):
    frame, label = imageio.read_raw(str(dirty / FRAME)), imageio.read_raw(str(dirty / LABEL))
    planted.sixteen(dirty)
    planted.store(dirty, LABEL, PALETTE.encode(label).astype(np.uint16))
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert np.array_equal(imageio.read_raw(str(tmp_path / "fixed" / FRAME)), frame[..., ::-1])
    assert np.array_equal(imageio.read_raw(str(tmp_path / "fixed" / LABEL)), label)


def test_a_set_of_ids_becomes_colours_and_keeps_its_ids(run, tmp_path):
    source = synthetic.segnet(tmp_path / "ids")
    assert run(fix.main, "--src", source, "--out", tmp_path / "fixed").code == 0
    codec = ColourCodec(classes.segnet11())
    name = synthetic.FEW["val"][0]
    made = labels.read(str(tmp_path / "fixed" / "valannot" / (name + ".png")), codec)
    assert made.form == labels.COLOURS and np.array_equal(made.ids, synthetic.ids(name, count=12))


RECODED = {
    "swapped": lambda p: np.ascontiguousarray(p[..., ::-1]),
    "gamma": lambda p: np.rint(255 * (p / 255.0) ** 2.2).astype(np.uint8),
    "grey ids": lambda p: np.ascontiguousarray(PALETTE.encode(p)[..., np.newaxis].repeat(3, axis=2)),
}
WORDS = {"swapped": "red and blue swapped", "gamma": "gamma of 2.20", "grey ids": "ids saved as grey"}


@pytest.mark.parametrize("how", sorted(RECODED))
def test_a_recoding_of_all_colours_is_named_and_undone_exactly(run, dirty, tmp_path, how):
    names = ["train_labels/%s_L.png" % name for name in drawn.LISTS["train"]]
    before = {file: imageio.read_raw(str(dirty / file)) for file in names}
    for file in names:
        rewrite(dirty, file, RECODED[how])
    told = problems(dirty, tmp_path)
    assert told["colours"] and all(WORDS[how] in colour["cause"] for colour in told["colours"])
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    for file in names:
        assert np.array_equal(imageio.read_raw(str(tmp_path / "fixed" / file)), before[file]), file
    assert problems(tmp_path / "fixed", tmp_path, 0)["verdict"] == "clean"


def test_a_recoding_is_undone_where_the_table_has_no_void(run, dirty, tmp_path):
    table = classes.camvid32()
    rows = [(name, colour) for name, colour in zip(table.names, table.colours) if name != "Void"]
    (dirty / "class_dict.csv").write_text(classes.ClassTable(*map(tuple, zip(*rows))).to_csv())
    road = imageio.read_raw(str(dirty / LABEL))
    road[(road == 0).all(2)] = (128, 64, 128)
    drown(
        dirty, lambda p: np.where((p == 0).all(2, keepdims=True), (128, 64, 128), p).astype(np.uint8)[..., ::-1].copy()
    )
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert np.array_equal(imageio.read_raw(str(tmp_path / "fixed" / LABEL)), road)


def test_a_label_of_thousands_of_colours_has_a_short_record_that_counts_every_pixel():
    picture = drawn.noise(5, 120, 160, 3)
    mended, changes = mending.mend_label(picture, exif.UPRIGHT, PALETTE, 60)
    unknown = PALETTE.encode(picture) == classes.UNKNOWN
    assert len(changes) < 200 and sum(change.pixels for change in changes) == unknown.sum() > 19000
    assert {change.what for change in changes} > {"other colours became Void", "other colours became Road"}


@given(st.integers(0, 2**32 - 1), st.integers(0, 450))
def test_mending_a_label_changes_unknown_pixels_alone_and_counts_each_once(seed, within):
    dice = np.random.RandomState(seed)
    ids = dice.randint(0, 32, (9, 11)).astype(np.uint8)
    picture = PALETTE.decode(ids)
    odd = dice.rand(9, 11) < 0.2
    picture[odd] = dice.randint(0, 256, (int(odd.sum()), 3))
    unknown = PALETTE.encode(picture) == classes.UNKNOWN
    mended, changes = mending.mend_label(picture, exif.UPRIGHT, PALETTE, within)
    assert (PALETTE.encode(mended) != classes.UNKNOWN).all()
    assert np.array_equal(mended[~unknown], picture[~unknown])
    assert sum(change.pixels for change in changes) == unknown.sum()
    table = classes.camvid32()
    for before, after in zip(picture[unknown], mended[unknown]):
        nearest, gap = table.nearest(tuple(before.tolist()))
        expected = nearest if gap <= within else "Void"
        assert tuple(after.tolist()) == table.colours[table.names.index(expected)]
