"""Scopes for ops."""

import contextlib

import tensorflow.compat.v1 as tf
from tensorflow.core.framework import attr_value_pb2


@contextlib.contextmanager
def keep_dtype_scope():
    """Ops made in here keep their types."""
    with tf.get_default_graph()._attr_scope({"_keep_dtype": attr_value_pb2.AttrValue(i=1)}):
        yield
