"""From batches in numpy to tf.data with fully static shapes: where the feed meets TensorFlow.

One `tf.numpy_function` a batch, prefetch last: then an NPU's adapter leaves the whole chain on the host and sends
finished batches, and no shape is unknown.
"""

from typing import Callable

import numpy as np
import tensorflow.compat.v1 as tf

from .spec import BatchSpec

PREFETCHED = 2


def dataset(make: Callable, spec: BatchSpec, first: int, last: int, threads: int) -> "tf.data.Dataset":
    """Batches first..last-1 of `make`, in order, made by up to `threads` threads ahead of the consumer."""

    def load(number: tf.Tensor):
        image, label = tf.numpy_function(make, [number], [tf.uint8, tf.uint8])
        image.set_shape(spec.image_shape)
        label.set_shape(spec.label_shape)
        return image, label

    numbers = tf.data.Dataset.range(np.int64(first), np.int64(last))
    made = numbers.map(load, num_parallel_calls=threads).prefetch(PREFETCHED)
    return made.with_options(_options(threads))


def _options(threads: int) -> "tf.data.Options":
    """Threads of its own, so that making batches never waits for a thread that computes the network; and no thread that
    tunes: there is nothing to tune, and on TensorFlow 2.21 a session that closes now and then waits for its next turn,
    half a minute and more."""
    options = tf.data.Options()
    threading = options.threading if hasattr(options, "threading") else options.experimental_threading
    threading.private_threadpool_size = threads + 1
    if hasattr(options, "autotune"):
        options.autotune.enabled = False
    else:
        options.experimental_optimization.autotune = False
    return options


def iterator(data: "tf.data.Dataset") -> "tf.data.Iterator":
    """An initializable iterator; its initializer is to be run alone."""
    return tf.data.make_initializable_iterator(data)
