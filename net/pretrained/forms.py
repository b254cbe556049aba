"""File formats of weights: how each is recognised, read, and laid out, and what it calls the parts of a layer."""

import os
import zipfile
import zlib
from typing import Callable, Dict, NamedTuple, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from . import torch_file

Tensors = Dict[str, np.ndarray]


class Form(NamedTuple):
    """A format's words: what follows a layer's key for each of our variables, and how it lays out a kernel: from it,
    and whether it is a depthwise one, to ours, [kh,kw,in,out]."""

    name: str
    kernel: str
    depthwise: str
    bias: str
    norm: Dict[str, str]
    laid_out: Callable[[np.ndarray, bool], np.ndarray]


def _from_torch(kernel: np.ndarray, is_depthwise: bool) -> np.ndarray:
    if kernel.ndim == 2:  # a dense layer, for us a 1x1 convolution
        return kernel.T[None, None]
    return kernel.transpose(2, 3, 0, 1) if is_depthwise else kernel.transpose(2, 3, 1, 0)


def _as_it_is(kernel: np.ndarray, is_depthwise: bool) -> np.ndarray:
    return kernel


def _same_words(before: str) -> Dict[str, str]:
    return {word: before + word for word in ("gamma", "beta", "moving_mean", "moving_variance")}


TORCH_NORM = {"gamma": ".weight", "beta": ".bias", "moving_mean": ".running_mean", "moving_variance": ".running_var"}
TORCH = Form("PyTorch", ".weight", ".weight", ".bias", TORCH_NORM, _from_torch)
SLIM = Form("TF-slim", "/weights", "/depthwise_weights", "/biases", _same_words("/"), _as_it_is)
KERAS = Form("Keras", "/kernel", "/depthwise_kernel", "/bias", _same_words("/"), _as_it_is)
OURS = Form("this toolkit", "/kernel", "/kernel", "/bias", _same_words("/"), _as_it_is)

HDF5, ZIP, TORCH_LEGACY = b"\x89HDF", b"PK", b"\x80\x02"
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, LookupError, EOFError, OSError, RuntimeError)
MOST_BYTES = 1 << 32  # of all arrays of a file: more than ten times what the largest frontend has
AVERAGE = "/ExponentialMovingAverage"


def read(path: str) -> Tensors:
    """All tensors of a weight file by the names that it has for them; `path` may be a checkpoint's prefix. OSError if
    it cannot be read, ValueError if it is damaged or of no known format."""
    if not os.path.exists(path) and os.path.exists(path + ".index"):
        return _checkpoint(path)  # the prefix of several files
    with open(path, "rb") as file:
        begin = file.read(4)
    if begin == HDF5:
        return _keras(path)
    if begin.startswith(ZIP) and not _is_of_torch(path):
        return _npz(path)
    if begin.startswith((ZIP, TORCH_LEGACY)):
        return torch_file.read(path)
    return _checkpoint(path)


def _is_of_torch(path: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except ZIP_DAMAGE as error:
        raise ValueError("is damaged (%s)" % error) from None


def _npz(path: str) -> Tensors:
    try:
        with np.load(path, allow_pickle=False) as held:
            _bound(sum(entry.file_size for entry in held.zip.infolist()))
            tensors = {name: held[name] for name in held.files}
    except ZIP_DAMAGE + (MemoryError,) as error:
        raise ValueError("is damaged (%s)" % error) from None
    foreign = [name for name, value in tensors.items() if not isinstance(value, np.ndarray)]
    if foreign:
        raise ValueError("holds %s, which is no array" % foreign[0])
    return tensors


def _bound(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError("declares %.0f GB, more than weights have" % (size / 1e9))


def _checkpoint(path: str) -> Tensors:
    """A TensorFlow checkpoint, of one file or of several; where it has a variable's moving average, that."""
    prefix = path[: -len(".index")] if path.endswith(".index") else path
    try:
        reader = tf.train.NewCheckpointReader(prefix)
        names = reader.get_variable_to_shape_map()
        plain = [name for name in names if not name.endswith(AVERAGE)]
        return {name: reader.get_tensor(name + AVERAGE if name + AVERAGE in names else name) for name in plain}
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        text = str(error).splitlines()[0]
        raise ValueError("is no weight file of a known format, or damaged (%s)" % text) from None


def _keras(path: str) -> Tensors:
    """The weights of a Keras model, saved alone or with the model: named by the layers' attributes."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            layers = [_text(name) for name in root.attrs["layer_names"]]
            pairs = [(root[layer], _text(name)) for layer in layers for name in root[layer].attrs["weight_names"]]
            _bound(sum(layer[name].size * layer[name].dtype.itemsize for layer, name in pairs))
            return {name.partition(":")[0]: np.asarray(layer[name]) for layer, name in pairs}
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("holds no Keras weights, or is damaged (%s)" % error) from None


def _text(name: object) -> str:
    return name.decode("utf-8") if isinstance(name, bytes) else str(name)


def described(tensors: Tensors, most: int = 3) -> str:
    """Some names, for people."""
    names: Tuple[str, ...] = tuple(sorted(tensors))
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")
