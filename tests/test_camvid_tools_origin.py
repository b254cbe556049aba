"""A packed file that is older than its source is noticed and named; one that is not is opened at once."""

import os
import shutil
import time

import numpy as np
import pytest

import drawn
import synthetic
from camvid_tools import classes, imageio, manifest, origin, packed, packed_header
from camvid_tools.commands import encode
from camvid_tools.errors import ToolkitError
from pipeline import sources

FRAME, LABEL = "train/0006R0_f00930.png", "val_labels/0001TP_006870_L.png"


@pytest.fixture
def tree(tmp_path):
    return synthetic.split(tmp_path / "set")


@pytest.fixture
def made(run, tree):
    assert run(encode.main, "--src", tree).code == 0
    return tree + ".h5"


def change_keeping_size_and_length(path):
    """Other pixels in a file of the very same length."""
    content = open(path, "rb").read()
    before = os.stat(path)
    with open(path, "wb") as out:
        out.write(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def repaint(path):
    picture = imageio.read_raw(path)
    picture[2, 3] = picture[9, 9] ^ 1 if "labels" not in path else (0, 128, 192)
    imageio.write_png(path, picture)


CHANGES = {
    "a frame of the same length": (lambda t: change_keeping_size_and_length(t + "/" + FRAME), FRAME + " was changed"),
    "a frame": (lambda t: repaint(t + "/" + FRAME), FRAME + " was changed"),
    "a label": (lambda t: repaint(t + "/" + LABEL), LABEL + " was changed"),
    "class_dict.csv": (
        lambda t: open(t + "/class_dict.csv", "a").write("Extra,1,2,3\n"),
        "class_dict.csv was changed",
    ),
    "a frame gone": (lambda t: os.remove(t + "/" + FRAME), FRAME + " is gone"),
    "a split gone": (lambda t: shutil.rmtree(t + "/val"), "val/0001TP_006870.png is gone"),
    "class_dict.csv gone": (lambda t: os.remove(t + "/class_dict.csv"), "class_dict.csv is gone"),
    "a new pair": (
        lambda t: synthetic.split(t, {"val": ["0016E5_07959"]}),
        "val/0016E5_07959.png is new",
    ),
    "a new label": (
        lambda t: synthetic.put(t + "/val_labels/0016E5_07959_L.png", synthetic.label("0016E5_07959")),
        "val_labels/0016E5_07959_L.png is new",
    ),
    "a pipe in a frame's place": (
        lambda t: (os.remove(t + "/" + FRAME), os.mkfifo(t + "/" + FRAME)),
        FRAME + " was changed",
    ),
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_a_changed_source_is_named_and_the_stale_file_never_used(made, tree, what):
    change, told = CHANGES[what]
    change(tree)
    for use in (
        packed.PackedFile,
        sources.splits_of,
        sources.class_table,
        lambda path: sources.open_source(path, "val"),
    ):
        with pytest.raises(ToolkitError) as caught:
            use(made)
        assert told in str(caught.value) and made in str(caught.value)
        assert "camvid-encode --src %s --out %s" % (tree, made) in caught.value.remedy
    assert packed.PackedFile(made, check_source=False).splits() == ["train", "val", "test"]


def test_touching_without_changing_is_no_complaint(run, made, tree):
    for root, _, files in os.walk(tree):
        for name in files:
            os.utime(os.path.join(root, name), (1, 1))
    packed.PackedFile(made)
    assert "up to date" in run(encode.main, "--src", tree).out


def test_files_that_no_split_reads_do_not_count(made, tree):
    for name in ("notes.txt", "manifest.json", "train/Thumbs.db", "train/.x.png.part", "label_colors.txt", "train.txt"):
        with open(os.path.join(tree, name), "w") as out:
            out.write("x")
    packed.PackedFile(made)


def test_a_source_that_is_gone_moved_or_closed_is_no_complaint(made, tree, tmp_path):
    os.rename(tree, tree + "_elsewhere")
    packed.PackedFile(made)
    os.rename(tree + "_elsewhere", tree)
    shutil.copy(made, str(tmp_path / "alone.h5"))
    (tmp_path / "deep").mkdir()
    os.rename(made, str(tmp_path / "deep" / "x.h5"))
    packed.PackedFile(str(tmp_path / "deep" / "x.h5"))


def test_both_moved_together_still_belong_together(made, tree, tmp_path):
    (tmp_path / "there").mkdir()
    for path in (tree, made):
        shutil.move(path, str(tmp_path / "there"))
    packed.PackedFile(str(tmp_path / "there" / "set.h5"))
    repaint(str(tmp_path / "there" / "set" / FRAME))
    with pytest.raises(ToolkitError, match=FRAME):
        packed.PackedFile(str(tmp_path / "there" / "set.h5"))


def test_the_header_records_every_file_by_relative_paths_alone(made, tree, tmp_path):
    header = packed_header.read(made)
    assert header["origin"]["folder"] == "set"
    rows = {row[0]: row[1:] for row in header["origin"]["files"]}
    there = {os.path.relpath(os.path.join(root, name), tree) for root, _, files in os.walk(tree) for name in files}
    assert set(rows) == there and len(there) == 21
    for file, (size, mtime_ns, digest) in rows.items():
        found = os.stat(os.path.join(tree, file))
        assert (size, mtime_ns) == (found.st_size, found.st_mtime_ns)
        assert digest == manifest.file_sha256(os.path.join(tree, file))
    assert str(tmp_path).encode() not in open(made, "rb").read()


def test_a_linked_split_folder_and_linked_files_are_followed(run, tree, tmp_path):
    (tmp_path / "links").mkdir()
    link = str(tmp_path / "links" / "mine")
    os.symlink(tree, link)
    frame = os.path.join(tree, FRAME)
    os.rename(frame, str(tmp_path / "frame.png"))
    os.symlink(str(tmp_path / "frame.png"), frame)
    assert run(encode.main, "--src", link).code == 0
    assert "up to date" in run(encode.main, "--src", link + "/").out
    assert packed_header.read(link + ".h5")["origin"]["folder"] == "mine"
    os.symlink(link + ".h5", str(tmp_path / "shortcut.h5"))
    packed.PackedFile(str(tmp_path / "shortcut.h5"))
    repaint(str(tmp_path / "frame.png"))
    for path in (link + ".h5", str(tmp_path / "shortcut.h5")):
        with pytest.raises(ToolkitError, match=FRAME + " was changed"):
            packed.PackedFile(path)


def test_lists_that_split_a_folder_are_part_of_its_source(run, tmp_path):
    names = synthetic.NAMES[:4]
    folder = synthetic.fastai(tmp_path / "fast", names)
    with open(folder + "/valid.txt", "w") as out:
        out.write(names[0] + "\n")
    assert run(encode.main, "--src", folder).code == 0
    recorded = [row[0] for row in packed_header.read(folder + ".h5")["origin"]["files"]]
    assert {"codes.txt", "valid.txt"} < set(recorded) and len(recorded) == 10
    with open(folder + "/valid.txt", "w") as out:
        out.write(names[1] + "\n")
    with pytest.raises(ToolkitError, match="valid.txt was changed"):
        packed.PackedFile(folder + ".h5")


def test_encoding_again_leaves_a_file_that_is_up_to_date(run, made, tree):
    before, content = os.stat(made), open(made, "rb").read()
    again = run(encode.main, "--src", tree, "--json", "-")
    assert again.code == 0 and again.json()["up_to_date"] and again.json()["verified"] is False
    assert "up to date" in again.err and again.json()["counts"] == {"train": 5, "val": 2, "test": 3}
    assert (os.stat(made).st_ino, os.stat(made).st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    verified = run(encode.main, "--src", tree, "--verify")
    assert verified.code == 0 and "all 10 frames" in verified.out and "up to date" in verified.out
    assert os.stat(made).st_ino == before.st_ino and open(made, "rb").read() == content


def test_encoding_again_makes_it_anew_where_a_file_changed_and_says_which(run, made, tree):
    repaint(os.path.join(tree, LABEL))
    again = run(encode.main, "--src", tree)
    assert again.code == 0 and LABEL + " was changed" in again.out and "made " + made in again.out
    assert sources.open_source(made, "val").survey()[0] == sources.open_source(tree, "val").survey()[0]
    assert "up to date" in run(encode.main, "--src", tree).out


def test_other_options_or_another_source_make_it_anew(run, made, tree, tmp_path):
    groups = tmp_path / "own.csv"
    groups.write_text("".join("%s,%s\n" % (n, "A" if n < "D" else "Void") for n in classes.camvid32().names))
    for flags in (["--groups", "segnet11"], ["--groups", groups], ["--resize", "8x8"], []):
        assert "made " in run(encode.main, "--src", tree, *flags).out
        assert "up to date" in run(encode.main, "--src", tree, *flags).out
    run(encode.main, "--src", tree, "--groups", groups)
    groups.write_text(groups.read_text().replace("Bridge,A", "Bridge,Void"))
    assert "other --groups" in run(encode.main, "--src", tree, "--groups", groups).out
    other = synthetic.split(tmp_path / "other")
    assert "another folder" in run(encode.main, "--src", other, "--out", made).out


def test_a_file_up_to_date_by_its_header_but_with_damaged_pixels_fails_verify(run, made, tree):
    offset = packed.PackedFile(made).open("val").images.offset
    with open(made, "r+b") as file:
        file.seek(offset + 5)
        byte = file.read(1)[0]
        file.seek(offset + 5)
        file.write(bytes([byte ^ 1]))
    again = run(encode.main, "--src", tree, "--verify", "--json", "-")
    assert again.code == 1 and again.json()["different"] == ["0001TP_006870"] and "0001TP_006870" in again.err


def test_unknown_pixels_are_told_again_of_a_file_that_is_up_to_date(run, tree):
    picture = imageio.read_raw(os.path.join(tree, LABEL))
    picture[0, :3] = (1, 2, 3)
    imageio.write_png(os.path.join(tree, LABEL), picture)
    for _ in range(2):
        assert run(encode.main, "--src", tree, "--json", "-").json()["unknown_pixels"] == {"0001TP_006870": 3}


def test_a_file_that_changes_while_it_is_encoded_counts_as_changed(tree, monkeypatch):
    from camvid_tools import encoding

    whole = encoding.encoded_frames

    def disturbed(*arguments):
        repaint(os.path.join(tree, FRAME))
        return whole(*arguments)

    monkeypatch.setattr(encoding, "encoded_frames", disturbed)
    assert encode.main(["--src", tree, "--quiet"]) == 0
    with pytest.raises(ToolkitError, match=FRAME):
        packed.PackedFile(tree + ".h5")


def test_opening_701_frames_takes_a_moment_when_nothing_changed(tmp_path):
    names = [str(number) for number in range(701)]
    tree = synthetic.split(tmp_path / "set", {"train": names}, (8, 8))
    drawn_path = drawn.packed_file(tree + ".h5", tree)
    folder = encode.SplitFolder(tree)
    recorded = origin.record(folder.scan, drawn_path)
    assert len(recorded["files"]) == 1403
    packed.write(drawn_path, folder.classes, packed.Recipe("none", [], None), *frames_of(names), source=recorded)
    best = min(timed(lambda: packed.PackedFile(drawn_path)) for _ in range(5))
    assert best < 0.1, best


def frames_of(names):
    blank = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8), 0
    return [packed.Plan("train", names, ["d"] * len(names), 8, 8)], [blank] * len(names)


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
