"""camvid-fix as a user runs it: what it mends, what it counts, what it refuses; and camvid-check's advice followed."""

import json
import os
import shlex
import shutil

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
from camvid_tools.commands import check, encode, fix, split
from tools import FRAME, LABEL, PALETTE, odd_colour, problems, rewrite

PROGRAMS = {"camvid-fix": fix, "camvid-check": check, "camvid-split": split, "camvid-encode": encode}
BY_HAND = {"class-dict", "manifest-mismatch", "wrong-split"}  # their remedy is a sentence
STAYS = {"unwritten-border"}  # nothing is wrong with leaving it


@pytest.mark.parametrize("kind", sorted(set(planted.PLANTED) - BY_HAND - STAYS))
def test_the_commands_that_a_check_ends_with_make_the_set_clean(run, dirty, tmp_path, kind):
    planted.PLANTED[kind].plant(dirty)
    commands = problems(dirty, tmp_path, 1 if planted.PLANTED[kind].severity == "error" else 0)["commands"]
    assert commands, kind
    for command in commands:
        program, *arguments = shlex.split(command)
        assert run(PROGRAMS[program].main, *arguments).code == 0, command
    made = [shlex.split(c)[shlex.split(c).index("--out") + 1] for c in commands if "--out" in c]
    told = run(check.main, made[-1], "--json", "-").json() if made else {"verdict": "clean"}
    assert told["verdict"] == "clean", told["problems"]


@pytest.mark.parametrize("kind", sorted(BY_HAND))
def test_what_only_a_person_can_mend_is_said_as_a_comment(dirty, tmp_path, kind):
    planted.PLANTED[kind].plant(dirty)
    commands = problems(dirty, tmp_path)["commands"]
    assert len(commands) == 1 and commands[0].startswith("# ")


def test_the_source_is_never_touched_and_untouched_files_are_copied_byte_for_byte(run, dirty, tmp_path):
    rewrite(dirty, LABEL, odd_colour)
    before = synthetic.state(dirty)
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert synthetic.state(dirty) == before
    after = synthetic.state(tmp_path / "fixed")
    changed = {name for name in before if after.get(name) != before[name]}
    assert changed == {LABEL} and set(after) - set(before) == {"fixes.json"}


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


def test_frames_with_a_named_problem_are_left_out_and_the_rest_stays(run, dirty, tmp_path):
    planted.truncate(dirty, FRAME, 900)
    said = run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").refusal()
    assert FRAME in said and "--drop truncated" in said and not (tmp_path / "fixed").exists()
    told = run(fix.main, "--src", dirty, "--out", tmp_path / "fixed", "--drop", "truncated", "--json", "-").json()
    assert told["dropped"] == [{"name": "0016E5_00390", "kind": "truncated"}] and told["frames"] == 9
    assert not (tmp_path / "fixed" / LABEL).exists()


def test_a_repeated_fix_that_leaves_more_out_has_no_frame_of_the_first(run, dirty, tmp_path):
    (dirty / "train.txt").write_text("".join("train/%s.png\n" % name for name in drawn.LISTS["train"]))
    rewrite(dirty, LABEL, lambda p: np.full_like(p, 128))
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert (tmp_path / "fixed" / LABEL).exists()
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed", "--drop", "blank-label").code == 0
    assert not (tmp_path / "fixed" / LABEL).exists() and not (tmp_path / "fixed" / FRAME).exists()
    left = [name for name in drawn.LISTS["train"] if name not in FRAME]
    assert (tmp_path / "fixed" / "train.txt").read_text() == "".join("train/%s.png\n" % name for name in left)
    assert problems(tmp_path / "fixed", tmp_path, 0)["verdict"] == "clean"


def test_a_repeated_fix_that_leaves_a_whole_split_out_has_none_of_it(run, dirty, tmp_path):
    for name in drawn.LISTS["val"]:
        rewrite(dirty, "val_labels/%s_L.png" % name, lambda p: np.full_like(p, 128))
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    (tmp_path / "fixed" / "mine.png").write_bytes(b"x")
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed", "--drop", "blank-label").code == 0
    assert not os.listdir(str(tmp_path / "fixed" / "val")) + os.listdir(str(tmp_path / "fixed" / "val_labels"))
    again = run(fix.main, "--src", dirty, "--out", tmp_path / "fixed", "--drop", "blank-label")
    assert again.err == "warning: no frame is left in val\n"
    assert (tmp_path / "fixed" / "mine.png").exists()


def test_a_repeated_fix_keeps_what_a_user_laid_beside_and_removes_what_it_made_itself(run, dirty, tmp_path):
    one = tmp_path / "seq"
    one.mkdir()
    for name in drawn.LISTS["train"]:
        shutil.copy(str(dirty / "train" / (name + ".png")), str(one))
        shutil.copy(str(dirty / "train_labels" / (name + "_L.png")), str(one))
    rewrite(one, "0016E5_00390_L.png", lambda p: np.full_like(p, 128))
    assert run(fix.main, "--src", one, "--out", tmp_path / "fixed").code == 0
    (tmp_path / "fixed" / "mine.png").write_bytes(b"x")
    for path in one.glob("0006R0_f00930*"):
        path.unlink()
    assert run(fix.main, "--src", one, "--out", tmp_path / "fixed", "--drop", "blank-label").code == 0
    left = sorted(path.name for path in (tmp_path / "fixed").glob("*.png"))
    names = [name for name in drawn.LISTS["train"] if name not in ("0016E5_00390", "0006R0_f00930")]
    assert left == sorted(["mine.png"] + [name + end for name in names for end in (".png", "_L.png")])


