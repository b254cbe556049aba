"""tf.data with TensorFlow's own operations, as one would write it by hand: the window first, uint8 out.

Runs in the toolkit's environments, on TensorFlow 1.15 and 2.
"""

from typing import Any, Iterable, Tuple

import harness
import numpy as np
import tensorflow.compat.v2 as tf

MID_GREY = 128.0
Sample = Tuple[Any, Any]


def uniform(low: float, high: float) -> Any:
    """One number."""
    return tf.random.uniform([], low, high)


def window(frame_hw: Any, work: harness.Work) -> Tuple[Any, Any, Any]:
    """A random factor's window: first row and column, height and width in the frame, height and width when scaled."""
    scale = uniform(*work.scale)
    frame = tf.cast(frame_hw, tf.float32)
    scaled = tf.minimum(tf.round(frame * scale), [float(work.height), float(work.width)])
    size = tf.minimum(tf.round(scaled / scale), frame)
    start = tf.floor(tf.random.uniform([2]) * (frame - size + 1))
    return tuple(tf.cast(one, tf.int32) for one in (start, size, scaled))


def augment(images: Any, labels: Any, index: Any, work: harness.Work) -> Sample:
    """All of the work on frame `index` of images [F,h,w,3] and labels [F,h,w,1], uint8: image [H,W,3] and ids [H,W]."""
    start, size, scaled = window(tf.shape(labels)[1:3], work)
    image, ids = cut(images, index, start, size), cut(labels, index, start, size)
    image = tf.image.resize(image, scaled, method="bilinear")
    ids = tf.image.resize(ids, scaled, method="nearest")
    shift = uniform(-work.brightness, work.brightness)
    image = (image - MID_GREY) * uniform(*work.contrast) + (MID_GREY + shift)
    image = tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)
    image, ids = tf.cond(
        uniform(0.0, 1.0) < work.flip,
        lambda: (tf.image.flip_left_right(image), tf.image.flip_left_right(ids)),
        lambda: (image, ids),
    )
    return pad(image, ids, scaled, work)


def cut(frames: Any, index: Any, start: Any, size: Any) -> Any:
    """A window [h,w,C] of frame `index`, without a copy of the rest."""
    begin = tf.concat([[tf.cast(index, tf.int32)], start, [0]], 0)
    return tf.slice(frames, begin, tf.concat([[1], size, [frames.shape[3]]], 0))[0]


def pad(image: Any, ids: Any, scaled: Any, work: harness.Work) -> Sample:
    """Both at a random place of the output. tf.pad knows one value only, so each colour is padded by itself."""
    free = tf.constant([work.height, work.width]) - scaled
    before = tf.cast(tf.floor(tf.random.uniform([2]) * tf.cast(free + 1, tf.float32)), tf.int32)
    margins = tf.stack([before, free - before], axis=1)
    planes = [tf.pad(image[..., i], margins, constant_values=work.pad_colour[i]) for i in range(3)]
    ids = tf.pad(ids[..., 0], margins, constant_values=work.pad_label)
    image = tf.reshape(tf.stack(planes, axis=-1), [work.height, work.width, 3])
    return image, tf.reshape(ids, [work.height, work.width])


def batches(work: harness.Work, read: Any) -> Iterable[harness.Batch]:
    """Batches without end; `read` gives frames, their ids and which of them is meant by an index."""
    data = tf.data.Dataset.range(work.frames).shuffle(work.frames).repeat()
    data = data.map(lambda index: augment(*read(index), work=work), num_parallel_calls=1)
    return data.batch(work.batch_size, drop_remainder=True).prefetch(1)


def png(work: harness.Work) -> Iterable[harness.Batch]:
    """From the PNG tree; colours become ids by a table of all colours."""
    images, labels, table = tf.constant(work.images), tf.constant(work.labels), tf.constant(work.id_table())

    def read(index: Any) -> Tuple[Any, Any, Any]:
        image = tf.io.decode_png(tf.io.read_file(images[index]), channels=3)
        colours = tf.cast(tf.io.decode_png(tf.io.read_file(labels[index]), channels=3), tf.int32)
        codes = tf.reduce_sum(colours * [65536, 256, 1], axis=-1, keepdims=True)
        return image[tf.newaxis], tf.gather(table, codes)[tf.newaxis], 0

    return batches(work, read)


def arrays(work: harness.Work) -> Iterable[harness.Batch]:
    """From decoded frames, held in memory as one tensor."""
    images, labels = (tf.constant(np.asarray(one)) for one in work.arrays())
    labels = labels[..., tf.newaxis]
    return batches(work, lambda index: (images, labels, index))


def versions():
    """Of what decides the speed."""
    return {"tensorflow": tf.__version__}


if __name__ == "__main__":
    tf.compat.v1.enable_v2_behavior()
    harness.main({"png": png, "arrays": arrays}, versions)
