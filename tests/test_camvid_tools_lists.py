"""Lists of frames beside the folders: how lines are read, what they split, what they leave out."""

import pytest

import drawn
import synthetic
from camvid_tools import lists
from camvid_tools.commands import check, encode, fix
from tools import PALETTE


def told(run, folder):
    return run(check.main, folder, "--json", "-").json()


def listed(folder, **named):
    """A set in fastai's folders whose lists name frames by number."""
    for number in range(6):
        synthetic.put(str(folder / "images" / ("a %d.png" % number)), drawn.noise(number, 24, 32, 3))
        ids = drawn.noise(number + 9, 24, 32) % 32
        synthetic.put(str(folder / "labels" / ("a %d.png" % number)), PALETTE.decode(ids))
    (folder / "class_dict.csv").write_text(PALETTE.classes.to_csv())
    for split, numbers in named.items():
        (folder / (split + ".txt")).write_text("".join("a %d.png\n" % number for number in numbers))
    return folder


@pytest.mark.parametrize(
    "path, name",
    [
        ("/SegNet/CamVid/train/0001TP_006690.png", "0001TP_006690"),
        ("train\\0001TP_006690.png", "0001TP_006690"),
        ("0001TP_006690", "0001TP_006690"),
        ("images/0001TP_006690_L.png", "0001TP_006690_L"),
    ],
)
def test_a_line_of_a_list_names_a_frame_however_it_is_written(path, name):
    assert lists.name_in(path + " and/0001TP_006690_L.png") == name


def test_lists_split_what_folders_do_not_and_training_may_use_it(run, tmp_path):
    names = list(synthetic.NAMES[:6])
    folder = synthetic.fastai(tmp_path / "camvid", names)
    (tmp_path / "camvid" / "valid.txt").write_text("\r\n".join(n + ".png" for n in names[:2]))
    assert told(run, folder)["counts"] == {"train": 4, "val": 2}
    assert run(encode.main, "--src", folder).code == 0
    one = synthetic.one_folder(tmp_path / "seq", names)
    lines = "".join("/SegNet/CamVid/test/%s.png /SegNet/CamVid/testannot/%s.png\n" % (n, n) for n in names)
    (tmp_path / "seq" / "test.txt").write_text(lines)
    assert told(run, one)["counts"] == {"test": 6}


@pytest.mark.parametrize("line", ["../../etc/x.png", "train/../../x.png", "..\\x.png"])
def test_a_list_that_climbs_out_of_the_folder_is_an_error_in_its_line(run, dirty, line):
    (dirty / "train.txt").write_text("train/%s.png\n%s\n" % (drawn.LISTS["train"][0], line))
    found = [p for p in told(run, dirty)["problems"] if p["severity"] == "error"]
    assert [(p["kind"], p["file"]) for p in found] == [("path-outside", "train.txt")]
    assert "line 2" in found[0]["detail"]


def test_a_name_with_a_blank_is_read_from_lists_with_and_without_labels():
    assert lists.name_in("train/img (3).png labels/img (3)_L.png") == "img (3)"
    for line in ("img (3).png", "img (3)", "img (3).JPG, x.png", "img (3)\t"):
        assert lists.name_in(line) == "img (3)", line
    assert lists.name_in(" ,; ") == ",;"


def test_frames_that_no_list_names_are_told_counted_apart_and_left_out_of_a_mended_copy(run, tmp_path):
    document = told(run, listed(tmp_path / "s", train=[0, 1], val=[2, 3]))
    assert document["counts"] == {"train": 2, "val": 2, "none": 2}
    assert any("2 in no list" in line for line in document["identity"])
    found = [(p["kind"], p["file"]) for p in document["problems"] if p["severity"] == "warning"]
    assert [one for one in found if one[0] != "split-leak"] == [
        ("stray-file", "images/a 4.png"),
        ("stray-file", "images/a 5.png"),
    ]
    assert run(fix.main, "--src", tmp_path / "s", "--out", tmp_path / "fixed").code == 0
    assert told(run, tmp_path / "fixed")["counts"] == {"train": 2, "val": 2}


def test_a_set_that_holds_no_frame_out_says_so(run, tmp_path):
    identity = told(run, listed(tmp_path / "s", train=range(6)))["identity"]
    assert any("no frame is held out" in line for line in identity)
