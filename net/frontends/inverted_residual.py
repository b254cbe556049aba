"""MobileNetV2 and EfficientNet-Lite: inverted residuals with linear bottlenecks, ReLU6, no squeeze-and-excitation.

Sandler et al., MobileNetV2, CVPR 2018; Tan and Le, EfficientNet, ICML 2019; the Lite sizes as tensorflow/tpu
models/official/efficientnet/lite lays them out. Their weights were trained with SAME padding, whose maps lie at 8i+7,
16i+15 and 32i+31; padding alike gives the same features a few pixels to the side, at 8i, 16i and 32i, where all other
maps of this package lie. `Layers.same` brings the original back.
"""

from typing import Callable, List, NamedTuple, Sequence, Tuple

import tensorflow.compat.v1 as tf

from ..layers import Layers, global_mean

EPSILON = 1e-3
STEM, HEAD = 32, 1280  # channels before the first block and before the classifier


class Stage(NamedTuple):
    """Blocks of one size; the stride is the first one's."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


MOBILENET_V2 = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(3, 2, 6, 32, 3),
    Stage(3, 2, 6, 64, 4),
    Stage(3, 1, 6, 96, 3),
    Stage(3, 2, 6, 160, 3),
    Stage(3, 1, 6, 320, 1),
)
LITE0 = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)
ENDS_OF_STRIDE = (0, 1, 2, 4, 6)  # the stages after which a tap is taken: the last of strides 2 to 32


def _resized(channels: Sequence[int], blocks: Sequence[int]) -> Tuple[Stage, ...]:
    return tuple(stage._replace(channels=c, blocks=b) for stage, c, b in zip(LITE0, channels, blocks))


LITE1 = _resized((16, 24, 40, 80, 112, 192, 320), (1, 3, 3, 4, 4, 5, 1))
LITE2 = _resized((16, 24, 48, 88, 120, 208, 352), (1, 3, 3, 4, 4, 5, 1))


def builder(stages: Sequence[Stage]) -> Callable[[tf.Tensor, Layers], List[tf.Tensor]]:
    """The frontend of these stages: [N,H,W,3] normalised -> maps at strides 2 to 32."""

    def build(x: tf.Tensor, layers: Layers) -> List[tf.Tensor]:
        layers = layers.like(relu=tf.nn.relu6)
        x = layers.conv_norm("stem", x, STEM, 3, 2)  # [N,H/2,W/2,32]
        taps, number = [], 0
        for place, stage in enumerate(stages):
            for block in range(stage.blocks):
                with tf.variable_scope("block%d" % number):
                    x = _block(x, stage, stage.stride if block == 0 else 1, layers)
                number += 1
            if place in ENDS_OF_STRIDE:
                taps.append(x)
        return taps

    return build


def _block(x: tf.Tensor, stage: Stage, stride: int, layers: Layers) -> tf.Tensor:
    """Expand, filter each channel, project; the sum with its input where the shape allows it."""
    shortcut, channels = x, int(x.shape[-1])
    if stage.expansion > 1:
        x = layers.conv_norm("expand", x, stage.expansion * channels, 1)
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
