"""camvid-fix as a user runs it: what it leaves out, keeps and refuses; and camvid-check's advice followed."""

import os
import shlex
import shutil

import numpy as np
import pytest

import drawn
import planted
import synthetic
from camvid_tools import classes, imageio
from camvid_tools.commands import check, encode, fix, split
from tools import FRAME, LABEL, PALETTE, drown, odd_colour, problems, rewrite

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


def test_a_list_that_is_no_text_stops_no_fix(run, dirty, tmp_path):
    (dirty / "train.txt").write_bytes(b"\xff\xfe\x00")
    rewrite(dirty, LABEL, odd_colour)
    assert run(fix.main, "--src", dirty, "--out", tmp_path / "fixed").code == 0
    assert not (tmp_path / "fixed" / "train.txt").exists() and not (tmp_path / "fixed" / ".unfinished").exists()


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
