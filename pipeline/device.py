"""Where the network runs: which device is there."""

import os
from typing import Optional, Union

import tensorflow.compat.v1 as tf

from camvid_tools.errors import ToolkitError

from . import npu
from .host import Host
from .needs import INFERENCE, Training
from .precision import FLOAT32, NO_SCALE

NAMES = ("auto", "cpu", "gpu", "npu")


Device = Union[Host, npu.Card]


def choose(name: str, threads: Optional[int] = None, training: Training = INFERENCE) -> Device:
    """The device of that name; `auto` takes a GPU where TensorFlow sees one. ToolkitError if it is missing."""
    if name not in NAMES:
        raise ToolkitError("no device '%s'" % name, remedy="there are %s" % ", ".join(NAMES))
    if name == "npu":
        npu.require()
        return npu.Card(training, os.environ)
    has_gpu = name != "cpu" and _sees_gpu()
    if name == "gpu" and not has_gpu:
        raise ToolkitError(
            "TensorFlow %s sees no GPU" % tf.VERSION, remedy="use --device cpu, or a build for your card"
        )
    if not has_gpu and (training.precision, training.loss_scale) != (FLOAT32, NO_SCALE):
        raise ToolkitError(
            "a processor computes in float32, and its loss needs no scale",
            remedy="give --precision float32 --loss_scale none, or --device gpu or npu",
        )
    if training.options:
        raise ToolkitError("--npu_option needs --device npu", remedy="leave it out")
    return Host("gpu" if has_gpu else "cpu", threads, training)


def _sees_gpu() -> bool:
    """Asks TensorFlow without taking the card's memory."""
    if hasattr(tf.config, "list_physical_devices"):
        return bool(tf.config.list_physical_devices("GPU"))
    return bool(tf.config.experimental.list_physical_devices("GPU"))
