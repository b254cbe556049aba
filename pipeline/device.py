"""Where the network runs: which device is there, and a session on it."""

import contextlib
from typing import Callable, ContextManager, NamedTuple, Optional

import tensorflow.compat.v1 as tf

from camvid_tools.errors import ToolkitError

from . import npu

NAMES = ("auto", "cpu", "gpu", "npu")


def _as_is(operation: tf.Operation) -> tf.Operation:
    return operation


class Needs(NamedTuple):
    """What a device asks of a graph that is built for it.

    precise: a context for what has to stay in float32; dense_loss: it has kernels for one-hot labels only; has_clock: a
    clock in the graph tells the host's time; repeated: from the operation of one step to what a call runs.
    """

    precise: Callable[[], ContextManager] = contextlib.nullcontext
    dense_loss: bool = False
    has_clock: bool = True
    repeated: Callable[[tf.Operation], tf.Operation] = _as_is


HOST = Needs()


class Device(NamedTuple):
    """A chosen device. `threads`: for operators on the host, None leaves it to TensorFlow."""

    name: str
    threads: Optional[int]

    def session(self, graph: tf.Graph) -> tf.Session:
        """A session for `graph` on this device; use it as a context manager, so that it is closed."""
        hidden = {"GPU": 0} if self.name == "cpu" else {}
        config = tf.ConfigProto(allow_soft_placement=True, device_count=hidden)
        config.gpu_options.allow_growth = True
        if self.threads:
            config.intra_op_parallelism_threads = self.threads
            config.inter_op_parallelism_threads = self.threads
        return tf.Session(graph=graph, config=config)


def choose(name: str, threads: Optional[int] = None) -> Device:
    """The device of that name; `auto` takes a GPU where TensorFlow sees one. ToolkitError if it is missing."""
    if name not in NAMES:
        raise ToolkitError("no device '%s'" % name, remedy="there are %s" % ", ".join(NAMES))
    if name == "npu":
        npu.require()
    has_gpu = name != "cpu" and _sees_gpu()
    if name == "gpu" and not has_gpu:
        raise ToolkitError(
            "TensorFlow %s sees no GPU" % tf.VERSION, remedy="use --device cpu, or a build for your card"
        )
    return Device("gpu" if has_gpu else "cpu", threads)


def _sees_gpu() -> bool:
    """Asks TensorFlow without taking the card's memory."""
    if hasattr(tf.config, "list_physical_devices"):
        return bool(tf.config.list_physical_devices("GPU"))
    return bool(tf.config.experimental.list_physical_devices("GPU"))
