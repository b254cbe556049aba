"""BiSeNet (Yu et al., Bilateral Segmentation Network, ECCV 2018; arXiv 1808.00897).

Two paths see the picture: a shallow one that keeps detail at stride 8, and a frontend that sees far. Where the paper
is silent, the choices are those of the first author's TorchSeg. One thing is added, and can be left out: class scores
finer than stride 8, for what is narrower than a bilinear interpolation of these can draw (poles, signs, far people).
"""

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from . import frontends
from .layers import Layers, Length, Precise, Update, as_is, global_mean, resize, size

MULTIPLE = 32
STRIDE = 8  # of both paths where they meet, and of the paper's scores
SCORE_STRIDES = (2, 4, STRIDE)
FROZEN_NORMS = (None, "frontend", "all")
DETAIL = "detail"  # the scope of what only scores finer than that have
SPATIAL, CONTEXT, FUSED, HEAD = 64, 128, 256, 64  # channels
NEVER = -65504.0  # the score of classes that are not to be predicted: the least that float16 holds


class Logits(NamedTuple):
    """Class scores [N,h,w,K] float32: main at the stride asked for; auxiliary ones at strides 8 and 16, None at
    inference."""

    main: tf.Tensor
    aux16: Optional[tf.Tensor]
    aux32: Optional[tf.Tensor]


class Network(NamedTuple):
    """A built network. updates: those of batch norm's averages, yet to be made; kernels: what weight decay acts on."""

    logits: Logits
    updates: List[Update]
    kernels: List[Any]


