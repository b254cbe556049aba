"""ResNet (He et al., CVPR 2016) as torchvision lays it out: ReLU after the sum, the stride in a stage's first block.

Of the two shapes of block the larger networks take the one with a bottleneck, whose stride is on its 3x3 convolution
(torchvision's choice; other collections put it elsewhere, and their weights do not belong here).
"""

from typing import Callable, List, Sequence

import tensorflow.compat.v1 as tf

from ..layers import Layers, max_pool

CHANNELS = (64, 128, 256, 512)
EXPANSION = 4  # of a bottleneck

Block = Callable[[tf.Tensor, int, int, Layers], tf.Tensor]


def builder(blocks: Sequence[int], bottleneck: bool) -> Callable[[tf.Tensor, Layers], List[tf.Tensor]]:
    """The frontend with so many blocks a stage: [N,H,W,3] normalised -> 64, 64, 128, 256 and 512 channels at strides 2
    to 32, of bottlenecks four times as many from stride 4 on."""
    block = _bottleneck if bottleneck else _basic

    def build(x: tf.Tensor, layers: Layers) -> List[tf.Tensor]:
        x = layers.conv_norm("stem", x, 64, 7, 2)  # [N,H/2,W/2,64]
        taps = [x]
        x = max_pool(x, 3, 2)  # [N,H/4,W/4,64]
        for stage, (channels, count) in enumerate(zip(CHANNELS, blocks), 1):
            for number in range(count):
                with tf.variable_scope("layer%d/block%d" % (stage, number + 1)):
                    x = block(x, channels, 2 if stage > 1 and number == 0 else 1, layers)
            taps.append(x)
        return taps

    return build


def _basic(x: tf.Tensor, channels: int, stride: int, layers: Layers) -> tf.Tensor:
    shortcut = _shortcut(x, channels, stride, layers)
    x = layers.conv_norm("conv1", x, channels, 3, stride)
    x = layers.conv_norm("conv2", x, channels, 3, relu=False)
    return tf.nn.relu(x + shortcut)


def _bottleneck(x: tf.Tensor, channels: int, stride: int, layers: Layers) -> tf.Tensor:
    shortcut = _shortcut(x, EXPANSION * channels, stride, layers)
    x = layers.conv_norm("conv1", x, channels, 1)
    x = layers.conv_norm("conv2", x, channels, 3, stride)
    x = layers.conv_norm("conv3", x, EXPANSION * channels, 1, relu=False)
    return tf.nn.relu(x + shortcut)


def _shortcut(x: tf.Tensor, channels: int, stride: int, layers: Layers) -> tf.Tensor:
    if stride == 1 and int(x.shape[-1]) == channels:
        return x
    return layers.conv_norm("shortcut", x, channels, 1, stride, relu=False)
