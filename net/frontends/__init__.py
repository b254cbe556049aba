"""Frontends: the networks that BiSeNet's context path stands on, by name."""

from typing import Callable, Dict, NamedTuple, Sequence, Tuple

import tensorflow.compat.v1 as tf

from ..layers import NORM_EPSILON, Layers
from . import inverted_residual, resnet, resnet_v2, xception39

Vector = Tuple[float, float, float]
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


class Frontend(NamedTuple):
    """A frontend: `build` maps normalised images to the maps of `Taps`, in their order; channels of the auxiliary heads
    that go with its size; its own input normalisation in grey levels (RGB), and its norms' epsilon."""

    build: Callable[[tf.Tensor, Layers], Sequence[tf.Tensor]]
    aux_channels: int
    mean: Vector = IMAGENET_MEAN
    std: Vector = IMAGENET_STD
    epsilon: float = NORM_EPSILON


_HALF, _HALF_RANGE = (127.5,) * 3, (127.5,) * 3  # to -1..1, as TF-slim does
_LITE = (127.0,) * 3, (128.0,) * 3, inverted_residual.EPSILON

FRONTENDS: Dict[str, Frontend] = {
    "xception39": Frontend(xception39.build, 128),
    "resnet18": Frontend(resnet.builder((2, 2, 2, 2), False), 256),
    "resnet34": Frontend(resnet.builder((3, 4, 6, 3), False), 256),
    "resnet50": Frontend(resnet.builder((3, 4, 6, 3), True), 256),
    "resnet101": Frontend(resnet.builder((3, 4, 23, 3), True), 256),
    "resnet152": Frontend(resnet.builder((3, 8, 36, 3), True), 256),
    "resnet50_v2": Frontend(resnet_v2.builder((3, 4, 6, 3)), 256, _HALF, _HALF_RANGE),
    "resnet101_v2": Frontend(resnet_v2.builder((3, 4, 23, 3)), 256, _HALF, _HALF_RANGE),
    "resnet152_v2": Frontend(resnet_v2.builder((3, 8, 36, 3)), 256, _HALF, _HALF_RANGE),
    "mobilenet_v2": Frontend(
        inverted_residual.builder(inverted_residual.MOBILENET_V2), 128, _HALF, _HALF_RANGE, inverted_residual.EPSILON
    ),
    "efficientnet_lite0": Frontend(inverted_residual.builder(inverted_residual.LITE0), 128, *_LITE),
    "efficientnet_lite1": Frontend(inverted_residual.builder(inverted_residual.LITE1), 128, *_LITE),
    "efficientnet_lite2": Frontend(inverted_residual.builder(inverted_residual.LITE2), 128, *_LITE),
}


class Taps(NamedTuple):
    """Feature maps [N,H/s,W/s,C] at strides 2 to 32. The paper's context path uses those of strides 8, 16 and 32; the
    other two serve scores finer than stride 8."""

    stride2: tf.Tensor
    stride4: tf.Tensor
    stride8: tf.Tensor
    stride16: tf.Tensor
    stride32: tf.Tensor


def get(name: str) -> Frontend:
    """The frontend of that name; ValueError names those that exist."""
    if name not in FRONTENDS:
        raise ValueError("no frontend '%s'; there are %s" % (name, ", ".join(sorted(FRONTENDS))))
    return FRONTENDS[name]


def build(name: str, images: tf.Tensor, layers: Layers) -> Taps:
    """images [N,H,W,3] float32 RGB in 0..255 -> taps, under the variable scope `frontend`."""
    frontend = get(name)
    normalised = (images - tf.constant(frontend.mean, tf.float32)) * (1 / tf.constant(frontend.std, tf.float32))
    with tf.variable_scope("frontend"):
        return Taps(*frontend.build(normalised, layers.like(epsilon=frontend.epsilon)))
