"""ResNet v2 (He et al., Identity Mappings in Deep Residual Networks, ECCV 2016) as TF-slim lays it out.

Norm and ReLU come before the convolutions, and the stride is in the last unit of a block, so that the output of block
2 has stride 16 where other layouts have 8. A sum inside the network has neither norm nor ReLU: a tap there is what the
next unit makes of it first; that of stride 2 alone is a plain convolution.
"""

from typing import Callable, List, Sequence, Tuple

import tensorflow.compat.v1 as tf

from ..layers import Layers

CHANNELS = (64, 128, 256, 512)
EXPANSION = 4
STRIDES = (2, 2, 2, 1)


def builder(units: Sequence[int]) -> Callable[[tf.Tensor, Layers], List[tf.Tensor]]:
    """The frontend with so many units a block: [N,H,W,3] normalised -> 64, 64, 256, 512 and 2048 channels at
    strides 2 to 32."""

    def build(x: tf.Tensor, layers: Layers) -> List[tf.Tensor]:
        with tf.variable_scope("stem"):
            stem = layers.conv(x, 64, 7, 2, bias=True)  # [N,H/2,W/2,64], no norm and no ReLU yet
        x = _max_pool(stem, 3, 2)  # [N,H/4,W/4,64]
        first: List[tf.Tensor] = []  # of each block: its input, normalised
        for block, (channels, count, stride) in enumerate(zip(CHANNELS, units, STRIDES), 1):
            for unit in range(1, count + 1):
                with tf.variable_scope("block%d/unit%d" % (block, unit)):
                    normalised, x = _unit(x, channels, stride if unit == count else 1, layers)
                    first += [normalised] if unit == 1 else []
        with tf.variable_scope("postnorm"):
            x = layers.relu(layers.norm(x))
        return [stem, *first[:3], x]

    return build


def _unit(x: tf.Tensor, channels: int, stride: int, layers: Layers) -> Tuple[tf.Tensor, tf.Tensor]:
    """The normalised input, and the unit's sum."""
    with tf.variable_scope("preact"):
        normalised = layers.relu(layers.norm(x))
    if int(x.shape[-1]) == EXPANSION * channels:
        shortcut = x[:, ::stride, ::stride] if stride > 1 else x
    else:
        with tf.variable_scope("shortcut"):
            shortcut = layers.conv(normalised, EXPANSION * channels, 1, stride, bias=True)
    y = layers.conv_norm("conv1", normalised, channels, 1)
    y = layers.conv_norm("conv2", y, channels, 3, stride)
    with tf.variable_scope("conv3"):
        return normalised, shortcut + layers.conv(y, EXPANSION * channels, 1, bias=True)


def _max_pool(x: tf.Tensor, size: int, stride: int) -> tf.Tensor:
    """Maximum over windows of values of any sign. Zeros around them could be the largest, so the operator pads, which
    it does alike on all sides at stride 1 alone."""
    return tf.nn.max_pool(x, [1, size, size, 1], [1, 1, 1, 1], "SAME")[:, ::stride, ::stride]
