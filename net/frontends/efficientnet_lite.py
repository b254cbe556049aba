"""EfficientNet-Lite 0, 1 and 2: EfficientNet (Tan and Le, ICML 2019) with ReLU6 and without squeeze-and-excitation.

Layout of tensorflow/tpu models/official/efficientnet/lite. Its weights were trained with SAME padding, whose maps lie
at 8i+7, 16i+15 and 32i+31; padding alike gives the same features a few pixels to the side, at 8i, 16i and 32i, where
all other maps of this package lie. `Layers.same` brings the original back.
"""

from typing import Callable, List, NamedTuple, Sequence, Tuple

import tensorflow.compat.v1 as tf

from ..layers import Layers, global_mean

EPSILON = 1e-3
STEM, HEAD, EXPANSION = 32, 1280, 6  # the same for all sizes


class Stage(NamedTuple):
    """Blocks that share a size: only the first has the stride."""

    kernel: int
    stride: int
    channels: int
    blocks: int


STRIDES_AND_KERNELS = ((3, 1), (3, 2), (5, 2), (3, 2), (5, 1), (5, 2), (3, 1))
ENDS_OF_STRIDE = (2, 4, 6)  # the stages after which a tap is taken


def _stages(channels: Sequence[int], blocks: Sequence[int]) -> List[Stage]:
    return [Stage(kernel, stride, *rest) for (kernel, stride), *rest in zip(STRIDES_AND_KERNELS, channels, blocks)]


LITE0 = _stages((16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1))
LITE1 = _stages((16, 24, 40, 80, 112, 192, 320), (1, 3, 3, 4, 4, 5, 1))
LITE2 = _stages((16, 24, 48, 88, 120, 208, 352), (1, 3, 3, 4, 4, 5, 1))

Build = Callable[[tf.Tensor, Layers], Tuple[tf.Tensor, tf.Tensor, tf.Tensor]]


def builder(stages: Sequence[Stage]) -> Build:
    """The frontend of these stages: [N,H,W,3] normalised -> maps at strides 8, 16 and 32."""

    def build(x: tf.Tensor, layers: Layers) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        layers = layers.like(epsilon=EPSILON, relu=tf.nn.relu6)
        x = layers.conv_norm("stem", x, STEM, 3, 2)  # [N,H/2,W/2,32]
        taps, number = [], 0
        for place, stage in enumerate(stages):
            for block in range(stage.blocks):
                with tf.variable_scope("block%d" % number):
                    expansion = 1 if place == 0 else EXPANSION
                    x = _block(x, stage, stage.stride if block == 0 else 1, expansion, layers)
                number += 1
            if place in ENDS_OF_STRIDE:
                taps.append(x)
        return taps[0], taps[1], taps[2]

    return build


def _block(x: tf.Tensor, stage: Stage, stride: int, expansion: int, layers: Layers) -> tf.Tensor:
    """Expand, filter each channel, project; the sum with its input where the shape allows it."""
    shortcut, channels = x, int(x.shape[-1])
    if expansion > 1:
        x = layers.conv_norm("expand", x, expansion * channels, 1)
    x = layers.depthwise_norm("depthwise", x, stage.kernel, stride)
    x = layers.conv_norm("project", x, stage.channels, 1, relu=False)
    return x + shortcut if stride == 1 and channels == stage.channels else x


def classify(x: tf.Tensor, layers: Layers, classes: int = 1000) -> tf.Tensor:
    """The classifier's end, from the stride-32 map to logits [N,classes]: what proves that weights were read right."""
    layers = layers.like(epsilon=EPSILON, relu=tf.nn.relu6)
    with tf.variable_scope("classifier"):
        x = global_mean(layers.conv_norm("conv", x, HEAD, 1))
        with tf.variable_scope("classes"):
            return tf.squeeze(layers.conv(x, classes, 1, bias=True), [1, 2])
