"""Weights that do not fit, and what they are told to be."""

import struct
import zipfile

import h5py
import numpy as np
import pytest

import torch_writing
from weight_files import Frontend, lite_state, random_state, resnet_shapes


def test_a_deeper_resnet_is_not_cut_down_to_a_shallower_one(tmp_path):
    state = random_state(resnet_shapes((3, 4, 6, 3), False))
    torch_writing.save(str(tmp_path / "w.pth"), torch_writing.state_dict(state), is_legacy=False)
    assert Frontend("resnet34").load(tmp_path / "w.pth").left_over == ("fc.bias", "fc.weight")
    with pytest.raises(ValueError, match="has layer1.2.*, for which resnet18 has no place"):
        Frontend("resnet18").load(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda s: s.pop("_blocks.3._project_conv.weight"), r"has no _blocks.3._project_conv.weight: 1 of the 240"),
        (lambda s: s.update({"_bn0.weight": np.ones(31, np.float32)}), r"_bn0.weight has shape \(31,\)"),
        (lambda s: s.update({"_bn0.weight": np.full(32, np.nan, np.float32)}), "_bn0.weight is not finite"),
        (lambda s: s.update({"_bn0.running_var": np.full(32, -1, np.float32)}), "_bn0.running_var is negative"),
        (
            lambda s: s.update({"_blocks.16._expand_conv.weight": np.ones((6, 1, 1, 1), np.float32)}),
            "has _blocks.16._expand_conv.weight, for which efficientnet_lite0 has no place.*larger network",
        ),
        (lambda s: [s.pop(k) for k in list(s) if not k.startswith("_conv_stem")], "239 of the 240"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_the_first_that_does_not(tmp_path, spoil, says):
    state, path = lite_state(), str(tmp_path / "w.pth")
    spoil(state)
    torch_writing.save(path, torch_writing.state_dict(state), is_legacy=False)
    with pytest.raises(ValueError, match=says):
        Frontend("efficientnet_lite0").load(path)


@pytest.mark.parametrize(
    "key, frontend, says",
    [
        (
            "layer1.0.conv1.weight",
            "efficientnet_lite0",
            "another network, torchvision's ResNet.*takes those of Efficient",
        ),
        ("resnet_v1_50/conv1/weights", "resnet50", "strides in the last unit of a block"),
        ("conv2_block1_1_conv/kernel", "resnet50", "strides on the first 1x1 of a block"),
        ("combine_path/logits/weights", "xception39", "the model zoo's BiSeNet"),
        ("a/weight", "resnet18", "no known origin"),
    ],
)
def test_weights_of_another_network_are_named_for_what_they_are(tmp_path, key, frontend, says):
    np.savez(str(tmp_path / "w.npz"), **{key: np.ones(3, np.float32)})
    with pytest.raises(ValueError, match=says):
        Frontend(frontend).load(tmp_path / "w.npz")


def declares(folder, shape):
    """An .npz whose array is said to be far larger than the file, and an HDF5 with one that was never written."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % str(shape).encode()
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(str(folder / "w.npz"), "w") as archive:
        archive.writestr("stem.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with h5py.File(str(folder / "w.h5"), "w") as file:
        file.attrs["layer_names"] = [b"stem"]
        layer = file.create_group("stem")
        layer.attrs["weight_names"] = [b"kernel:0"]
        layer.create_dataset("kernel:0", shape=shape, dtype="f4", chunks=(1 << 20,))


@pytest.mark.parametrize("name", ["w.npz", "w.h5"])
def test_a_file_that_declares_more_than_memory_holds_is_refused(tmp_path, name):
    declares(tmp_path, (10**13,))
    with pytest.raises(ValueError, match="damaged|declares 40000 GB"):
        Frontend("xception39").load(tmp_path / name)


def test_an_npz_with_something_that_is_no_array_is_refused_by_its_name(tmp_path):
    with zipfile.ZipFile(str(tmp_path / "w.npz"), "w") as archive:
        archive.writestr("frontend/stem/kernel", b"text")
    with pytest.raises(ValueError, match="frontend/stem/kernel, which is no array"):
        Frontend("xception39").load(tmp_path / "w.npz")


@pytest.mark.parametrize("content", [b"", b"hello, no weights", b"\x89HDF\r\n\x1a\nbroken", b"PK\x03\x04broken"])
def test_a_file_that_is_no_weights_is_refused(tmp_path, content):
    (tmp_path / "w.bin").write_bytes(content)
    with pytest.raises((ValueError, OSError)):
        Frontend("xception39").load(tmp_path / "w.bin")
