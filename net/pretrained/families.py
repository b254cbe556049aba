"""Families of weight files: by which key one is known, what it calls each of our layers, what its pictures looked like.

A layer of ours is the part of a variable's name between `frontend/` and the last word. Key names were read from the
collections' own sources: torchvision, TF-slim's nets, keras_applications, EfficientNet-Lite for PyTorch.
"""

import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, Union

from ..frontends import IMAGENET_MEAN, IMAGENET_STD, Vector
from .forms import KERAS, OURS, SLIM, TORCH, Form

Rules = Tuple[Tuple[str, Union[str, Callable]], ...]

TORCHVISION = IMAGENET_MEAN, IMAGENET_STD
HALF_RANGE = (127.5,) * 3, (127.5,) * 3


class Family(NamedTuple):
    """Files of one origin.

    sign: a key that only they have. layers: a pattern of the keys below the classifier: one that is left over is of a
    larger network. convolutions, norms: pairs of a pattern that a layer of ours matches and the file's key for it.
    mean, std: of the pictures (RGB, grey levels) that the weights were trained on, None: as the frontend has it;
    epsilon: of their norms.
    """

    name: str
    form: Form
    sign: str
    layers: str
    convolutions: Rules
    norms: Rules
    pictures: Optional[Tuple[Vector, Vector]]
    epsilon: Optional[float]

    def key(self, name: str) -> str:
        """The file's key for the variable `name` of ours, without `frontend/`; ValueError if it has none."""
        layer, _, word = name.rpartition("/")
        if word in self.form.norm:
            return _renamed(layer, self.norms) + self.form.norm[word]
        kernel = self.form.depthwise if layer.endswith("depthwise") else self.form.kernel
        return _renamed(layer, self.convolutions) + (kernel if word == "kernel" else self.form.bias)


def _renamed(layer: str, rules: Rules) -> str:
    for pattern, key in rules:
        match = re.fullmatch(pattern, layer)
        if match:
            return key(match) if callable(key) else match.expand(key)
    raise ValueError("knows no layer %s" % layer)


def _shifted(form: str, by: int) -> Callable:
    """A replacement whose first group is a number of ours, which counts from elsewhere in the file."""
    return lambda match: form % ((int(match.group(1)) + by,) + match.groups()[1:])


def _torch_resnet(depth: int) -> Family:
    def block(key: str) -> Callable:
        return lambda match: key % ((match.group(1), int(match.group(2)) - 1) + match.groups()[2:])

    return Family(
        "torchvision's ResNet-%d" % depth,
        TORCH,
        "layer1.0.conv1.weight",
        r"layer\d\.\d+\..*",
        (
            (r"stem", "conv1"),
            (r"layer(\d)/block(\d+)/shortcut", block("layer%s.%d.downsample.0")),
            (r"layer(\d)/block(\d+)/conv(\d)", block("layer%s.%d.conv%s")),
        ),
        (
            (r"stem", "bn1"),
            (r"layer(\d)/block(\d+)/shortcut", block("layer%s.%d.downsample.1")),
            (r"layer(\d)/block(\d+)/conv(\d)", block("layer%s.%d.bn%s")),
        ),
        TORCHVISION,
        1e-5,
    )


def _slim_resnet_v2(depth: int) -> Family:
    root = "resnet_v2_%d/" % depth
    unit = root + r"block\1/unit_\2/bottleneck_v2/\3"
    return Family(
        "TF-slim's resnet_v2_%d" % depth,
        SLIM,
        root + "conv1/weights",
        r"resnet_v2_\d+/block.*",
        ((r"stem", root + "conv1"), (r"block(\d)/unit(\d+)/(\w+)", unit)),
        (
            (r"postnorm", root + "postnorm"),
            (r"block(\d)/unit(\d+)/(preact)", unit),
            (r"block(\d)/unit(\d+)/(\w+)", unit + "/BatchNorm"),
        ),
        HALF_RANGE,
        1e-5,
    )


def _keras_resnet_v2(depth: int) -> Family:
    def unit(key: str) -> Callable:
        return _shifted("conv%d_block%s_" + key, 1)

    return Family(
        "Keras's ResNet%dV2" % depth,
        KERAS,
        "conv2_block1_preact_bn/gamma",
        r"conv\d_block\d+_.*",
        (
            (r"stem", "conv1_conv"),
            (r"block(\d)/unit(\d+)/shortcut", unit("0_conv")),
            (r"block(\d)/unit(\d+)/conv(\d)", unit("%s_conv")),
        ),
        (
            (r"postnorm", "post_bn"),
            (r"block(\d)/unit(\d+)/preact", unit("preact_bn")),
            (r"block(\d)/unit(\d+)/conv(\d)", unit("%s_bn")),
        ),
        HALF_RANGE,
        1.001e-5,
    )


