"""A processor or GPU that TensorFlow itself drives, alone or as one of several ranks under Horovod."""

import contextlib
from typing import Any, ContextManager, Dict, List, Mapping, Optional

import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from . import hvd, peers
from .needs import HOST, INFERENCE, Minimiser, Needs, Training
from .precision import DYNAMIC, FIRST_SCALE, GROWS_EVERY, MIXED, NO_SCALE


class Host:
    """`threads`: for operators, None leaves it to TensorFlow."""

    steps_a_run = 1

    def __init__(self, name: str, threads: Optional[int] = None, training: Training = INFERENCE) -> None:
        self.name, self._threads, self._training = name, threads, training
        self._joined: Optional[hvd.Joined] = None
        self.peers = peers.ALONE

    @property
    def needs(self) -> Needs:
        """What a graph for this device has to look like."""
        over_ranks = None if self._joined is None else self._joined.engine.mean
        return HOST._replace(minimiser=self._minimiser, over_ranks=over_ranks)

    def join(self) -> None:
        """Wait for the other ranks, before anything else is asked for and after whatever forks."""
        if self._training.ranks.size > 1:
            self._joined = hvd.Joined(self._training.ranks)

    def session(self, graph: tf.Graph) -> tf.Session:
        """A session for `graph` on this device; use it as a context manager, so that it is closed."""
        hidden = {"GPU": 0} if self.name == "cpu" else {}
        config = tf.ConfigProto(allow_soft_placement=True, device_count=hidden)
        config.gpu_options.allow_growth = True
        if self.name == "gpu" and self._joined is not None:
            config.gpu_options.visible_device_list = str(self._joined.local_rank)
        if self._training.precision == MIXED:
            config.graph_options.rewrite_options.auto_mixed_precision = RewriterConfig.ON
        if self._threads:
            config.intra_op_parallelism_threads = self._threads
            config.inter_op_parallelism_threads = self._threads
        return tf.Session(graph=graph, config=config)

    training_session = session

    def _minimiser(self, optimiser: tf.train.Optimizer, step: Any) -> Minimiser:
        """Scaled gradients are averaged over the ranks, then scaled back; all ranks skip an update, or none does."""
        if self._joined is not None:
            optimiser = self._joined.sharing(optimiser)
        return Minimiser(optimiser) if self._training.loss_scale == NO_SCALE else self._scaled(optimiser)

    def _scaled(self, optimiser: tf.train.Optimizer) -> Minimiser:
        """TensorFlow's own loss scale: it skips updates whose gradients are not finite."""
        experimental = tf.train.experimental
        if self._training.loss_scale == DYNAMIC:
            scale = experimental.DynamicLossScale(FIRST_SCALE, GROWS_EVERY, 2.0)
        else:
            scale = experimental.FixedLossScale(self._training.loss_scale)
        return Minimiser(experimental.MixedPrecisionLossScaleOptimizer(optimiser, scale), scale())

    def prepare(self, variables: List[Any]) -> None:
        """Add to the default graph what several ranks need; see peers.Peers."""
        if self._joined is not None:
            self.peers = peers.Peers(self._joined.engine, variables)

    def begin(self, session: tf.Session, facts: Mapping[str, str]) -> None:
        """What is to be done once the variables have their values; facts: see peers.FACTS."""
        self.peers.begin(session, facts)

    def first_call(self) -> ContextManager[None]:
        """Around the first call of a training."""
        return contextlib.nullcontext()

    def report(self) -> Dict[str, Any]:
        """What did the work, for the run's JSON."""
        return {"device": self.name}
