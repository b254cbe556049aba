"""Reading PyTorch's files: both forms exactly, and nothing that is not made of tensors."""

import collections
import os
import pickle
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import torch_writing
from net.pretrained import torch_file
from torch_writing import Parameter, Storage, Tensor, tensor

FORMS = pytest.mark.parametrize("is_legacy", [True, False], ids=["legacy", "zip"])


@FORMS
def test_tensors_come_back_exactly_whatever_their_strides_offset_or_kind(tmp_path, is_legacy):
    grid = np.arange(24, dtype=np.float32)
    shared = Storage(grid)
    held = collections.OrderedDict(
        plain=tensor(np.arange(6, dtype=np.float64).reshape(2, 3)),
        transposed=Tensor(shared, 0, (4, 6), (1, 4)),
        later=Tensor(shared, 5, (2, 3), (6, 1)),
        half=tensor(np.array([1.5, -2], np.float16)),
        count=tensor(np.array(7, np.int64)),
        none=Tensor(Storage(np.zeros(0, np.float32)), 0, (0, 3), (3, 1)),
        trained=Parameter(tensor(np.float32([3, 1]))),
    )
    path = str(tmp_path / "w.pth")
    torch_writing.save(path, held, is_legacy)
    found = torch_file.read(path)
    assert list(found) == list(held)
    assert np.array_equal(found["plain"], np.arange(6).reshape(2, 3)) and found["plain"].dtype == np.float64
    assert np.array_equal(found["transposed"], grid.reshape(6, 4).T)
    assert np.array_equal(found["later"], [[5, 6, 7], [11, 12, 13]])
    assert found["half"].tolist() == [1.5, -2] and found["count"] == 7 and found["none"].shape == (0, 3)
    assert found["trained"].tolist() == [3, 1]


@FORMS
def test_a_checkpoint_of_a_training_gives_its_weights_alone_and_by_their_plain_names(tmp_path, is_legacy):
    held = {
        "epoch": 3,
        "optimizer": {"state": [tensor(np.zeros(5, np.float32))]},
        "state_dict": torch_writing.state_dict({"module.a.weight": np.float32([1, 2])}),
    }
    path = str(tmp_path / "w.pth")
    torch_writing.save(path, held, is_legacy)
    assert {name: values.tolist() for name, values in torch_file.read(path).items()} == {"a.weight": [1, 2]}


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@FORMS
def test_a_pickle_that_would_run_something_is_refused_by_name_and_runs_nothing(tmp_path, is_legacy):
    path, made = str(tmp_path / "evil.pth"), str(tmp_path / "made")
    torch_writing.save(path, {"a": tensor(np.float32([1])), "b": Evil(made)}, is_legacy)
    with pytest.raises(ValueError, match=r"asks for (posix|nt)\.mkdir, which no weights need"):
        torch_file.read(path)
    assert not os.path.exists(made)


def test_a_pickle_before_the_weights_runs_nothing_either(tmp_path):
    path, made = tmp_path / "evil.pth", str(tmp_path / "made")
    path.write_bytes(pickle.dumps(Evil(made), 2))
    with pytest.raises(ValueError, match="mkdir"):
        torch_file.read(str(path))
    assert not os.path.exists(made)


