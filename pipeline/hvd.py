"""Horovod, which joins processes on hosts with processors or GPUs. The only module that may know it: it is an extra."""

import importlib
import importlib.util
from typing import Any

import tensorflow.compat.v1 as tf

from camvid_tools.errors import ToolkitError

from .peers import Engine
from .ranks import Ranks

NAME = "horovod.tensorflow"


def require() -> None:
    """ToolkitError where it is not installed, or not built for this TensorFlow."""
    remedy = "make horovod builds it beside TensorFlow 1.15; docs/distributed.md says more"
    if importlib.util.find_spec("horovod") is None:
        raise ToolkitError("--distributed horovod needs Horovod, which is not installed", remedy=remedy)
    try:
        importlib.import_module(NAME)
    except ImportError as error:
        line = str(error).splitlines()[0]
        raise ToolkitError("Horovod is installed and cannot be loaded: %s" % line, remedy=remedy) from None


def join(ranks: Ranks) -> Any:
    """Horovod's module once the ranks have found each other, which they do once a process; after that it must not
    fork."""
    hvd = importlib.import_module(NAME)
    hvd.init()
    if (hvd.rank(), hvd.size()) != tuple(ranks):
        raise ToolkitError(
            "Horovod says rank %d of %d, the environment %d of %d" % (hvd.rank(), hvd.size(), *ranks),
            remedy="start with horovodrun and Gloo",
        )
    return hvd


def engine(hvd: Any) -> Engine:
    """Its exchanges."""
    return Engine(
        lambda tensor: hvd.allreduce(tf.convert_to_tensor(tensor), op=hvd.Average),
        lambda tensor: hvd.broadcast(tf.convert_to_tensor(tensor), root_rank=0),
    )
