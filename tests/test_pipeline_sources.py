"""Frames from trees and memory; devices that are not there."""

import os

import numpy as np
import pytest

import synthetic
from camvid_tools.errors import ToolkitError
from camvid_tools.imageio import ImageFault
from pipeline import device, sizes, sources


def test_a_frame_kept_in_memory_is_read_from_its_file_once(tmp_path):
    tree = synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"]})
    kept, fresh = sources.open_source(tree, "train", "memory"), sources.open_source(tree, "train")
    first = kept.read(0)
    for name in os.listdir(os.path.join(tree, "train")):
        os.remove(os.path.join(tree, "train", name))
    assert all(np.array_equal(a, b) for a, b in zip(kept.read(0), first))
    for source, index in ((kept, 1), (fresh, 0)):
        with pytest.raises(ImageFault, match="no such file"):
            source.read(index)


def test_a_damaged_frame_does_not_hide_the_size_of_the_others(tmp_path):
    tree = synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"]}, (70, 100))
    damaged = tmp_path / "set" / "train" / (synthetic.FEW["train"][0] + ".png")
    damaged.write_bytes(damaged.read_bytes()[:50])
    with pytest.raises(ImageFault, match=damaged.name):
        sources.open_source(tree, "train").survey()
    source = sources.open_source(tree, "train", tolerant=True)
    assert sizes.training_size(source, None, None) == (64, 96)
    assert sizes.evaluation_size(source) == (96, 128)
    assert sizes.training_size(source, 32, None) == (32, 96)


def test_a_label_of_another_size_than_its_frame_is_a_fault_that_names_both(tmp_path):
    tree = synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"][:1]})
    label = os.path.join(tree, "train_labels", synthetic.FEW["train"][0] + "_L.png")
    synthetic.put(label, synthetic.label("x", (8, 24)))
    with pytest.raises(ImageFault, match="8 x 24, its frame 16 x 24") as caught:
        sources.open_source(tree, "train").read(0)
    assert caught.value.path == label


@pytest.mark.parametrize("name, fact", [("tpu", "auto, cpu, gpu, npu"), ("npu", "npu_bridge")])
def test_a_device_that_cannot_be_had_is_refused_with_what_can_be_done(name, fact):
    with pytest.raises(ToolkitError, match=fact) as caught:
        device.choose(name)
    assert caught.value.remedy
