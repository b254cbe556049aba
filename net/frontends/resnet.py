"""ResNet with basic blocks (He et al., CVPR 2016), as torchvision lays it out: ReLU after the sum, stride first."""

from typing import Sequence, Tuple

import tensorflow.compat.v1 as tf

from ..layers import Layers, max_pool

CHANNELS = (64, 128, 256, 512)


def build18(x: tf.Tensor, layers: Layers) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """[N,H,W,3] normalised -> 128, 256 and 512 channels at strides 8, 16 and 32."""
    return _build(x, (2, 2, 2, 2), layers)


def _build(x: tf.Tensor, blocks: Sequence[int], layers: Layers) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    x = layers.conv_norm("stem", x, 64, 7, 2)  # [N,H/2,W/2,64]
    x = max_pool(x, 3, 2)  # [N,H/4,W/4,64]
    taps = []
    for stage, (channels, count) in enumerate(zip(CHANNELS, blocks), 1):
        for block in range(count):
            with tf.variable_scope("layer%d/block%d" % (stage, block + 1)):
                x = _basic(x, channels, 2 if stage > 1 and block == 0 else 1, layers)
        taps.append(x)
    return taps[1], taps[2], taps[3]


def _basic(x: tf.Tensor, channels: int, stride: int, layers: Layers) -> tf.Tensor:
    shortcut = x
    if stride > 1 or int(x.shape[-1]) != channels:
        shortcut = layers.conv_norm("shortcut", x, channels, 1, stride, relu=False)
    x = layers.conv_norm("conv1", x, channels, 3, stride)
    x = layers.conv_norm("conv2", x, channels, 3, relu=False)
    return tf.nn.relu(x + shortcut)
