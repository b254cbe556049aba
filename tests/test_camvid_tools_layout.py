import os

import numpy as np
import pytest

import synthetic
from camvid_tools import classes, imageio, layout
from camvid_tools.errors import ToolkitError
from camvid_tools.splitfolder import SplitFolder, class_table, locate


def put(root, *paths):
    for path in paths:
        target = os.path.join(str(root), path)
        imageio.write_png(target, np.zeros((4, 6, 3), np.uint8))


def names(found):
    return [(pair.name, pair.split, pair.image, pair.label) for pair in found.pairs]


@pytest.mark.parametrize(
    "files, expected",
    [
        (["701_StillsRaw_full/a_1.png", "LabeledApproved_full/a_1_L.png"], "raw"),
        (["701_StillsRaw_full/a_1.png", "a_1_L.png"], "raw"),
        (["train/a_1.png", "train_labels/a_1_L.png"], "split"),
        (["val/a_1.png", "valannot/a_1.png"], "segnet"),
        (["images/a_1.png", "labels/a_1_P.png"], "fastai"),
        (["a_1.png", "a_1_L.png"], "one folder"),
        (["CamVid/701_StillsRaw_full/a_1.png", "CamVid/LabeledApproved_full/a_1_L.png"], "raw"),
    ],
)
def test_layouts_are_recognised_and_frames_paired_by_name(tmp_path, files, expected):
    put(tmp_path, *files)
    found = layout.scan(str(tmp_path))
    prefix = "CamVid/" if files[0].startswith("CamVid/") else ""
    assert found.layout == expected
    assert [(p.name, prefix + p.image, prefix + p.label) for p in found.pairs] == [("a_1", files[0], files[1])]
    assert not found.unlabelled and not found.frameless and not found.stray


def test_pairing_never_goes_by_position(tmp_path):
    put(tmp_path, "train/a_1.png", "train/a_3.png", "train_labels/a_2_L.png", "train_labels/a_3_L.png")
    found = layout.scan(str(tmp_path))
    assert [pair.name for pair in found.pairs] == ["a_3"]
    assert [orphan.path for orphan in found.unlabelled] == ["train/a_1.png"]
    assert [orphan.path for orphan in found.frameless] == ["train_labels/a_2_L.png"]


def test_a_labels_folder_that_is_missing_leaves_its_frames_named(tmp_path):
    put(tmp_path, "train/a_1.png", "train_labels/a_1_L.png", "val/a_2.png")
    found = layout.scan(str(tmp_path))
    assert [orphan.path for orphan in found.unlabelled] == ["val/a_2.png"]


def test_files_that_are_no_pictures_and_second_pictures_are_strays(tmp_path):
    put(tmp_path, "train/a_1.png", "train_labels/a_1_L.png", "train_labels/a_1_P.png")
    (tmp_path / "train" / "Thumbs.db").write_text("x")
    found = layout.scan(str(tmp_path))
    assert sorted(found.stray) == ["train/Thumbs.db", "train_labels/a_1_P.png"]


def test_a_folder_without_data_says_what_was_expected(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ToolkitError) as caught:
            layout.scan(str(place))
        assert str(place) in str(caught.value)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ToolkitError, match="701_StillsRaw_full"):
        layout.scan(str(tmp_path))


def test_the_class_table_is_the_sets_own_or_that_of_its_layout(tmp_path):
    put(tmp_path, "fa/images/a_1.png", "fa/labels/a_1_P.png", "se/train/a_1.png", "se/trainannot/a_1.png")
    (tmp_path / "fa" / "codes.txt").write_text("Road\nSky\nVoid")
    fastai = class_table(layout.scan(str(tmp_path / "fa")))
    assert fastai.names == ("Road", "Sky", "Void") and fastai.colours[0] == (128, 64, 128)
    assert class_table(layout.scan(str(tmp_path / "se"))) == classes.segnet11()


def test_a_split_folder_without_class_table_says_what_to_put_where(tmp_path):
    put(tmp_path, "train/a_1.png", "train_labels/a_1_L.png")
    with pytest.raises(ToolkitError, match="class_dict.csv"):
        SplitFolder(str(tmp_path))


def test_the_data_set_is_found_from_the_folder_above(tmp_path):
    put(tmp_path, "one/train/a_1.png", "one/train_labels/a_1_L.png")
    assert locate(str(tmp_path)) == str(tmp_path / "one")
    assert locate(str(tmp_path / "one")) == str(tmp_path / "one")
    put(tmp_path, "two/train/a_1.png", "two/train_labels/a_1_L.png")
    with pytest.raises(ToolkitError, match="2 data sets"):
        locate(str(tmp_path))
    (tmp_path / "two" / "manifest.json").write_text("{}")
    assert locate(str(tmp_path)) == str(tmp_path / "two")


def test_folders_that_hold_but_one_folder_stand_for_the_set_within(tmp_path):
    inner = tmp_path / "archive" / "CamVid" / "CamVid"
    synthetic.split(inner)
    assert locate(str(tmp_path / "archive")) == str(inner)
    (tmp_path / "void" / "a" / "b").mkdir(parents=True)
    with pytest.raises(ToolkitError, match="no data set here"):
        locate(str(tmp_path / "void"))