def test_lists_that_name_labels_or_begin_with_a_mark_keep_their_frames(run, tmp_path):
    for number in range(3):
        synthetic.put(str(tmp_path / "s" / "images" / ("a_%d.png" % number)), drawn.noise(number, 24, 32, 3))
        ids = drawn.noise(number + 9, 24, 32) % 32
        synthetic.put(str(tmp_path / "s" / "labels" / ("a_%d_L.png" % number)), PALETTE.decode(ids))
    (tmp_path / "s" / "class_dict.csv").write_text(PALETTE.classes.to_csv())
    (tmp_path / "s" / "train.txt").write_bytes(b"\xef\xbb\xbfa_0_L.png\r\na_1_L.png\r\n")
    (tmp_path / "s" / "val.txt").write_text("a_2\n")
    assert run(fix.main, "--src", tmp_path / "s", "--out", tmp_path / "fixed").code == 0
    assert (tmp_path / "fixed" / "train.txt").read_text() == "a_0_L.png\na_1_L.png\n"
    assert problems(tmp_path / "fixed", tmp_path, 0)["counts"] == {"train": 2, "val": 1}


def test_a_label_of_thousands_of_colours_has_a_short_record_that_counts_every_pixel():
    picture = drawn.noise(5, 120, 160, 3)
    mended, changes = mending.mend_label(picture, exif.UPRIGHT, PALETTE, 60)
    unknown = PALETTE.encode(picture) == classes.UNKNOWN
    assert len(changes) < 200 and sum(change.pixels for change in changes) == unknown.sum() > 19000
    assert {change.what for change in changes} > {"other colours became Void", "other colours became Road"}


def test_a_list_that_is_no_text_stops_no_fix(run, dirty, tmp_path):
    (dirty / "train.txt").write_bytes(b"\xff\xfe\x00")
    rewrite(dirty, LABEL, odd_colour)
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert not (tmp_path / "fixed" / "train.txt").exists() and not (tmp_path / "fixed" / ".unfinished").exists()


def drown(folder, change):
    for split_name, names in drawn.LISTS.items():
        for name in names:
            rewrite(folder, "%s_labels/%s_L.png" % (split_name, name), change)


RUINED = {
    "other colours": lambda p: p // 2 + 7,
    "noise": lambda p: drawn.noise(1, *p.shape),
    "scaled ids": lambda p: np.repeat(PALETTE.encode(p)[..., np.newaxis], 3, 2) * np.uint8(7),
}


def test_swapped_channels_under_jpeg_are_not_washed_either(dirty, tmp_path):
    for split_name, names in drawn.LISTS.items():
        for name in names:
            path = dirty / (split_name + "_labels") / (name + "_L.png")
            picture = imageio.read_raw(str(path))[..., ::-1]
            path.with_suffix(".jpg").write_bytes(imageio.jpeg_bytes(picture, 90))
            path.unlink()
    commands = problems(dirty, tmp_path)["commands"]
    assert len(commands) == 1 and "find the labels that belong" in commands[0]


@pytest.mark.parametrize("how", sorted(RUINED))
def test_no_command_is_suggested_that_would_wash_ruined_labels_to_a_clean_copy(run, dirty, tmp_path, how):
    drown(dirty, RUINED[how])
    commands = problems(dirty, tmp_path)["commands"]
    assert any("find the labels that belong" in line for line in commands)
    assert not any(line.startswith("camvid-fix") for line in commands)
    ran = run(fix.main, "--src", dirty, "--out", tmp_path / "fixed")
    assert "of all label pixels became Void" in ran.err


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


def test_what_a_recoding_leaves_over_is_refused_before_anything_is_written(run, dirty, tmp_path):
    def swapped_in_part(picture):
        picture = np.where((picture == 0).all(2, keepdims=True), (128, 64, 128), picture)[..., ::-1].astype(np.uint8)
        picture[5, 7:10] = (1, 2, 3)
        return picture

    (dirty / "class_dict.csv").write_text(classes.camvid32().to_csv().replace("Void,0,0,0\n", ""))
    drown(dirty, swapped_in_part)
    said = run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").refusal()
    assert "3 pixels of no class" in said and "_L.png" in said and not (tmp_path / "fixed").exists()


def test_where_no_frame_can_be_kept_a_person_is_asked(dirty, tmp_path):
    drown(dirty, lambda p: np.full_like(p, 128))
    commands = problems(dirty, tmp_path, 0)["commands"]
    assert len(commands) == 1 and commands[0].startswith("# every frame") and "blank-label" in commands[0]


def test_bad_input_is_one_line_and_writes_nothing(run, dirty, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    assert "mine" not in run(fix.main, "--src", dirty, "--out", tmp_path / "full").refusal()
    assert "never changed" in run(fix.main, "--src", dirty, "--out", dirty / "train").refusal()
    for kind in ("ugly", "split-leak"):
        said = run(fix.main, "--src", dirty, "--out", tmp_path / "o", "--drop", kind).refusal()
        assert "no kind of problem of a frame '%s'" % kind in said and "blank-label" in said
    assert "distance" in run(fix.main, "--src", dirty, "--out", tmp_path / "o", "--within", "-1").err
    (dirty / "class_dict.csv").write_text(classes.camvid32().to_csv().replace("Void,0,0,0\n", ""))
    said = run(fix.main, "--src", dirty, "--out", tmp_path / "o").refusal()
    assert "no Void" in said and "--within" in said
    assert os.listdir(str(tmp_path / "full")) == ["mine.txt"] and not (tmp_path / "o").exists()


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
