"""The layers of which everything here is made, and the one convention of where a feature lies.

Feature i of a map of stride s is centred on pixel s * i of the picture. Strided convolutions and pools keep that by
padding alike on both sides, upsampling by the legacy bilinear resize (neither align_corners nor half_pixel_centers),
which samples position i at i / scale. TensorFlow's SAME padding would shift a stride-8 map by 7 pixels.
"""

import contextlib
import copy
import zlib
from typing import Any, Callable, ContextManager, List, NamedTuple, Tuple, Union

import tensorflow.compat.v1 as tf

Precise = Callable[[], ContextManager]
Length = Union[int, tf.Tensor]

# Standard deviation of a normal distribution cut at two sigma, over that of the whole one (He et al., ICCV 2015,
# ask for the latter).
_CUT_NORMAL = 0.87962566103423978
NORM_EPSILON = 1e-5


@contextlib.contextmanager
def as_is() -> Any:
    """The `precise` of devices that need no help to keep float32."""
    yield


class Update(NamedTuple):
    """What a step does to one of batch norm's moving averages: value, the batch's statistic [C] float32; move: makes
    the operation that has the average follow such a statistic."""

    value: tf.Tensor
    move: Callable[[tf.Tensor], Any]


class Layers:
    """Makes layers in the current variable scope and collects what training needs of them.

    updates: of the averages of batch norm, yet to be made, so that they can be put after whatever still reads these;
    kernels: the variables that take weight decay.
    Initial weights depend on (seed, variable name) alone, not on what was built before.
    """

    epsilon = NORM_EPSILON
    frozen = False  # norms keep to their moving averages, in training too
    precise: Precise = staticmethod(as_is)  # around what has to stay in float32
    relu: Callable[[tf.Tensor], tf.Tensor] = staticmethod(tf.nn.relu)
    same = False  # TensorFlow's own padding, for weights that are compared with those of elsewhere

    def __init__(self, training: bool, seed: int = 0, norm_decay: float = 0.9) -> None:
        self.training, self.seed = training, seed
        self._decay = norm_decay
        self.updates: List[Update] = []
        self.kernels: List[Any] = []

    def like(self, **differing: Any) -> "Layers":
        """These layers but for some of the attributes above; updates and kernels are collected together."""
        other = copy.copy(self)
        for name, value in differing.items():
            setattr(other, name, value)
        return other

    def conv(
        self, x: tf.Tensor, filters: int, size: int, stride: int = 1, bias: bool = False, zero_start: bool = False
    ) -> tf.Tensor:
        """[N,H,W,C] -> [N,ceil(H/stride),ceil(W/stride),filters]; a bias only where no norm follows.
        zero_start: the kernel begins as zeros, for a layer that is added to another."""
        x = self._convolve(x, self._conv_kernel(x, filters, size, zero_start), stride)
        if bias:
            x = tf.nn.bias_add(x, tf.get_variable("bias", [filters], tf.float32, tf.zeros_initializer()))
        return x

    def depthwise(self, x: tf.Tensor, size: int, stride: int = 1) -> tf.Tensor:
        """[N,H,W,C] -> [N,ceil(H/stride),ceil(W/stride),C], one filter a channel."""
        return self._filter(x, self._depthwise_kernel(x, size), stride)

    def norm(self, x: tf.Tensor) -> tf.Tensor:
        """Batch norm with gain and offset; statistics of the batch in training unless frozen, else moving averages."""
        if self.frozen:
            scale, shift = self._factors(int(x.shape[-1]))
            return x * scale + shift
        gamma, beta, mean, variance = _norm_variables(int(x.shape[-1]))
        if not self.training:
            return tf.nn.fused_batch_norm(x, gamma, beta, mean, variance, self.epsilon, is_training=False)[0]
        y, batch_mean, batch_variance = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=self.epsilon)
        self.updates += [self._follow(mean, batch_mean), self._follow(variance, batch_variance)]
        return y

    def _factors(self, channels: int) -> Tuple[tf.Tensor, tf.Tensor]:
        """The factor and the summand [C] that a norm amounts to by its moving averages."""
        gamma, beta, mean, variance = _norm_variables(channels)
        with self.precise():  # float16 has no room for such an epsilon
            scale = gamma * tf.rsqrt(variance + self.epsilon)
            return scale, beta - mean * scale

    def _normed(self, operator: Callable, x: tf.Tensor, kernel: tf.Tensor, stride: int = 1) -> tf.Tensor:
        """operator(x, kernel, stride) and batch norm; a frozen one is made a part of the kernel, where it costs next to
        nothing."""
        if not self.frozen:
            return self.norm(operator(x, kernel, stride))
        channels, last = int(kernel.shape[-2]), int(kernel.shape[-1])  # a depthwise kernel is [h,w,C,1]
        scale, shift = self._factors(channels if operator == self._filter else last)
        return tf.nn.bias_add(operator(x, kernel * tf.reshape(scale, [-1, last]), stride), shift)

    def _follow(self, average: Any, value: tf.Tensor) -> Update:
        return Update(value, lambda value: tf.assign_sub(average, (1 - self._decay) * (average - value)))

    def conv_norm(
        self, name: str, x: tf.Tensor, filters: int, size: int, stride: int = 1, relu: bool = True
    ) -> tf.Tensor:
        """Convolution without bias, batch norm and, unless told otherwise, ReLU, in a scope of that name."""
        with tf.variable_scope(name):
            x = self._normed(self._convolve, x, self._conv_kernel(x, filters, size), stride)
            return self.relu(x) if relu else x

    def depthwise_norm(self, name: str, x: tf.Tensor, size: int, stride: int = 1) -> tf.Tensor:
        """Depthwise convolution, batch norm and ReLU."""
        with tf.variable_scope(name):
            return self.relu(self._normed(self._filter, x, self._depthwise_kernel(x, size), stride))

    def separable_norm(
        self, name: str, x: tf.Tensor, filters: int, size: int, stride: int = 1, relu: bool = True
    ) -> tf.Tensor:
        """Depthwise then pointwise convolution, batch norm and, unless told otherwise, ReLU."""
        with tf.variable_scope(name):
            with tf.variable_scope("depthwise"):
                x = self.depthwise(x, size, stride)
            with tf.variable_scope("pointwise"):
                x = self._normed(self._convolve, x, self._conv_kernel(x, filters, 1))
            return self.relu(x) if relu else x

    def _convolve(self, x: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
        x, padding = self._pad(x, int(kernel.shape[0]), stride)
        return tf.nn.conv2d(x, kernel, [1, stride, stride, 1], padding)

    def _filter(self, x: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
        x, padding = self._pad(x, int(kernel.shape[0]), stride)
        return tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], padding)

    def _pad(self, x: tf.Tensor, size: int, stride: int) -> Tuple[tf.Tensor, str]:
        return (x, "SAME") if self.same else pad_alike(x, size, stride)

    def _conv_kernel(self, x: tf.Tensor, filters: int, size: int, zero_start: bool = False) -> Any:
        inputs = int(x.shape[-1])
        return self._kernel([size, size, inputs, filters], 0 if zero_start else (2.0 / (size * size * inputs)) ** 0.5)

    def _depthwise_kernel(self, x: tf.Tensor, size: int) -> Any:
        return self._kernel([size, size, int(x.shape[-1]), 1], (2.0 / (size * size)) ** 0.5)

    def _kernel(self, shape: List[int], deviation: float) -> Any:
        name = tf.get_variable_scope().name + "/kernel"
        seed = zlib.crc32(("%d/%s" % (self.seed, name)).encode("utf-8")) & 0x7FFFFFFF
        initialise = tf.truncated_normal_initializer(stddev=deviation / _CUT_NORMAL, seed=seed)
        kernel = tf.get_variable("kernel", shape, tf.float32, initialise)
        self.kernels.append(kernel)
        return kernel


