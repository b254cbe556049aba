"""Sessions on the card: TensorFlow's own, whose runs are played as the adapter's passes and the graph engine do."""

import contextlib
import functools
import json
import os

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.python.client import session as tf_session

from . import _journal, _reach

COMPILED = (
    "2026-01-01 00:00:00.000000: I tf_adapter/kernels/geop_npu.cc:805] "
    "The model has been compiled on the Ascend AI processor, current graph id is: %d\n"
)
VARIABLES = "npu_runconfig/"
_played = [True]
_of_the_process = {}  # what the first session says of it


@contextlib.contextmanager
def unplayed():
    """Runs in here are the adapter's own."""
    before, _played[0] = _played[0], False
    try:
        yield
    finally:
        _played[0] = before


def install():
    """Play every session whose configuration names the optimizer."""
    base = tf_session.BaseSession
    begin, run, close = base.__init__, base.run, base.close

    @functools.wraps(begin)
    def play_begin(self, target="", graph=None, config=None):
        begin(self, target, graph, config)
        named = [] if config is None else list(config.graph_options.rewrite_options.custom_optimizers)
        found = [one for one in named if one.name == "NpuOptimizer"]
        self._card = Card(self, found[0].parameter_map, config, run) if found else None

    @functools.wraps(run)
    def play_run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        plain = functools.partial(run, self, fetches, feed_dict, options, run_metadata)
        card = getattr(self, "_card", None)
        return plain() if card is None or not _played[0] else card.run(fetches, feed_dict, plain)

    @functools.wraps(close)
    def play_close(self):
        if getattr(self, "_card", None) is not None:
            self._card.close()
            self._card = None
        close(self)

    base.__init__, base.run, base.close = play_begin, play_run, play_close


def _read(entry):
    """What the C++ reads of an option depends on its slot alone; shown here by the slot that is set."""
    slot = entry.WhichOneof("value")
    value = getattr(entry, slot) if slot else None
    return value.decode() if isinstance(value, bytes) else value


