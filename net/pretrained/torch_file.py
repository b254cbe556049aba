"""PyTorch's files (.pth) read without PyTorch: the legacy form and the zip form of 1.6 and later.

The pickle inside may name only what tensors are made of; every number in it is checked against the bytes that are
there, so that a hostile file ends in ValueError. Forms after torch/serialization.py and torch/_utils.py.
"""

import collections
import functools
import io
import operator
import os
import pickle
import pickletools
import struct
import zipfile
from typing import Any, BinaryIO, Callable, Dict, NamedTuple, Tuple

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
OPCODES = set(
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE "
    "BINSTRING SHORT_BINSTRING EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM "
    "SETITEMS GLOBAL STACK_GLOBAL REDUCE BUILD BINPERSID BINPUT LONG_BINPUT BINGET LONG_BINGET MEMOIZE".split()
)
MOST_COPIES = 4  # of each stored number: weights may be tied, but not without end
ZIP, LEGACY = b"PK", b"\x80\x02"


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    numel: int


class _Tensor(NamedTuple):
    """A tensor before its storage is read; offset and stride count elements."""

    storage: _Storage
    offset: int
    size: Tuple[int, ...]
    stride: Tuple[int, ...]


def read(path: str) -> Dict[str, np.ndarray]:
    """The tensors of a state dict by name, also one that is wrapped as `state_dict` or whose names begin with
    `module.`; ValueError if the file is damaged, is no state dict, or asks for anything but tensors."""
    with open(path, "rb") as file:
        return _read(file)


def _read(file: BinaryIO) -> Dict[str, np.ndarray]:
    try:
        begin = file.read(2)
        file.seek(0)
        if begin != ZIP and begin != LEGACY:
            raise ValueError("is no file of torch.save")
        return _zip(file) if begin == ZIP else _legacy(file)
    except (pickle.UnpicklingError, EOFError, struct.error, zipfile.BadZipFile, LookupError, OSError) as error:
        raise ValueError("is damaged, or no file of torch.save (%s)" % error) from None
    except (AttributeError, TypeError, OverflowError, MemoryError, RuntimeError) as error:
        raise ValueError("is no state dict of torch.save (%s: %s)" % (type(error).__name__, error)) from None


def _legacy(file: BinaryIO) -> Dict[str, np.ndarray]:
    """Magic number, version, machine, the object, the keys of the storages, then each storage with its length."""
    if (_Plain(file).load(), _Plain(file).load()) != (MAGIC, PROTOCOL):
        raise ValueError("is no file of torch.save")
    if _Plain(file).load()["little_endian"] is not True:
        raise ValueError("was written on a big-endian machine")
    pickled = _Tensors(file)
    tensors = _state_dict(pickled.load())
    declared, keys, arrays = pickled.storages, _Plain(file).load(), {}
    if set(declared) - set(keys):
        raise ValueError("lacks the storage %s" % sorted(set(declared) - set(keys))[0])
    end = os.fstat(file.fileno()).st_size
    for key in keys:
        (numel,) = struct.unpack("<q", file.read(8))
        if key not in declared or numel != declared[key].numel:
            raise ValueError("has a storage '%s' of %d elements that nothing declares" % (key, numel))
        if _bytes_of(declared[key]) > end - file.tell():
            raise ValueError("is cut off in storage %s" % key)
        arrays[key] = np.frombuffer(file.read(_bytes_of(declared[key])), declared[key].dtype)
    if file.read(1):
        raise ValueError("goes on after its end")
    return _views(tensors, arrays)


