"""What the adapter's passes look for in a graph and a session: nodes and attributes with names of their own, and the
entries of a configuration. They need no adapter, so that a graph can be checked without one."""

import contextlib
import json
import os
from typing import Any, Dict, Iterator, Mapping, Optional

import tensorflow.compat.v1 as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from .graph_check.loop_rules import LOOP, VARIABLES
from .graph_check.session_rules import OPTIMIZER
from .needs import Needs
from .npu_options import Value
from .precision import FLOAT32, MIXED

PRECISIONS = {MIXED: "allow_mix_precision", FLOAT32: "force_fp32"}


def session_config(precision: str, per_call: int, options: Mapping[str, Value]) -> tf.ConfigProto:
    """A session that trains, `per_call` steps a call. precision: of PRECISIONS; options: further ones."""
    ours = {"use_off_line": True, "enable_data_pre_proc": True, "iterations_per_loop": per_call}
    return _config(precision, dict(ours, **options))


def inference_config(precision: str, options: Mapping[str, Value]) -> tf.ConfigProto:
    """A session that is handed its data: without enable_data_pre_proc, which belongs to a training's dataset."""
    data = ("enable_data_pre_proc", "iterations_per_loop")
    return _config(precision, dict({"use_off_line": True}, **{k: v for k, v in options.items() if k not in data}))


def _config(precision: str, options: Dict[str, Value]) -> tf.ConfigProto:
    config = tf.ConfigProto(allow_soft_placement=True)
    rewrite = config.graph_options.rewrite_options
    rewrite.remapping = rewrite.memory_optimization = RewriterConfig.OFF
    adapter = rewrite.custom_optimizers.add()
    adapter.name = OPTIMIZER
    if "precision_mode_v2" not in options:
        options = dict({"precision_mode": PRECISIONS[precision]}, **options)
    for key, value in options.items():
        _set(adapter.parameter_map[key], value)
    return config


def _set(entry: Any, value: Value) -> None:
    if isinstance(value, bool):
        entry.b = value
    elif isinstance(value, int):
        entry.i = value
    else:
        entry.s = value.encode("utf-8")


def profiling(folder: Optional[str]) -> Dict[str, Value]:
    """The options that write a profile of the card into `folder`."""
    if folder is None:
        return {}
    switches = dict.fromkeys(("training_trace", "task_trace", "aicpu", "hccl"), "on")
    return {"profiling_mode": True, "profiling_options": json.dumps(dict(switches, output=os.path.abspath(folder)))}


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


def needs(per_call: int) -> Needs:
    """What a graph for the card looks like, built without the adapter: all but a loss scale, whose ops are its own."""
    made = Needs(keep_float32, dense_loss=True, has_clock=False)
    return made._replace(repeated=repeated) if per_call > 1 else made