LITE = Family(
    "EfficientNet-Lite for PyTorch",
    TORCH,
    "_conv_stem.weight",
    r"_blocks\..*",
    (
        (r"stem", "_conv_stem"),
        (r"block(\d+)/(\w+)", r"_blocks.\1._\2_conv"),
        (r"classifier/conv", "_conv_head"),
        (r"classifier/classes", "_fc"),
    ),
    (
        (r"stem", "_bn0"),
        (r"block(\d+)/expand", r"_blocks.\1._bn0"),
        (r"block(\d+)/depthwise", r"_blocks.\1._bn1"),
        (r"block(\d+)/project", r"_blocks.\1._bn2"),
        (r"classifier/conv", "_bn1"),
    ),
    ((127.0,) * 3, (128.0,) * 3),
    1e-3,
)
TORCH_MOBILENET_V2 = Family(
    "torchvision's MobileNetV2",
    TORCH,
    "features.1.conv.0.0.weight",
    r"features\.(\d|1[0-7])\..*",
    (
        (r"stem", "features.0.0"),
        (r"block0/depthwise", "features.1.conv.0.0"),
        (r"block0/project", "features.1.conv.1"),
        (r"block(\d+)/expand", _shifted("features.%d.conv.0.0", 1)),
        (r"block(\d+)/depthwise", _shifted("features.%d.conv.1.0", 1)),
        (r"block(\d+)/project", _shifted("features.%d.conv.2", 1)),
        (r"classifier/conv", "features.18.0"),
        (r"classifier/classes", "classifier.1"),
    ),
    (
        (r"stem", "features.0.1"),
        (r"block0/depthwise", "features.1.conv.0.1"),
        (r"block0/project", "features.1.conv.2"),
        (r"block(\d+)/expand", _shifted("features.%d.conv.0.1", 1)),
        (r"block(\d+)/depthwise", _shifted("features.%d.conv.1.1", 1)),
        (r"block(\d+)/project", _shifted("features.%d.conv.3", 1)),
        (r"classifier/conv", "features.18.1"),
    ),
    TORCHVISION,
    1e-5,
)
_SLIM_BLOCKS = ((r"block0/(\w+)", r"MobilenetV2/expanded_conv/\1"),)
_SLIM_BLOCKS += ((r"block(\d+)/(\w+)", r"MobilenetV2/expanded_conv_\1/\2"),)
SLIM_MOBILENET_V2 = Family(
    "TF-slim's MobileNetV2",
    SLIM,
    "MobilenetV2/Conv/weights",
    r"MobilenetV2/expanded_conv.*",
    ((r"stem", "MobilenetV2/Conv"), (r"classifier/conv", "MobilenetV2/Conv_1")) + _SLIM_BLOCKS,
    ((r"stem", "MobilenetV2/Conv/BatchNorm"), (r"classifier/conv", "MobilenetV2/Conv_1/BatchNorm"))
    + tuple((pattern, key + "/BatchNorm") for pattern, key in _SLIM_BLOCKS),
    HALF_RANGE,
    1e-3,
)


def _keras_mobilenet_v2(sign: str, layers: str, convolutions: Rules, norms: Rules) -> Family:
    """By the names of the blocks, of which there are two kinds: Keras itself goes by the order of the layers."""
    ends = (r"stem", "Conv1"), (r"classifier/conv", "Conv_1")
    ends_norms = (r"stem", "bn_Conv1"), (r"classifier/conv", "Conv_1_bn")
    names = ends + convolutions, ends_norms + norms
    return Family("Keras's MobileNetV2", KERAS, sign + "/depthwise_kernel", layers, *names, HALF_RANGE, 1e-3)


KERAS_MOBILENET_V2 = (
    _keras_mobilenet_v2(
        "expanded_conv_depthwise",
        r"(expanded_conv|block_\d+)_.*",
        ((r"block0/(\w+)", r"expanded_conv_\1"), (r"block(\d+)/(\w+)", r"block_\1_\2")),
        ((r"block0/(\w+)", r"expanded_conv_\1_BN"), (r"block(\d+)/(\w+)", r"block_\1_\2_BN")),
    ),
    _keras_mobilenet_v2(
        "mobl0_conv_0_depthwise",
        r"mobl\d+_.*",
        ((r"block(\d+)/(\w+)", r"mobl\1_conv_\1_\2"),),
        ((r"block(\d+)/(\w+)", r"bn\1_conv_\1_bn_\2"),),
    ),
)
OWN = Family(
    "this toolkit",
    OURS,
    "frontend/stem/kernel",
    r"frontend/.*",
    ((r"(.*)", r"frontend/\1"),),
    ((r"(.*)", r"frontend/\1"),),
    None,
    None,
)

OF_FRONTEND: Dict[str, List[Family]] = {
    "efficientnet_lite0": [LITE],
    "efficientnet_lite1": [LITE],
    "efficientnet_lite2": [LITE],
    "mobilenet_v2": [SLIM_MOBILENET_V2, *KERAS_MOBILENET_V2, TORCH_MOBILENET_V2],
}
OF_FRONTEND.update(("resnet%d" % depth, [_torch_resnet(depth)]) for depth in (18, 34, 50, 101, 152))
OF_FRONTEND.update(
    ("resnet%d_v2" % depth, [_slim_resnet_v2(depth), _keras_resnet_v2(depth)]) for depth in (50, 101, 152)
)

# Weights that would load into a network of the same shapes and be wrong in it: a pattern of a key, and why.
REFUSED = (
    (r"resnet_v1_\d+/conv1/weights", "TF-slim's ResNet v1 has its strides in the last unit of a block"),
    (r"conv2_block1_1_conv/kernel", "Keras's ResNet v1 has its strides on the first 1x1 of a block"),
    (r"combine_path/.*", "the model zoo's BiSeNet pads SAME, fuses by a 3x3 and cuts its gates off by a ReLU"),
    (r"res2a_branch2a/.*", "Keras's older ResNet-50 has its strides on the first 1x1 of a block"),
)
