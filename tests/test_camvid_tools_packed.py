"""The packed file against accidents: short files, flipped bytes, a digest that a tree shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthetic
from camvid_tools import packed
from camvid_tools.commands import encode
from camvid_tools.errors import ToolkitError
from pipeline import sources


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return synthetic.split(tmp_path_factory.mktemp("packed") / "set")


@pytest.fixture(scope="module")
def whole(tree):
    assert encode.main(["--src", tree, "--quiet"]) == 0
    return tree + ".h5"


def test_tree_and_packed_file_have_one_data_digest_a_split(tree, whole):
    digests = set()
    for split in packed.PackedFile(whole).splits():
        found = {sources.open_source(path, split).survey()[0] for path in (tree, whole)}
        assert len(found) == 1
        digests |= found
    assert len(digests) == 3


def test_the_digest_notices_a_pixel_a_label_and_a_name(tmp_path, tree, whole):
    first = sources.open_source(tree, "val").survey()[0]
    name = synthetic.FEW["val"][0]
    for change in ("image", "label", "name"):
        other = synthetic.split(tmp_path / change, {"val": synthetic.FEW["val"]})
        if change == "image":
            image = synthetic.image(name).copy()
            image[3, 4, 1] ^= 1
            synthetic.put(other + "/val/" + name + ".png", image)
        elif change == "label":
            label = synthetic.label(name).copy()
            label[3, 4] = (128, 64, 128) if tuple(label[3, 4]) != (128, 64, 128) else (0, 0, 0)
            synthetic.put(other + "/val_labels/" + name + "_L.png", label)
        else:
            (tmp_path / change / "val" / (name + ".png")).rename(tmp_path / change / "val" / "a_1.png")
            (tmp_path / change / "val_labels" / (name + "_L.png")).rename(
                tmp_path / change / "val_labels" / "a_1_L.png"
            )
        assert sources.open_source(other, "val").survey()[0] != first, change


def test_pixels_are_mapped_and_cannot_be_written(whole):
    opened = packed.PackedFile(whole).open("train")
    for array in (opened.images, opened.labels):
        assert isinstance(array, np.memmap) and not array.flags.writeable


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_is_refused_in_one_line(whole, data):
    with open(whole, "rb") as source:
        content = source.read()
    length = data.draw(st.integers(0, len(content) - 1))
    with open(whole + ".cut", "wb") as out:
        out.write(content[:length])
    with pytest.raises(ToolkitError) as caught:
        packed.PackedFile(whole + ".cut")
    assert "\n" not in str(caught.value) and caught.value.remedy


def test_a_split_it_does_not_hold_is_refused_with_those_it_holds(tmp_path):
    tree = synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"]})
    assert encode.main(["--src", tree, "--quiet"]) == 0
    with pytest.raises(ToolkitError, match="it has: train"):
        packed.PackedFile(tree + ".h5").open("test")