class Card:
    """What one session has on the card."""

    def __init__(self, session, options, config, run):
        self._session, self._plain, self._options = session, functools.partial(run, session), options
        self._started, self._compiled, self._left = set(), set(), {}
        said = {key: _read(options[key]) for key in sorted(options)}
        _of_the_process.setdefault("precision", said.get("precision_mode"))
        rewrite = config.graph_options.rewrite_options
        _journal.write(
            "session",
            options=said,
            remapping=rewrite.remapping,
            memory_optimization=rewrite.memory_optimization,
            precision=_of_the_process["precision"],
        )
        if "iterations_per_loop" in options and options["iterations_per_loop"].i < 1:
            raise SystemError("Aborted: iterator_per_loop should be int and must >= 1")

    def _flag(self, key, default):
        return self._options[key].b if key in self._options else default

    def _is_used(self):
        job = self._options["job"].s if "job" in self._options else b"localhost"
        silent = bool(os.environ.get("STANDIN_SILENT"))
        return self._flag("use_off_line", True) and job not in (b"ps", b"default") and not silent

    def run(self, fetches, feed_dict, plain):
        """Run as the card would."""
        fetched = _reach.elements(self._session.graph, fetches)
        fed = _reach.fed(self._session.graph, feed_dict)
        nodes = _reach.nodes(fetched, fed)
        makers = [node for node in nodes if node.type.startswith("MakeIterator")]
        count = 1 if makers or not self._is_used() else self._count(fetched, nodes, fed)
        _journal.write(
            "run",
            fetches=sorted({_reach.operation(one).name for one in fetched}),
            makes_iterator=bool(makers),
            iterations=count,
            on_card=self._is_used() and not makers,
            session=id(self._session),
        )
        if not self._is_used():
            return plain()
        if makers:
            return self._make(makers, nodes, plain)
        self._take(nodes)
        self._compile(fetched)
        self._left.update({node.name: node.type for node in nodes if node.type in _unsupported()})
        return self._repeat(count, nodes, feed_dict, fetches, plain)

    def _make(self, makers, nodes, plain):
        """The host's part: a run with an iterator's start leaves the variables that it sets empty on the card."""
        found = plain()
        self._started |= {source.op.name for maker in makers for source in maker.inputs}
        for node in nodes:
            if node.type in ("Assign", "AssignVariableOp"):
                value = node.inputs[1]
                self._plain(node, {value: np.zeros(value.shape.as_list(), value.dtype.as_numpy_dtype)})
        return found

    def _take(self, nodes):
        """Data that nobody sends are waited for until the time is over."""
        if self._flag("enable_data_pre_proc", False):
            for node in nodes:
                if node.type == "IteratorGetNext" and node.inputs[0].op.name not in self._started:
                    raise tf.errors.InternalError(
                        None, None, "E30008 AI CPU operator execution time out, aicpu_getnext"
                    )

    def _compile(self, fetched):
        """Each set of fetches is a graph of its own; that it was compiled is told by TensorFlow's LOG(INFO)."""
        key = tuple(sorted(one.name for one in fetched))
        if key not in self._compiled:
            self._compiled.add(key)
            if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "0") == "0":
                os.write(2, (COMPILED % (10 * len(self._compiled) + 1)).encode())

    def _count(self, fetched, nodes, fed):
        """How often the card would run these nodes."""
        asked = self._options["iterations_per_loop"].i if "iterations_per_loop" in self._options else 1
        if asked == 1:
            return 1
        if any(node.type == "OneShotIterator" for node in nodes):
            raise SystemError("Aborted: iterator_per_loop only support 1 when using OneShotIterator")
        named = any(one.name == "IterationOp" for one in fetched)
        static = all(map(_reach.is_static, nodes)) and all(one.shape.is_fully_defined() for one in fed)
        if not named or self._flag("mix_compile_mode", False) or not static:
            return 1
        return self._bound()

    def _bound(self):
        """By the four variables: again while loop_cond, which goes up by one each time, is below the bound; then it is
        zero again."""
        try:
            names = [VARIABLES + name for name in ("iterations_per_loop", "loop_cond", "zero", "one")]
            bound, count, zero, one = self._plain([name + "/Read/ReadVariableOp:0" for name in names])
        except (KeyError, ValueError, tf.errors.OpError):  # not there, or never loaded
            return 1
        if count != zero:
            left = self._session.graph.get_operation_by_name(VARIABLES + "loop_cond/Assign")
            self._plain(left, {left.inputs[1]: zero})
        return 1 + (len(range(int(count), int(bound), int(one))) if one > 0 else 0)

    def _repeat(self, count, nodes, feed_dict, fetches, plain):
        taken = [out for node in nodes if node.type == "IteratorGetNext" for out in node.outputs]
        same = feed_dict or not self._flag("enable_data_pre_proc", False)
        try:
            if count == 1 or not same:
                return [plain() for _ in range(count)][-1]
            feed = dict(feed_dict or {})
            feed.update(zip(taken, self._plain(taken, feed_dict)))  # what comes from the host comes once a run
            return [self._plain(fetches, feed) for _ in range(count)][-1]
        except tf.errors.OutOfRangeError:
            raise
        except tf.errors.OpError as error:
            if not any(_blames(error, out.op) for out in taken):
                raise  # of another op: a rank that does not come is named
            text = "Host queue send abnormal data with status : INTERNAL: %s\n" % error.message
            os.write(2, text.encode())
            raise tf.errors.InternalError(None, None, "GEOP::::DoRunAsync Failed\nError Message is : \n") from None

    def close(self):
        """The end of a session, when the report on ops is written."""
        _journal.write("close")
        if self._left:
            ops = [
                {"name": n, "type": t, "is_support": False, "not_support_reason": {"code": 3, "message": "planted"}}
                for n, t in sorted(self._left.items())
            ]
            with open("check_result.tf.json", "w", encoding="utf-8") as file:
                json.dump({"op": ops}, file)


def _blames(error, op):
    return any(before + op.name in error.message for before in ("[[", "[[node ", "[[{{node "))


def _unsupported():
    return os.environ.get("STANDIN_UNSUPPORTED", "").split(",")
