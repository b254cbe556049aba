"""Xception39: the light context path of BiSeNet (Yu et al., ECCV 2018), as the first author's TorchSeg builds it.

Three stages of separable blocks after a stem of 8 channels; 0.3 million weights. There are no public ImageNet weights.
"""

from typing import List

import tensorflow.compat.v1 as tf

from ..layers import Layers, max_pool

STEM = 8
STAGES = ((16, 4), (32, 8), (64, 4))  # (channels in the middle of a block, blocks); strides 8, 16, 32
EXPANSION = 4


def build(x: tf.Tensor, layers: Layers) -> List[tf.Tensor]:
    """[N,H,W,3] normalised -> 8, 8, 64, 128 and 256 channels at strides 2 to 32."""
    x = layers.conv_norm("stem", x, STEM, 3, 2)  # [N,H/2,W/2,8]
    taps = [x]
    x = max_pool(x, 3, 2)  # [N,H/4,W/4,8]
    taps.append(x)
    for number, (middle, blocks) in enumerate(STAGES, 1):
        for block in range(blocks):
            with tf.variable_scope("stage%d/block%d" % (number, block + 1)):
                x = _block(x, middle, 2 if block == 0 else 1, layers)
        taps.append(x)
    return taps


def _block(x: tf.Tensor, middle: int, stride: int, layers: Layers) -> tf.Tensor:
    """Three separable convolutions beside a shortcut, which is one itself where the shape changes."""
    shortcut = x
    if stride > 1:
        shortcut = layers.separable_norm("shortcut", x, EXPANSION * middle, 3, stride, relu=False)
    x = layers.separable_norm("conv1", x, middle, 3, stride)
    x = layers.separable_norm("conv2", x, middle, 3)
    x = layers.separable_norm("conv3", x, EXPANSION * middle, 3, relu=False)
    return tf.nn.relu(x + shortcut)
