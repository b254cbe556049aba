"""The Ascend adapter. The only module that may know npu_bridge, which comes with CANN, never from pip.

Its modules are imported by name and inside functions: one import of npu_init by its star would replace Session, and no
part of it can be imported without a card's software. Only what all releases from r1.2.0 to master have is called.
"""

import contextlib
import importlib
import importlib.util
import os
import time
from typing import Any, Dict, Iterator, List, Mapping, Optional

import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault, ToolkitError

from . import npu_marks, offload, peers
from .needs import Minimiser, Needs, Training
from .precision import DYNAMIC, FIRST_SCALE, GROWS_EVERY, HALVES_EVERY, NO_SCALE


def require() -> None:
    """ToolkitError where no adapter is installed."""
    if importlib.util.find_spec("npu_bridge") is None:
        raise ToolkitError(
            "--device npu needs npu_bridge, which comes with Ascend's CANN toolkit and is not installed here",
            remedy="use --device cpu or gpu; the same run can go on from its checkpoint elsewhere; "
            "python -m train.graph_check says what can be told without a card",
        )
    try:
        importlib.import_module("npu_bridge.estimator.npu.util")
    except ImportError as error:
        raise ToolkitError(
            "npu_bridge is installed and cannot be loaded: %s" % error,
            remedy="source CANN's set_env.sh; adapter and CANN have to be of one release",
        ) from None


class Card:
    """An Ascend card, driven through the adapter. One training uses one of it, in this order: `needs` for its graph,
    `prepare`, `training_session`, `begin` once the variables have their values."""

    name = "npu"

    def __init__(self, training: Training, environ: Mapping[str, str]) -> None:
        self._training, self._shows_log = training, offload.may_be_shown(environ)
        self.steps_a_run = training.per_call
        self._loop: Any = None
        self.peers = peers.ALONE
        self._offloaded: Optional[bool] = None
        self._first_call_s: Optional[float] = None
        self._since = time.time()

    @property
    def needs(self) -> Needs:
        """What a graph for this device has to look like."""
        from npu_bridge.estimator.npu import npu_scope

        made = Needs(npu_scope.keep_dtype_scope, True, False, self._repeated, self._minimiser)
        return made._replace(over_ranks=self._mean) if self._training.ranks.size > 1 else made

    def _repeated(self, train_op: tf.Operation) -> tf.Operation:
        if self._training.per_call == 1:
            return train_op
        from npu_bridge.estimator.npu import util

        self._loop = util.IterationPerLoop()
        return self._loop.create_iteration_per_loop_var(train_op=train_op)

    def _minimiser(self, optimiser: tf.train.Optimizer, step: Any) -> Minimiser:
        """Scaled gradients are summed over the ranks, then scaled back; all ranks skip an update, or none does."""
        many = self._training.ranks.size > 1
        optimiser = _Counting(optimiser, step)
        if many:
            from npu_bridge.estimator.npu.npu_optimizer import NPUDistributedOptimizer

            optimiser = NPUDistributedOptimizer(optimizer=optimiser)
        if self._training.loss_scale == NO_SCALE:
            return Minimiser(optimiser)
        from npu_bridge.estimator.npu.npu_loss_scale_optimizer import NPULossScaleOptimizer

        manager = self._manager()
        scaled = NPULossScaleOptimizer(opt=optimiser, loss_scale_manager=manager, is_distributed=many)
        return Minimiser(scaled, manager.get_loss_scale())

    def _manager(self) -> Any:
        from npu_bridge.estimator.npu import npu_loss_scale_manager as managers

        if self._training.loss_scale != DYNAMIC:
            return managers.FixedLossScaleManager(loss_scale=self._training.loss_scale)
        return managers.ExponentialUpdateLossScaleManager(
            init_loss_scale=FIRST_SCALE,
            incr_every_n_steps=GROWS_EVERY,
            decr_every_n_nan_or_inf=HALVES_EVERY,
            incr_ratio=2,
            decr_ratio=0.5,
        )

    def training_session(self, graph: tf.Graph) -> tf.Session:
        """A session that takes its data by itself and makes `steps_a_run` steps a run."""
        return tf.Session(graph=graph, config=self.training_config())

    def session(self, graph: tf.Graph) -> tf.Session:
        """A session for inference: its data come from the host with each run."""
        return tf.Session(graph=graph, config=self.inference_config())

    def training_config(self) -> tf.ConfigProto:
        """The configuration of `training_session`."""
        options = dict(npu_marks.profiling(self._training.profile), **self._training.options)
        return npu_marks.session_config(self._training.precision, self._training.per_call, options)

    def inference_config(self) -> tf.ConfigProto:
        """The configuration of `session`. Precision is that of the process's first session, so the same is said here:
        the adapter would pass over another one."""
        return npu_marks.inference_config(self._training.precision, self._training.options)

    def join(self) -> None:
        """Nothing to wait for: cards find each other with their first exchange."""

    def prepare(self, variables: List[Any]) -> None:
        """Add to the default graph what several ranks need; see peers.Peers. The adapter's own broadcast copies
        trainable variables alone: averages and the global step would differ."""
        if self._training.ranks.size > 1:
            self.peers = peers.Peers(peers.Engine(self._mean, _from_first), variables)

    def _mean(self, tensor: tf.Tensor) -> tf.Tensor:
        from npu_bridge.hccl import hccl_ops

        return hccl_ops.allreduce(tensor=tensor, reduction="sum", fusion=0) / self._training.ranks.size

    def begin(self, session: tf.Session, facts: Mapping[str, str]) -> None:
        """Load what the card counts by, after every initialiser: one of local variables would set it to zero again."""
        self.peers.begin(session, facts)
        if self._loop is not None:
            self._loop.load_iteration_per_loop_var(sess=session, iterations_per_loop=self._training.per_call)

    @contextlib.contextmanager
    def first_call(self) -> Iterator[None]:
        """Around the first call of a training, which compiles it; RunFault if all of it stayed on the host."""
        begin = time.monotonic()
        with offload.Watch() as watch:
            yield
        self._first_call_s = round(time.monotonic() - begin, 3)
        self._offloaded = watch.seen if watch.seen or self._shows_log else None
        if self._offloaded is False:
            raise RunFault(
                "nothing was compiled for the card: the training would run on the host",
                remedy="docs/ascend.md names the causes; TF_CPP_MIN_LOG_LEVEL=1 goes on without looking for the line "
                "in the log that says so",
            )

    def report(self) -> Dict[str, Any]:
        """What did the work, for the run's JSON: None is what is not known."""
        return {
            "device": self.name,
            "offloaded": self._offloaded,
            "first_call_s": self._first_call_s,
            "ops_on_host": offload.left_on_host(os.getcwd(), self._since),
        }


def _from_first(tensor: tf.Tensor, name: str) -> tf.Tensor:
    from npu_bridge.hccl import hccl_ops

    return hccl_ops.broadcast(tensor=[tensor], root_rank=0, fusion=0)[0]


class _Counting(tf.train.Optimizer):
    """Counts the step whatever a wrapper hands on: where overflow gives infinities, the adapter's loss scale of r1.13
    and later calls it without the step, which would stand still."""

    def __init__(self, optimiser: tf.train.Optimizer, step: Any) -> None:
        super().__init__(False, optimiser.get_name())
        self._optimiser, self._step = optimiser, step

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._optimiser.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: Optional[str] = None) -> Any:
        return self._optimiser.apply_gradients(grads_and_vars, self._step, name)