def _norm_variables(channels: int) -> Tuple[Any, Any, Any, Any]:
    """Gain and offset, which are trained, and the moving averages of mean and variance."""
    gamma = tf.get_variable("gamma", [channels], tf.float32, tf.ones_initializer())
    beta = tf.get_variable("beta", [channels], tf.float32, tf.zeros_initializer())
    mean = tf.get_variable("moving_mean", [channels], tf.float32, tf.zeros_initializer(), trainable=False)
    variance = tf.get_variable("moving_variance", [channels], tf.float32, tf.ones_initializer(), trainable=False)
    return gamma, beta, mean, variance


def pad_alike(x: tf.Tensor, size: int, stride: int) -> Tuple[tf.Tensor, str]:
    """x padded with zeros alike on all sides for a strided window of odd `size`, and the padding left to the op."""
    if stride == 1 or size == 1:
        return x, "SAME"
    margin = [size // 2, size // 2]
    return tf.pad(x, [[0, 0], margin, margin, [0, 0]]), "VALID"


def max_pool(x: tf.Tensor, size: int, stride: int) -> tf.Tensor:
    """Maximum over windows of what a ReLU gave: zero padding changes nothing."""
    x, padding = pad_alike(x, size, stride)
    return tf.nn.max_pool(x, [1, size, size, 1], [1, stride, stride, 1], padding)


def global_mean(x: tf.Tensor) -> tf.Tensor:
    """[N,H,W,C] -> [N,1,1,C]"""
    return tf.reduce_mean(x, [1, 2], keepdims=True)


def size(x: tf.Tensor) -> Tuple[Length, Length]:
    """Height and width of x [N,H,W,C], as tensors where the graph does not know them."""
    height, width = x.shape.as_list()[1:3]
    return tf.shape(x)[1] if height is None else height, tf.shape(x)[2] if width is None else width


def resize(x: tf.Tensor, height: Length, width: Length) -> tf.Tensor:
    """Bilinear, output position i taken from i / scale: keeps features over their pixels."""
    if x.shape.as_list()[1:3] == [height, width]:
        return x
    return tf.image.resize_bilinear(x, [height, width], align_corners=False, half_pixel_centers=False)
