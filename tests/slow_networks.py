"""Networks as their own collections compute them, from their own tensors, in plain numpy: the twin of what is loaded.

Pictures are [C,H,W]; kernels as PyTorch has them, [out,in,kh,kw]. Written from the collections' sources, not from ours.
"""

import numpy as np


def conv(x, kernel, stride=1, pads=None, bias=None):
    """pads: ((top, bottom), (left, right)); groups by the kernel's second length."""
    out, per_group, high, wide = kernel.shape
    pads = pads if pads is not None else ((high // 2,) * 2, (wide // 2,) * 2)
    x = np.pad(x, ((0, 0),) + pads, "constant")
    rows, columns = (x.shape[1] - high) // stride + 1, (x.shape[2] - wide) // stride + 1
    found = np.zeros((out, rows, columns))
    for r in range(high):
        for c in range(wide):
            part = x[:, r : r + stride * rows : stride, c : c + stride * columns : stride][:, :rows, :columns]
            if per_group == 1 and len(x) == out:
                found += part * kernel[:, 0, r, c][:, None, None]
            else:
                found += np.tensordot(kernel[:, :, r, c], part, 1)
    return found if bias is None else found + bias[:, None, None]


def same(size, length, stride):
    """TensorFlow's SAME: more behind than before where it cannot be alike."""
    total = max(0, (-(-length // stride) - 1) * stride + size - length)
    return total // 2, total - total // 2


def conv_same(x, kernel, stride=1):
    pads = tuple(same(kernel.shape[2 + axis], x.shape[1 + axis], stride) for axis in (0, 1))
    return conv(x, kernel, stride, pads)


def norm(x, tensors, key, epsilon):
    weight, bias = tensors[key + ".weight"], tensors[key + ".bias"]
    scale = weight / np.sqrt(tensors[key + ".running_var"] + epsilon)
    return x * scale[:, None, None] + (bias - tensors[key + ".running_mean"] * scale)[:, None, None]


def relu(x):
    return np.maximum(x, 0)


def relu6(x):
    return np.clip(x, 0, 6)


def max_pool(x):
    """3x3, stride 2, padded alike with what is below everything."""
    rows, columns = (x.shape[1] + 1) // 2, (x.shape[2] + 1) // 2
    x = np.pad(x, ((0, 0), (1, 1), (1, 1)), "constant", constant_values=-np.inf)
    parts = [
        x[:, r : r + 2 * rows : 2, c : c + 2 * columns : 2][:, :rows, :columns] for r in range(3) for c in range(3)
    ]
    return np.max(parts, axis=0)


def lite_classifier(tensors, pixels):
    """EfficientNet-Lite's logits [1000] for pixels [H,W,3] in 0..255; blocks and strides read off the tensors' shapes
    and the published table."""
    first_of_stage = _lite_strides(tensors)
    x = (pixels.transpose(2, 0, 1) - 127.0) / 128.0
    x = relu6(norm(conv_same(x, tensors["_conv_stem.weight"], 2), tensors, "_bn0", 1e-3))
    for number, stride in enumerate(first_of_stage):
        block, before = "_blocks.%d." % number, x
        if block + "_expand_conv.weight" in tensors:
            x = relu6(norm(conv_same(x, tensors[block + "_expand_conv.weight"]), tensors, block + "_bn0", 1e-3))
        x = conv_same(x, tensors[block + "_depthwise_conv.weight"], stride)
        x = relu6(norm(x, tensors, block + "_bn1", 1e-3))
        x = norm(conv_same(x, tensors[block + "_project_conv.weight"]), tensors, block + "_bn2", 1e-3)
        if stride == 1 and len(before) == len(x):
            x = x + before
    x = relu6(norm(conv_same(x, tensors["_conv_head.weight"]), tensors, "_bn1", 1e-3))
    return tensors["_fc.weight"] @ x.mean(axis=(1, 2)) + tensors["_fc.bias"]


def _lite_strides(tensors):
    """1 for each block but the first of stages 2, 3, 4 and 6, which change the channels for the 1st, 2nd, 3rd and 5th
    time."""
    count = sum(name.endswith("_project_conv.weight") for name in tensors)
    channels = [len(tensors["_blocks.%d._project_conv.weight" % i]) for i in range(count)]
    changes = [i for i in range(1, count) if channels[i] != channels[i - 1]]
    return [2 if i in (changes[0], changes[1], changes[2], changes[4]) else 1 for i in range(count)]


def torch_resnet(tensors, pixels, bottleneck):
    """torchvision's ResNet up to its stem and each of its four stages."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = ((pixels / 255.0 - mean) / std).transpose(2, 0, 1)
    stem = relu(norm(conv(x, tensors["conv1.weight"], 2), tensors, "bn1", 1e-5))
    x, taps = max_pool(stem), [stem]
    for stage in (1, 2, 3, 4):
        block = 0
        while "layer%d.%d.conv1.weight" % (stage, block) in tensors:
            key, stride = "layer%d.%d." % (stage, block), 2 if stage > 1 and block == 0 else 1
            shortcut, strides = x, (1, stride, 1) if bottleneck else (stride, 1)
            if key + "downsample.0.weight" in tensors:
                shortcut = norm(
                    conv(x, tensors[key + "downsample.0.weight"], stride), tensors, key + "downsample.1", 1e-5
                )
            for number, step in enumerate(strides, 1):
                x = norm(conv(x, tensors[key + "conv%d.weight" % number], step), tensors, key + "bn%d" % number, 1e-5)
                x = relu(x + shortcut if number == len(strides) else x)
            block += 1
        taps.append(x)
    return taps


def torch_mobilenet_v2(tensors, pixels):
    """torchvision's MobileNetV2 up to its features 1, 3, 6, 13 and 17."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = ((pixels / 255.0 - mean) / std).transpose(2, 0, 1)
    x = relu6(norm(conv(x, tensors["features.0.0.weight"], 2), tensors, "features.0.1", 1e-5))
    taps = {}
    for number in range(1, 18):
        key, before = "features.%d.conv." % number, x
        stride = 2 if number in (2, 4, 7, 14) else 1
        parts = [("0.0", "0.1", 1)] if number > 1 else []
        parts.append(("1.0", "1.1", stride) if number > 1 else ("0.0", "0.1", stride))
        for kernel, bn, step in parts:
            x = relu6(norm(conv(x, tensors[key + kernel + ".weight"], step), tensors, key + bn, 1e-5))
        kernel, bn = ("2", "3") if number > 1 else ("1", "2")
        x = norm(conv(x, tensors[key + kernel + ".weight"]), tensors, key + bn, 1e-5)
        if stride == 1 and len(before) == len(x):
            x = x + before
        taps[number] = x
    return [taps[number] for number in (1, 3, 6, 13, 17)]
