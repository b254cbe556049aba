"""The data tools where disks, processes, files and names are not as one would wish."""

import os
import resource
import shutil
import subprocess
import sys
import time

import pytest

import drawn
import synthetic
from camvid_tools import classes, packed
from camvid_tools.commands import check, encode, fix, split, synth

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def test_a_split_into_its_own_source_is_refused_and_costs_no_pixel(run, tmp_path):
    tree = synthetic.split(tmp_path / "outer" / "inner")
    before = synthetic.state(tree)
    for target in (tree, os.path.join(tree, "below")):
        flags = ["--out", target, "--mode", "symlink", "--allow_partial"]
        assert target in run(split.main, "--src", tmp_path / "outer", *flags).refusal()
    assert synthetic.state(tree) == before


def test_a_repeated_split_leaves_a_users_own_files_alone(run, tmp_path):
    raw = synthetic.raw(tmp_path / "CamVid", synthetic.NAMES[:20])
    made = tmp_path / "CamVid_split"
    assert run(split.main, "--src", raw, "--allow_partial").code == 0
    (made / "train" / "notes.txt").write_text("mine")
    (made / "train" / "thumbnails").mkdir()
    assert run(split.main, "--src", raw, "--allow_partial").code == 0
    assert (made / "train" / "notes.txt").exists() and (made / "train" / "thumbnails").is_dir()


def test_a_split_that_was_cut_off_is_refused_through_its_parent_too(run, tmp_path):
    tree = synthetic.split(tmp_path / "outer" / "inner")
    open(os.path.join(tree, ".unfinished"), "w").close()
    for main, flags in ((encode.main, ["--src"]), (split.main, ["--shares", "1/1/1", "--src"]), (check.main, [])):
        assert "cut off" in run(main, *flags, tmp_path / "outer").refusal()


def test_a_check_goes_on_past_links_that_lead_nowhere(run, tmp_path):
    raw = synthetic.raw(tmp_path / "CamVid", synthetic.NAMES[:20])
    assert run(split.main, "--src", raw, "--allow_partial", "--mode", "symlink").code == 0
    shutil.move(raw, raw + "_gone")
    document = run(check.main, tmp_path / "CamVid_split", "--json", "-")
    assert document.code == 1
    told = [p["kind"] for p in document.json()["problems"] if p["severity"] != "information"]
    assert told == ["undecodable"] * 40


def test_a_jpeg_that_is_called_png_is_known_as_what_it_is(run, tmp_path):
    tree = synthetic.split(tmp_path / "set")
    label = os.path.join(tree, "val_labels", synthetic.FEW["val"][0] + "_L.png")
    synthetic.put(label[:-4] + ".jpg", synthetic.label("x"))
    shutil.move(label[:-4] + ".jpg", label)
    kinds = [p["kind"] for p in run(check.main, tree, "--json", "-").json()["problems"] if p["file"].endswith("_L.png")]
    assert "lossy-label" in kinds


def test_folders_without_a_picture_are_no_data_set(run, tmp_path):
    for folder in ("train", "train_labels"):
        (tmp_path / folder).mkdir()
    assert "no picture" in run(check.main, tmp_path).refusal()


def test_a_clean_set_that_is_not_split_yet_is_told_to_be_split(run, tmp_path):
    said = run(check.main, synthetic.raw(tmp_path / "CamVid", synthetic.NAMES[:4])).out
    assert "verdict: clean" in said and "camvid-split --src" in said and "camvid-encode" not in said


def test_class_names_with_commas_quotes_and_blanks_survive_every_step(run, tmp_path):
    table = classes.camvid32()
    names = ("Road, wet", 'the "other" one') + table.names[2:]
    own = classes.ClassTable(names, table.colours)
    assert classes.parse(own.to_csv()) == (own, [])
    tree = synthetic.split(tmp_path / "set")
    (tmp_path / "set" / "class_dict.csv").write_text(own.to_csv())
    assert run(check.main, tree).code == 0
    assert run(encode.main, "--src", tree, "--verify").code == 0
    assert packed.PackedFile(tree + ".h5").classes == own


def test_groups_of_ones_own_make_just_the_classes_that_they_name(run, tmp_path):
    tree = synthetic.split(tmp_path / "set")
    groups = tmp_path / "groups.csv"
    groups.write_text("".join("%s,%s\n" % (n, "Road" if n == "Road" else "Void") for n in classes.camvid32().names))
    assert run(encode.main, "--src", tree, "--groups", groups).code == 0
    assert packed.PackedFile(tree + ".h5").classes.names == ("Road", "Void")
    groups.write_text(groups.read_text().replace("Car,Void", "Car,"))
    assert "'Car,'" in run(encode.main, "--src", tree, "--groups", groups).refusal()


def test_a_disk_without_room_is_one_line_and_leaves_no_file(tmp_path):
    tree = drawn.tree(str(tmp_path / "set"))

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    command = [sys.executable, "-m", "camvid_tools.commands.encode", "--src", tree]
    ran = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=little_room, cwd=HERE)
    said = ran.stderr.decode()
    assert ran.returncode == 2 and said.count("\n") == 1 and "set.h5" in said and "room" in said
    assert sorted(os.listdir(str(tmp_path))) == ["set"]


def test_a_result_can_go_through_a_link_and_into_a_device(run, tmp_path):
    tree, real, link = drawn.tree(str(tmp_path / "set"), 32, 32), tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    assert run(check.main, tree, "--json", link).code == 0
    assert link.is_symlink() and real.read_text().startswith("{")
    command = [sys.executable, "-m", "camvid_tools.commands.check", tree, "--quiet", "--json", "/dev/stdout"]
    assert subprocess.run(command, stdout=subprocess.PIPE, cwd=HERE).stdout.startswith(b"{")
    assert not os.path.isfile("/dev/stdout") or os.path.islink("/dev/stdout")


def test_workers_leave_when_the_command_is_killed(tmp_path):
    command = [sys.executable, "-m", "camvid_tools.commands.synth", "--out", str(tmp_path / "k"), "--quiet"]
    process = subprocess.Popen(command, cwd=HERE, stderr=subprocess.PIPE)
    frames = tmp_path / "k" / "701_StillsRaw_full"
    for _ in range(600):
        if frames.is_dir() and os.listdir(str(frames)):
            break
        time.sleep(0.05)
    process.kill()
    process.stderr.read()  # ends when nobody holds the other end any more: neither the command nor a worker
    assert process.wait() == -9


def test_a_folder_in_which_drawing_was_cut_off_at_once_is_taken(run, tmp_path):
    (tmp_path / ".synthetic.json.part").write_text("{")
    flags = ["--out", tmp_path, "--frames", "4", "--height", "32", "--width", "32"]
    assert run(synth.main, *flags).code == 0
    (tmp_path / "synthetic.json").write_bytes(b"\xff\xfe")
    assert "other settings" in run(synth.main, *flags).refusal()


@pytest.mark.parametrize("command", ["camvid-encode", "camvid-fix", "camvid-split"])
def test_what_another_command_left_half_made_is_never_taken_over(run, dirty, tmp_path, command):
    (tmp_path / "half" / "train").mkdir(parents=True)
    (tmp_path / "half" / ".unfinished").write_text(command + " is at work here\n")
    (tmp_path / "half" / "train" / "theirs.png").write_bytes(b"x")
    for name, module, flags in (("camvid-fix", fix, ()), ("camvid-split", split, ("--allow_partial",))):
        if name != command:
            assert run(module.main, "--src", dirty, "--out", tmp_path / "half", *flags).refusal()
    assert (tmp_path / "half" / "train" / "theirs.png").exists()
