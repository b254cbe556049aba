"""Where the network runs: which device is there, and a session on it."""

import contextlib
import os
from typing import Any, ContextManager, Dict, List, Optional, Union

import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from camvid_tools.errors import ToolkitError

from . import npu
from .needs import HOST, INFERENCE, Minimiser, Needs, Training
from .precision import DYNAMIC, FIRST_SCALE, FLOAT32, GROWS_EVERY, MIXED, NO_SCALE

NAMES = ("auto", "cpu", "gpu", "npu")


class Host:
    """A processor or GPU that TensorFlow itself drives. `threads`: for operators, None leaves it to TensorFlow."""

    steps_a_run = 1

    def __init__(self, name: str, threads: Optional[int] = None, training: Training = INFERENCE) -> None:
        self.name, self._threads, self._training = name, threads, training

    @property
    def needs(self) -> Needs:
        """What a graph for this device has to look like."""
        return HOST if self._training.loss_scale == NO_SCALE else HOST._replace(minimiser=self._scaled)

    def session(self, graph: tf.Graph) -> tf.Session:
        """A session for `graph` on this device; use it as a context manager, so that it is closed."""
        hidden = {"GPU": 0} if self.name == "cpu" else {}
        config = tf.ConfigProto(allow_soft_placement=True, device_count=hidden)
        config.gpu_options.allow_growth = True
        if self._training.precision == MIXED:
            config.graph_options.rewrite_options.auto_mixed_precision = RewriterConfig.ON
        if self._threads:
            config.intra_op_parallelism_threads = self._threads
            config.inter_op_parallelism_threads = self._threads
        return tf.Session(graph=graph, config=config)

    training_session = session

    def _scaled(self, optimiser: tf.train.Optimizer, step: Any) -> Minimiser:
        """TensorFlow's own loss scale: it skips updates whose gradients are not finite."""
        experimental = tf.train.experimental
        if self._training.loss_scale == DYNAMIC:
            scale = experimental.DynamicLossScale(FIRST_SCALE, GROWS_EVERY, 2.0)
        else:
            scale = experimental.FixedLossScale(self._training.loss_scale)
        return Minimiser(experimental.MixedPrecisionLossScaleOptimizer(optimiser, scale), scale())

    def prepare(self, variables: List[Any]) -> None:
        """Nothing to add to a graph."""

    def begin(self, session: tf.Session) -> None:
        """Nothing to load after the variables have their values."""

    def agree(self, session: tf.Session, stop: bool) -> bool:
        """Whether any rank is to stop."""
        return stop

    def first_call(self) -> ContextManager[None]:
        """Around the first call of a training."""
        return contextlib.nullcontext()

    def report(self) -> Dict[str, Any]:
        """What did the work, for the run's JSON."""
        return {"device": self.name}


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
