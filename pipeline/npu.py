"""The Ascend adapter. The only module that may know npu_bridge, which comes with CANN, never from pip.

What it builds itself are the marks that the adapter's passes look for: nodes and attributes with names of their own,
and the entries of a session's configuration. They need no adapter, so that a graph can be checked without one.
"""

import contextlib
import importlib.util
from typing import Any, Iterator, Mapping

import tensorflow.compat.v1 as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from camvid_tools.errors import ToolkitError

from .graph_check.loop_rules import LOOP, VARIABLES
from .graph_check.session_rules import OPTIMIZER
from .npu_options import Value

PRECISIONS = {"mixed": "allow_mix_precision", "float32": "force_fp32"}


def require() -> None:
    """ToolkitError unless the network can run on an Ascend card from here, which this version cannot yet do."""
    if importlib.util.find_spec("npu_bridge") is None:
        raise ToolkitError(
            "--device npu needs npu_bridge, which comes with Ascend's CANN toolkit and is not installed here",
            remedy="use --device cpu or gpu; the same run can go on from its checkpoint elsewhere; "
            "python -m train.graph_check says what can be told without a card",
        )
    raise ToolkitError(
        "this version does not drive the Ascend card yet, though npu_bridge is installed",
        remedy="use --device cpu, or a later version",
    )


def session_config(precision: str, per_call: int, options: Mapping[str, Value]) -> tf.ConfigProto:
    """A session on the card that makes `per_call` steps a call. precision: of PRECISIONS; options: further ones."""
    config = tf.ConfigProto(allow_soft_placement=True)
    rewrite = config.graph_options.rewrite_options
    rewrite.remapping = rewrite.memory_optimization = RewriterConfig.OFF
    adapter = rewrite.custom_optimizers.add()
    adapter.name = OPTIMIZER
    ours = {"use_off_line": True, "enable_data_pre_proc": True, "iterations_per_loop": per_call}
    if "precision_mode_v2" not in options:
        ours["precision_mode"] = PRECISIONS[precision]
    for key, value in dict(ours, **options).items():
        _set(adapter.parameter_map[key], value)
    return config


def _set(entry: Any, value: Value) -> None:
    if isinstance(value, bool):
        entry.b = value
    elif isinstance(value, int):
        entry.i = value
    else:
        entry.s = value.encode("utf-8")


@contextlib.contextmanager
def keep_float32() -> Iterator[None]:
    """Operations built in here keep their types under mixed precision: what the adapter's keep_dtype_scope does."""
    with tf.get_default_graph()._attr_scope({"_keep_dtype": attr_value_pb2.AttrValue(i=1)}):
        yield


def repeated(train_op: tf.Operation) -> tf.Operation:
    """What a call of many steps runs, with the variables in which the card counts them; to be built once, at the
    graph's top level. The same nodes as of the adapter's util.set_iteration_per_loop."""
    for name in VARIABLES:
        local = [tf.GraphKeys.LOCAL_VARIABLES]
        zero = tf.zeros_initializer()
        tf.get_variable(name, [], tf.int64, zero, trainable=False, collections=local, use_resource=True)
    return tf.group(train_op, name=LOOP)