def _zip(file: BinaryIO) -> Dict[str, np.ndarray]:
    """`ROOT/data.pkl`, and a stored entry `ROOT/data/KEY` for each storage."""
    with zipfile.ZipFile(file) as archive:
        if any(held.compress_type != zipfile.ZIP_STORED or held.flag_bits & 1 for held in archive.infolist()):
            raise ValueError("has a compressed or locked entry, which torch.save does not write")
        names = archive.namelist()
        roots = [name[: -len("data.pkl")] for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError("is a zip file, but none of torch.save")
        root = roots[0]
        if root + "byteorder" in names and archive.read(root + "byteorder") != b"little":
            raise ValueError("was written on a big-endian machine")
        tensors = _state_dict(_Tensors(io.BytesIO(archive.read(root + "data.pkl"))).load())
        arrays = {}
        for storage in {tensor.storage for tensor in tensors.values()}:
            entry = root + "data/" + storage.key
            if archive.getinfo(entry).file_size != _bytes_of(storage):
                raise ValueError("storage %s has not the length that is declared" % storage.key)
            arrays[storage.key] = np.frombuffer(archive.read(entry), storage.dtype)
        return _views(tensors, arrays)


def _bytes_of(storage: _Storage) -> int:
    return storage.numel * storage.dtype.itemsize


def _views(tensors: Dict[str, _Tensor], arrays: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    asked = sum(functools.reduce(operator.mul, tensor.size, 1) for tensor in tensors.values())
    if asked > MOST_COPIES * sum(len(values) for values in arrays.values()):
        raise ValueError("asks for many times the numbers that it holds")
    return {name: _view(tensor, arrays) for name, tensor in tensors.items()}


def _view(tensor: _Tensor, arrays: Dict[str, np.ndarray]) -> np.ndarray:
    """A copy of the elements, once all of them are known to lie inside the storage."""
    storage, offset, size, stride = tensor
    if 0 in size:
        return np.zeros(size, storage.dtype)
    count = functools.reduce(operator.mul, size, 1)  # exact, however large; expanded views ask for memory without end
    if count > storage.numel or offset + sum((n - 1) * step for n, step in zip(size, stride)) >= storage.numel:
        raise ValueError("has a tensor that lies outside its storage")
    steps = [step * storage.dtype.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(arrays[storage.key][offset:], size, steps).copy()


def _state_dict(held: Any) -> Dict[str, _Tensor]:
    """The names and tensors of what was pickled; whatever else a checkpoint of a training holds is left."""
    if isinstance(held, dict) and isinstance(held.get("state_dict"), dict):
        held = held["state_dict"]
    found = {}
    for name, value in held.items() if isinstance(held, dict) else ():
        if isinstance(name, str) and isinstance(value, _Tensor):
            found[name[len("module.") :] if name.startswith("module.") else name] = value
    if not found:
        raise ValueError("holds no tensors by name; a state dict is due")
    return found


def _bounded(file: BinaryIO) -> BinaryIO:
    """The next pickle of a file, once every instruction in it is known to be one that weights need: others, and places
    in the memory of the reader beyond what was put there, could make it ask for any amount of memory."""
    begin = file.tell()
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if opcode.name not in OPCODES or opcode.name in ("BINPUT", "LONG_BINPUT") and argument > count:
            raise pickle.UnpicklingError(
                "it has the instruction %s %s, which no weights need" % (opcode.name, argument)
            )
    size = file.tell() - begin
    file.seek(begin)
    return io.BytesIO(file.read(size))


class _Plain(pickle.Unpickler):
    """Numbers, texts, lists and dicts, and nothing by name."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(_bounded(file))

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError("it asks for %s.%s, which no weights need: not loaded" % (module, name))


class _Tensors(_Plain):
    """What tensors are made of, by the names that PyTorch gives it. storages: those that were referred to, by key."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: Dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in DTYPES:
            return np.dtype(DTYPES[name])
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, numel = pid[:5]
        if kind != "storage" or not isinstance(dtype, np.dtype) or any(rest is not None for rest in pid[5:]):
            raise pickle.UnpicklingError("it refers to something that is no storage")
        if not isinstance(key, str) or not isinstance(numel, int) or numel < 0:
            raise pickle.UnpicklingError("it declares a storage without key or length")
        return self.storages.setdefault(key, _Storage(key, dtype, numel))


def _tensor(storage: _Storage, offset: int, size: Tuple, stride: Tuple, *unused: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("it makes a tensor of something that is no storage")
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride) or any(not isinstance(n, int) or n < 0 for n in (offset,) + size + stride):
        raise ValueError("has a tensor of impossible shape")  # before anything is counted with it
    return _Tensor(storage, offset, size, stride)


def _parameter(data: _Tensor, *unused: Any) -> _Tensor:
    return data


_ALLOWED: Dict[Tuple[str, str], Callable] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
