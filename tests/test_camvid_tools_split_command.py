"""camvid-split as a user runs it: published lists, kills, refusals."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import drawn
from camvid_tools import classes, imageio, layout, scene, splits
from camvid_tools.commands import check, encode, split
from tools import PALETTE, run, tree_digest


def test_split_gives_421_112_168_with_the_published_digests(raw, tmp_path, capsys):
    before = tree_digest(raw)
    assert run(split, "--src", raw, "--out", tmp_path / "s", "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "camvid-split/1" and document["missing"] == []
    assert document["counts"] == {"train": 421, "val": 112, "test": 168}
    assert tuple(document["digests"][s] for s in splits.SPLITS) == splits.DIGESTS["default"]
    assert len(os.listdir(str(tmp_path / "s" / "test_labels"))) == 168
    assert tree_digest(raw) == before


def test_split_repeated_killed_and_repeated_or_in_another_order_ends_in_the_same_state(raw, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(split, "--src", raw, "--out", whole, "--quiet") == 0
    command = [sys.executable, "-m", "camvid_tools.commands.split", "--src", str(raw), "--out", str(cut), "--quiet"]
    for delay in (0.05, 0.15, 0.3):
        process = subprocess.Popen(command)
        while not cut.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for _ in range(2):
        assert run(split, "--src", raw, "--out", cut, "--quiet") == 0
        assert tree_digest(cut) == tree_digest(whole)


def test_a_split_that_was_cut_off_is_refused_by_the_other_tools(raw, tmp_path, capsys):
    run(split, "--src", raw, "--out", tmp_path / "s", "--quiet")
    (tmp_path / "s" / ".unfinished").write_text("")
    for command in ((check, tmp_path / "s"), (encode, "--src", tmp_path / "s")):
        assert run(*command) == 2
        assert "camvid-split again" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_modes_place_the_same_bytes(raw, tmp_path, mode):
    assert run(split, "--src", raw, "--out", tmp_path / "s", "--mode", mode, "--preset", "segnet", "--quiet") == 0
    target = tmp_path / "s" / "val" / "0016E5_07959.png"
    source = raw / "701_StillsRaw_full" / "0016E5_07959.png"
    assert target.read_bytes() == source.read_bytes()
    assert target.is_symlink() == (mode == "symlink")
    assert os.path.samefile(str(target), str(source)) == (mode != "copy")


def test_a_missing_frame_is_named_and_stops_or_is_left_out_by_the_rule_of_the_full_list(partial, tmp_path, capsys):
    assert run(split, "--src", partial) == 2
    said = capsys.readouterr().err
    assert "0001TP_006690 is missing" in said and "--allow_partial" in said and said.count("\n") == 1
    assert not os.path.exists(str(partial) + "_split")
    assert run(split, "--src", partial, "--allow_partial", "--json", tmp_path / "j") == 0
    document = json.loads((tmp_path / "j").read_text())
    assert sum(document["counts"].values()) == 20 and len(document["missing"]) == 681
    published = splits.preset("default")
    for name in splits.SPLITS:
        assert all(published[file[:-4]] == name for file in os.listdir(str(partial) + "_split/" + name))


def test_an_unpaired_frame_is_named_by_its_file(partial, capsys):
    label = sorted((partial / "LabeledApproved_full").iterdir())[3]
    label.unlink()
    assert run(split, "--src", partial) == 2
    assert label.name.replace("_L", "") + " has no label" in capsys.readouterr().err


def test_frames_of_another_data_set_are_split_by_whole_drives(tmp_path, capsys):
    for drive in "abcde":
        for number in range(4):
            name = "%s_%03d" % (drive, number)
            imageio.write_png(str(tmp_path / "own" / "images" / (name + ".png")), drawn.noise(number, 8, 8, 3))
            imageio.write_png(str(tmp_path / "own" / "labels" / (name + ".png")), np.zeros((8, 8), np.uint8))
    (tmp_path / "own" / "class_dict.csv").write_text("name,r,g,b\nRoad,1,2,3\n")
    assert run(split, "--src", tmp_path / "own") == 2
    assert "--shares" in capsys.readouterr().err
    assert run(split, "--src", tmp_path / "own", "--shares", "60/20/20", "--quiet") == 0
    homes = {s: {f[0] for f in os.listdir(str(tmp_path / "own_split" / s))} for s in splits.SPLITS}
    assert sorted(map(len, homes.values())) == [1, 1, 3]


@pytest.fixture
def own(tmp_path):
    """Three frames of one drive."""
    for number in range(3):
        imageio.write_png(str(tmp_path / "own" / "images" / ("a_%d.png" % number)), drawn.noise(number, 8, 8, 3))
        imageio.write_png(str(tmp_path / "own" / "labels" / ("a_%d.png" % number)), np.zeros((8, 8), np.uint8))
    (tmp_path / "own" / "class_dict.csv").write_text("name,r,g,b\nRoad,1,2,3\n")
    return tmp_path / "own"


def test_a_split_that_whole_drives_leave_empty_is_told(own, partial, tmp_path, capsys):
    assert run(split, "--src", own, "--shares", "60/20/20", "--out", tmp_path / "a") == 0
    said = capsys.readouterr().err
    assert "val stays empty" in said and "test stays empty" in said and "1 drive," in said
    assert run(split, "--src", own, "--shares", "1/0/0", "--out", tmp_path / "b") == 0
    said = capsys.readouterr()
    assert said.err == "" and "3/0/0 train/val/test frames, 1 drive in all" in said.out
    with pytest.raises(SystemExit):
        run(split, "--src", partial, "--shares", "60/20/20", "--preset", "segnet")


def test_the_flags_that_other_tools_suggest_split_what_is_there(raw, partial, own):
    for folder, flags in ((raw, []), (partial, ["--allow_partial"]), (own, ["--shares", "60/20/20"])):
        found = layout.scan(str(folder))
        assert splits.flags_for(pair.name for pair in found.pairs) == flags
        assert run(split, "--src", folder, "--dry_run", *flags) == 0


def test_a_check_and_an_encoding_name_the_split_that_fits(tmp_path, capsys):
    for number in range(3):
        image, ids = scene.render("a", 30 * number, 0, 48, 64)
        imageio.write_png(str(tmp_path / "my own" / "images" / ("a_%d.png" % number)), image)
        imageio.write_png(str(tmp_path / "my own" / "labels" / ("a_%d.png" % number)), PALETTE.decode(ids))
    (tmp_path / "my own" / "class_dict.csv").write_text(classes.camvid32().to_csv())
    command = "camvid-split --src '%s' --shares 60/20/20" % (tmp_path / "my own")
    assert run(check, tmp_path / "my own") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "next: " + command
    assert run(encode, "--src", tmp_path / "my own") == 2
    assert command in capsys.readouterr().err


def test_foreign_folders_other_presets_and_the_source_are_never_written_to(raw, partial, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert run(split, "--src", raw, "--out", tmp_path / "mine") == 2
    assert run(split, "--src", raw, "--out", raw) == 2
    assert run(split, "--src", partial, "--allow_partial", "--quiet") == 0
    before = tree_digest(str(partial) + "_split")
    assert run(split, "--src", partial, "--allow_partial", "--preset", "segnet") == 2
    assert "'default'" in capsys.readouterr().err
    assert tree_digest(str(partial) + "_split") == before
    assert os.listdir(str(tmp_path / "mine")) == ["thesis.txt"]


def test_a_dry_run_tells_and_writes_nothing(raw, tmp_path, capsys):
    assert run(split, "--src", raw, "--out", tmp_path / "s", "--dry_run") == 0
    assert "421/112/168" in capsys.readouterr().out
    assert not (tmp_path / "s").exists()