def build(
    images: tf.Tensor,
    classes: int,
    frontend: str,
    training: bool,
    seed: int = 0,
    norm_decay: float = 0.9,
    score_stride: int = STRIDE,
    precise: Precise = as_is,
    frozen_norms: Optional[str] = None,
) -> Network:
    """images [N,H,W,3] uint8 RGB, H and W multiples of 32 -> the network; ValueError otherwise. For training they have
    to be static; at inference they may be unknown to the graph, and are then the caller's care.

    score_stride: of the main scores: 8 as in the paper, or 4 or 2, with fine features and sub-pixels (see _finer).
    precise: a context for what has to stay in float32. frozen_norms: those that keep to their moving averages in
    training: none, those of the frontend, or all.
    """
    _check_size(images, training)
    if score_stride not in SCORE_STRIDES:
        raise ValueError("scores of stride %s; there are %s" % (score_stride, SCORE_STRIDES))
    if frozen_norms not in FROZEN_NORMS:
        raise ValueError("frozen norms %r; there are %s" % (frozen_norms, FROZEN_NORMS))
    layers = Layers(training, seed, norm_decay).like(frozen=training and frozen_norms == "all", precise=precise)
    pixels = tf.cast(images, tf.float32)
    taps = frontends.build(frontend, pixels, layers.like(frozen=training and frozen_norms is not None))
    # ImageNet's statistics serve the spatial path too; it is always trained from nothing.
    normalised = (pixels - tf.constant(frontends.IMAGENET_MEAN)) * (1 / tf.constant(frontends.IMAGENET_STD))
    spatial = _spatial_path(normalised, layers)  # [N,H/8,W/8,128]
    refined32, refined16 = _context_path(taps, layers)  # [N,H/16,W/16,128], [N,H/8,W/8,128]
    with tf.variable_scope("fusion"):
        fused = _fusion(spatial, refined16, layers)  # [N,H/8,W/8,256]
    features, main = _head("head", fused, HEAD, classes, layers)
    if score_stride < STRIDE:
        main = _finer(main, features, taps, STRIDE // score_stride, layers, precise)
    aux16 = aux32 = None
    if training:
        channels = frontends.get(frontend).aux_channels
        _, aux16 = _head("aux16", refined16, channels, classes, layers)
        _, aux32 = _head("aux32", refined32, channels, classes, layers)
    return Network(Logits(main, aux16, aux32), layers.updates, layers.kernels)


def _check_size(images: tf.Tensor, training: bool) -> None:
    height, width = images.shape.as_list()[1:3]
    known = [length for length in (height, width) if length is not None]
    if (training and len(known) < 2) or any(length % MULTIPLE or length == 0 for length in known):
        raise ValueError("images are %s x %s; both must be known and multiples of %d" % (height, width, MULTIPLE))


def _spatial_path(x: tf.Tensor, layers: Layers) -> tf.Tensor:
    with tf.variable_scope("spatial"):
        x = layers.conv_norm("conv1", x, SPATIAL, 7, 2)
        x = layers.conv_norm("conv2", x, SPATIAL, 3, 2)
        x = layers.conv_norm("conv3", x, SPATIAL, 3, 2)
        return layers.conv_norm("conv4", x, 2 * SPATIAL, 1)


def _context_path(taps: frontends.Taps, layers: Layers) -> Tuple[tf.Tensor, tf.Tensor]:
    """The last two taps, refined on the way up: from 1/32 to 1/16, then from 1/16 to 1/8."""
    with tf.variable_scope("context"):
        above = layers.conv_norm("global", global_mean(taps.stride32), CONTEXT, 1)  # [N,1,1,128]
        refined = []
        for name, tap, larger in (
            ("stride32", taps.stride32, taps.stride16),
            ("stride16", taps.stride16, taps.stride8),
        ):
            with tf.variable_scope(name):
                x = _attention_refinement(tap, layers) + above
                above = layers.conv_norm("refine", resize(x, *size(larger)), CONTEXT, 3)
                refined.append(above)
        return refined[0], refined[1]


def _attention_refinement(x: tf.Tensor, layers: Layers) -> tf.Tensor:
    """Each channel weighed by what the whole picture says: pool, 1x1, norm, sigmoid, and no ReLU in between."""
    x = layers.conv_norm("conv", x, CONTEXT, 3)
    gate = layers.conv_norm("gate", global_mean(x), CONTEXT, 1, relu=False)
    return x * tf.sigmoid(gate)


def _fusion(spatial: tf.Tensor, context: tf.Tensor, layers: Layers) -> tf.Tensor:
    """Both paths joined, then each channel weighed: x + x * sigmoid(1x1(relu(1x1(mean x))))."""
    x = layers.conv_norm("conv", tf.concat([spatial, context], axis=-1), FUSED, 1)
    with tf.variable_scope("gate1"):
        gate = tf.nn.relu(layers.conv(global_mean(x), FUSED, 1))
    with tf.variable_scope("gate2"):
        gate = tf.sigmoid(layers.conv(gate, FUSED, 1))
    return x + x * gate


def _head(name: str, x: tf.Tensor, channels: int, classes: int, layers: Layers) -> Tuple[tf.Tensor, tf.Tensor]:
    """Features, and the class scores made of them."""
    with tf.variable_scope(name):
        x = layers.conv_norm("conv", x, channels, 3)
        with tf.variable_scope("classes"):
            return x, layers.conv(x, classes, 1, bias=True)


def _finer(
    scores: tf.Tensor, features: tf.Tensor, taps: frontends.Taps, times: int, layers: Layers, precise: Precise
) -> tf.Tensor:
    """Scores on a grid `times` as fine: the given ones upsampled, and added to them what the frontend's maps of strides
    2 and 4 tell beside the features; nothing at first.

    All is computed at stride 8, where a convolution costs least: fine maps come in, and scores go out, with the pixels
    of a cell as channels (sub-pixel convolution, Shi et al., CVPR 2016, arXiv 1609.05158).
    """
    classes = int(scores.shape[-1])
    with tf.variable_scope(DETAIL):
        fine4 = tf.space_to_depth(taps.stride4, STRIDE // 4)
        fine2 = layers.conv_norm("stride2", tf.space_to_depth(taps.stride2, STRIDE // 2), HEAD, 1)
        x = layers.conv_norm("conv", tf.concat([features, fine4, fine2], axis=-1), HEAD, 3)
        with tf.variable_scope("classes"):
            details = tf.depth_to_space(layers.conv(x, classes * times * times, 1, zero_start=True), times)
    with precise():
        return upsample(scores, *size(details)) + tf.cast(details, tf.float32)


def upsample(logits: tf.Tensor, height: Length, width: Length, precise: Precise = as_is) -> tf.Tensor:
    """Logits [N,h,w,K] to [N,height,width,K] float32, each position over its own pixel."""
    with precise():
        return resize(tf.cast(logits, tf.float32), height, width)


def full_scores(
    logits: tf.Tensor, height: Length, width: Length, ignored: Sequence[int] = (), precise: Precise = as_is
) -> tf.Tensor:
    """Logits [N,h,w,K] -> class scores [N,height,width,K] float32, those of ids in `ignored` NEVER."""
    with precise():
        classes = int(logits.shape[-1])
        if ignored:
            kept = tf.constant([float(i not in ignored) for i in range(classes)])
            logits = tf.cast(logits, tf.float32) * kept + NEVER * (1 - kept)
        return upsample(logits, height, width, precise)


def predict(
    logits: tf.Tensor, height: Length, width: Length, ignored: Sequence[int] = (), precise: Precise = as_is
) -> tf.Tensor:
    """Logits [N,h,w,K] -> class ids [N,height,width] uint8; ids in `ignored` are never chosen."""
    return chosen(full_scores(logits, height, width, ignored, precise), precise)


def chosen(scores: tf.Tensor, precise: Precise = as_is) -> tf.Tensor:
    """Class scores [N,H,W,K] -> the id of the best [N,H,W] uint8."""
    with precise():
        return tf.cast(tf.argmax(scores, axis=-1, output_type=tf.int32), tf.uint8)
