"""The model zoo's own training graph, in what matters to a card: its data, what a step fetches, its session.

Rebuilt from its description: decoding in TensorFlow, augmentation of whole float32 frames, a shuffle after it, a
one-shot iterator, running metrics in the step, variables in TensorFlow's default form, one step a call.
"""

import tensorflow.compat.v1 as tf

from cards import OFF

CLASSES = 32
SIZE = (2, 64, 64)


def graph():
    """The graph and the name of what a step fetches."""
    made = tf.Graph()
    with made.as_default():
        image, label = tf.data.make_one_shot_iterator(_data()).get_next()
        kernel = tf.get_variable("kernel", [3, 3, 3, CLASSES])
        scores = tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "SAME")
        truth = tf.one_hot(label, CLASSES)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=truth, logits=scores))
        with tf.variable_scope("train"):
            step = tf.get_variable("global_step", [], tf.int64, tf.zeros_initializer(), trainable=False)
        update = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss, global_step=step)
        found = tf.argmax(scores, axis=-1)
        _, accuracy = tf.metrics.accuracy(label, found)
        _, iou = tf.metrics.mean_iou(label, found, CLASSES)
        return made, tf.group(update, accuracy, iou, name="step").name


def _data():
    def load(name):
        image = tf.image.convert_image_dtype(tf.image.decode_png(tf.read_file(name), 3), tf.float32)
        colours = tf.image.decode_png(tf.read_file(name), 3)
        masks = [tf.reduce_all(tf.equal(colours, tf.constant([i, i, i], tf.uint8)), -1) for i in range(CLASSES)]
        return image, tf.argmax(tf.cast(tf.stack(masks, -1), tf.float32), -1, output_type=tf.int32)

    def augment(image, label):
        image = tf.image.random_brightness(tf.random_crop(image, SIZE[1:] + (3,)), 32 / 255)
        return tf.clip_by_value(image, 0.0, 1.0), tf.random_crop(label, SIZE[1:])

    names = tf.data.Dataset.from_tensor_slices(["a.png", "b.png"])
    return names.map(load).map(augment).shuffle(100).batch(SIZE[0], drop_remainder=True).repeat()


def config():
    """Its session: no word of data, none of steps a call."""
    made = tf.ConfigProto()
    rewrite = made.graph_options.rewrite_options
    one = rewrite.custom_optimizers.add()
    one.name = "NpuOptimizer"
    one.parameter_map["use_off_line"].b = True
    one.parameter_map["precision_mode"].s = b"allow_mix_precision"
    rewrite.remapping = OFF
    return made
