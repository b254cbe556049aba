"""Horovod, which joins processes on hosts with processors or GPUs. The only module that may know it: it is an extra."""

import importlib
import importlib.util
import os

import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault, ToolkitError, one_line_reason

from .peers import Engine
from .ranks import Ranks

NAME = "horovod.tensorflow"
# Horovod waits 30 s for ranks that start and warns of those that are a minute behind: each reads its data first, at the
# speed of its disk, and rank 0 validates while the others wait.
PATIENCE = {"HOROVOD_GLOO_TIMEOUT_SECONDS": "600", "HOROVOD_STALL_CHECK_TIME_SECONDS": "600"}


def require() -> None:
    """ToolkitError where it is not installed, or not built for this TensorFlow."""
    remedy = "make horovod builds it beside TensorFlow 1.15; docs/distributed.md says more"
    if importlib.util.find_spec("horovod") is None:
        raise ToolkitError("--distributed horovod needs Horovod, which is not installed", remedy=remedy)
    try:
        importlib.import_module(NAME)
    except Exception as error:  # TensorFlow's own errors too, where it was built for another
        reason = one_line_reason(error)
        raise ToolkitError("Horovod is installed and cannot be loaded: %s" % reason, remedy=remedy) from None


class Joined:
    """The ranks of a training, which find each other once a process; after that it must not fork."""

    def __init__(self, ranks: Ranks) -> None:
        for name, seconds in PATIENCE.items():
            os.environ.setdefault(name, seconds)
        self._hvd = importlib.import_module(NAME)
        try:
            self._hvd.init()
        except ValueError as error:
            raise RunFault("the ranks do not find each other: %s" % one_line_reason(error)) from None
        found = Ranks(self._hvd.rank(), self._hvd.size())
        if found != ranks:
            text = "Horovod says rank %d of %d, the environment rank %d of %d"
            raise ToolkitError(text % (found + ranks), remedy="start with horovodrun --gloo")
        self.local_rank = self._hvd.local_rank()
        self.engine = Engine(self._mean, self._from_first)

    def _mean(self, tensor: tf.Tensor) -> tf.Tensor:
        return self._hvd.allreduce(tf.convert_to_tensor(tensor), op=self._hvd.Average)

    def _from_first(self, tensor: tf.Tensor, name: str) -> tf.Tensor:
        return self._hvd.broadcast(tf.convert_to_tensor(tensor), root_rank=0, name=name.replace("/", "."))

    def sharing(self, optimiser: tf.train.Optimizer) -> tf.train.Optimizer:
        """Averages gradients over the ranks before they are given out."""
        return self._hvd.DistributedOptimizer(optimiser, op=self._hvd.Average)
