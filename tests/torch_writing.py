"""Writes files as torch.save does, without PyTorch: what the reader of them is tried on.

The pickle names functions and classes of modules that are not here, so that empty ones stand in while it is made.
"""

import collections
import contextlib
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np

MAGIC, PROTOCOL = 119547037146038801333356, 1001
MACHINE = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
STORAGES = {"f4": "FloatStorage", "f8": "DoubleStorage", "f2": "HalfStorage", "i8": "LongStorage", "u1": "ByteStorage"}


class Storage:
    """The elements that tensors share."""

    def __init__(self, values, kind=None):
        self.values = np.ascontiguousarray(values).ravel()
        self.kind = kind or STORAGES[self.values.dtype.str[1:]]


class Tensor:
    """A view of a storage; offset and stride count elements."""

    def __init__(self, storage, offset, size, stride):
        self.made_of = (storage, offset, tuple(size), tuple(stride), False, collections.OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.made_of


class Parameter:
    """A tensor that is trained."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_parameter, (self.tensor, True, collections.OrderedDict())


def tensor(values):
    """A tensor with a storage of its own."""
    values = np.ascontiguousarray(values)
    return Tensor(Storage(values), 0, values.shape, [n // values.itemsize for n in values.strides])


def state_dict(arrays):
    """Arrays by name as tensors by name."""
    return collections.OrderedDict((name, tensor(values)) for name, values in arrays.items())


@contextlib.contextmanager
def _modules():
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in list(STORAGES.values()) + ["BFloat16Storage"]:
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
        function = types.FunctionType((lambda *given: None).__code__, {}, name)
        function.__module__, function.__qualname__ = "torch._utils", name
        setattr(utils, name, function)
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield torch
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


class _Pickler(pickle.Pickler):
    def __init__(self, file, torch, is_legacy):
        super().__init__(file, 2)
        self.torch, self.is_legacy, self.storages = torch, is_legacy, {}

    def persistent_id(self, thing):
        if not isinstance(thing, Storage):
            return None
        key = self.storages.setdefault(id(thing), (str(len(self.storages)), thing))[0]
        pid = ("storage", getattr(self.torch, thing.kind), key, "cpu", thing.values.size)
        return pid + (None,) if self.is_legacy else pid


def save(path, held, is_legacy):
    """What torch.save(held, path) leaves, in the form of before 1.6 or after."""
    with _modules() as torch:
        pickled = io.BytesIO()
        pickler = _Pickler(pickled, torch, is_legacy)
        pickler.dump(held)
    storages = dict(pickler.storages.values())
    if is_legacy:
        with open(path, "wb") as file:
            for part in (MAGIC, PROTOCOL, MACHINE):
                pickle.dump(part, file, 2)
            file.write(pickled.getvalue())
            pickle.dump(sorted(storages), file, 2)
            for key in sorted(storages):
                file.write(struct.pack("<q", storages[key].values.size) + storages[key].values.tobytes())
        return
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights/data.pkl", pickled.getvalue())
        archive.writestr("weights/byteorder", "little")
        for key, storage in storages.items():
            archive.writestr("weights/data/" + key, storage.values.tobytes())
        archive.writestr("weights/version", "3\n")
