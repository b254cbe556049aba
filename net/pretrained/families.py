"""Families of weight files: by which key one is known, what it calls each of our layers, what its pictures looked like.

A layer of ours is the part of a variable's name between `frontend/` and the last word.
"""

import re
from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np

Rules = Tuple[Tuple[str, str], ...]
Vector = Tuple[float, float, float]


class Form(NamedTuple):
    """A file format's words: what follows a layer's key for each of our variables, and how it lays out a kernel."""

    kernel: str
    depthwise: str
    bias: str
    norm: Dict[str, str]
    laid_out: Callable[[np.ndarray, bool], np.ndarray]  # kernel, whether it is a depthwise one -> [kh,kw,in,out] ours


def _from_torch(kernel: np.ndarray, is_depthwise: bool) -> np.ndarray:
    if kernel.ndim == 2:  # a dense layer, for us a 1x1 convolution
        return kernel.T[None, None]
    return kernel.transpose(2, 3, 0, 1) if is_depthwise else kernel.transpose(2, 3, 1, 0)


TORCH = Form(
    ".weight",
    ".weight",
    ".bias",
    {"gamma": ".weight", "beta": ".bias", "moving_mean": ".running_mean", "moving_variance": ".running_var"},
    _from_torch,
)


class Family(NamedTuple):
    """Files of one origin. sign: a key that only they have. convolutions, norms: pairs of a pattern that a layer of
    ours matches and the file's key for it. mean, std, epsilon: what the weights were trained with (RGB)."""

    name: str
    form: Form
    sign: str
    convolutions: Rules
    norms: Rules
    mean: Vector
    std: Vector
    epsilon: float
    bgr: bool = False

    def key(self, name: str) -> str:
        """The file's key for the variable `name` of ours, without `frontend/`; ValueError if it has none."""
        layer, _, word = name.rpartition("/")
        if word in self.form.norm:
            return _renamed(layer, self.norms) + self.form.norm[word]
        kernel = self.form.depthwise if layer.endswith("depthwise") else self.form.kernel
        return _renamed(layer, self.convolutions) + (kernel if word == "kernel" else self.form.bias)


def _renamed(layer: str, rules: Rules) -> str:
    for pattern, key in rules:
        if re.fullmatch(pattern, layer):
            return re.sub(pattern, key, layer)
    raise ValueError("knows no layer %s" % layer)


LITE = Family(
    "EfficientNet-Lite for PyTorch",
    TORCH,
    "_conv_stem.weight",
    (
        (r"stem", r"_conv_stem"),
        (r"block(\d+)/(\w+)", r"_blocks.\1._\2_conv"),
        (r"classifier/conv", r"_conv_head"),
        (r"classifier/classes", r"_fc"),
    ),
    (
        (r"stem", r"_bn0"),
        (r"block(\d+)/expand", r"_blocks.\1._bn0"),
        (r"block(\d+)/depthwise", r"_blocks.\1._bn1"),
        (r"block(\d+)/project", r"_blocks.\1._bn2"),
        (r"classifier/conv", r"_bn1"),
    ),
    (127.0,) * 3,
    (128.0,) * 3,
    1e-3,
)
FAMILIES: List[Family] = [LITE]