@FORMS
@pytest.mark.parametrize(
    "size, stride, offset",
    [
        ((4,), (2,), 0),
        ((2, 3), (3, 1), 1),
        ((2,), (-1,), 1),
        ((3,), (1,), -1),
        ((2, 3), (1,), 0),
        ((1 << 40,), (0,), 0),
        (("x", 1 << 33), (1, 1), 0),
        ((-(10**15),), (1,), 0),
        ((1.0,), (1,), 0),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(tmp_path, is_legacy, size, stride, offset):
    path = str(tmp_path / "w.pth")
    torch_writing.save(path, {"a": Tensor(Storage(np.zeros(6, np.float32)), offset, size, stride)}, is_legacy)
    with pytest.raises(ValueError, match="outside its storage|impossible shape|many times the numbers"):
        torch_file.read(path)


@FORMS
def test_numbers_that_numpy_has_not_are_refused_by_name(tmp_path, is_legacy):
    path = str(tmp_path / "w.pth")
    brain = Storage(np.zeros(4, np.uint8), "BFloat16Storage")
    torch_writing.save(path, {"a": Tensor(brain, 0, (2,), (1,))}, is_legacy)
    with pytest.raises(ValueError, match="BFloat16Storage"):
        torch_file.read(path)


@FORMS
def test_what_holds_no_tensors_by_name_is_refused(tmp_path, is_legacy):
    path = str(tmp_path / "w.pth")
    torch_writing.save(path, [tensor(np.float32([1]))], is_legacy)
    with pytest.raises(ValueError, match="no tensors by name"):
        torch_file.read(path)


@given(st.data())
def test_a_file_that_was_cut_off_or_has_a_wrong_byte_is_read_or_refused_and_never_more(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("spoilt")
    path = str(folder / "w.pth")
    is_legacy = data.draw(st.booleans())
    torch_writing.save(path, torch_writing.state_dict({"a.weight": np.ones((2, 3), np.float32)}), is_legacy)
    with open(path, "rb") as file:
        whole = bytearray(file.read())
    if data.draw(st.booleans()):
        spoilt = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        spoilt = whole
        spoilt[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with open(path, "wb") as file:
        file.write(spoilt)
    try:
        assert all(isinstance(values, np.ndarray) for values in torch_file.read(path).values())
    except ValueError as fault:
        assert str(fault)


@pytest.mark.parametrize("kind", [8, 12, 14])  # deflated, bzip2, lzma
def test_an_entry_that_one_wrong_byte_calls_compressed_is_refused(kind, tmp_path):
    path = str(tmp_path / "w.pth")
    torch_writing.save(path, torch_writing.state_dict({"a.weight": np.ones((2, 3), np.float32)}), False)
    with open(path, "rb") as file:
        whole = file.read()
    entries = [match.start() + 10 for match in re.finditer(b"PK\x01\x02", whole)]
    assert len(entries) >= 3
    for at in entries:
        with open(path, "wb") as file:
            file.write(whole[:at] + bytes([kind]) + whole[at + 1 :])
        with pytest.raises(ValueError, match="compressed"):
            torch_file.read(path)


def test_storages_that_grow_when_they_are_unpacked_are_refused(tmp_path):
    plain, packed = str(tmp_path / "w.pth"), str(tmp_path / "packed.pth")
    torch_writing.save(plain, torch_writing.state_dict({"a": np.zeros(1000, np.float32)}), is_legacy=False)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(ValueError, match="compressed or locked"):
        torch_file.read(packed)


@FORMS
def test_a_thousand_names_for_one_storage_are_refused(tmp_path, is_legacy):
    path, shared = str(tmp_path / "w.pth"), Storage(np.zeros(50, np.float32))
    torch_writing.save(path, {"a%d" % i: Tensor(shared, 0, (50,), (1,)) for i in range(1000)}, is_legacy)
    with pytest.raises(ValueError, match="many times the numbers"):
        torch_file.read(path)


@pytest.mark.parametrize(
    "pickled, says",
    [
        (b"\x80\x02}r\xff\xff\xff\x7f.", "LONG_BINPUT 2147483647"),  # a memory of two thousand million places
        (b"\x80\x05\x96\x00\x00\x00\x00\x02\x00\x00\x00.", "8589934592 bytes in a bytearray8|opcode .* unknown"),
        (b"\x80\x02cos\nsystem\n.", "os.system"),
        (b"\x80\x02I1\n.", "the instruction INT"),
    ],
)
def test_instructions_that_no_weights_need_are_refused_before_they_are_followed(tmp_path, pickled, says):
    with zipfile.ZipFile(str(tmp_path / "w.pth"), "w") as archive:
        archive.writestr("weights/data.pkl", pickled)
    with pytest.raises(ValueError, match=says):
        torch_file.read(str(tmp_path / "w.pth"))


def test_another_zip_file_is_refused(tmp_path):
    path = str(tmp_path / "w.pth")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "no weights")
    with pytest.raises(ValueError, match="none of torch.save"):
        torch_file.read(path)
