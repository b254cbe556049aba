"""Frontends: the networks that BiSeNet's context path stands on, by name."""

from typing import Callable, Dict, NamedTuple, Tuple

import tensorflow.compat.v1 as tf

from ..layers import Layers
from . import efficientnet_lite, resnet, xception39

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
_LITE = (127.0,) * 3, (128.0,) * 3


class Frontend(NamedTuple):
    """A frontend: `build` maps normalised images to maps at strides 8, 16 and 32; its own input normalisation in
    grey levels (RGB); channels of the auxiliary heads that go with its size."""

    build: Callable[[tf.Tensor, Layers], Tuple[tf.Tensor, tf.Tensor, tf.Tensor]]
    mean: Tuple[float, float, float]
    std: Tuple[float, float, float]
    aux_channels: int


FRONTENDS: Dict[str, Frontend] = {
    "xception39": Frontend(xception39.build, IMAGENET_MEAN, IMAGENET_STD, 128),
    "resnet18": Frontend(resnet.build18, IMAGENET_MEAN, IMAGENET_STD, 256),
    "efficientnet_lite0": Frontend(efficientnet_lite.builder(efficientnet_lite.LITE0), *_LITE, 128),
    "efficientnet_lite1": Frontend(efficientnet_lite.builder(efficientnet_lite.LITE1), *_LITE, 128),
    "efficientnet_lite2": Frontend(efficientnet_lite.builder(efficientnet_lite.LITE2), *_LITE, 128),
}


class Taps(NamedTuple):
    """Feature maps [N,H/s,W/s,C] at strides 8, 16 and 32."""

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
        return Taps(*frontend.build(normalised, layers))
