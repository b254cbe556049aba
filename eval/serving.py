"""The graph that is handed on: a frame goes in as it is, its class ids and scores come out."""

import contextlib
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from net import bisenet
from net.layers import Length
from net.layers import size as size_of
from pipeline import canvas, sizes
from pipeline.device import Host

from . import runner
from .trained import Trained

IMAGE, IDS, SCORES = "image", "ids", "scores"  # names of the graph's input and outputs


class Answer(NamedTuple):
    """What a network says of a frame: ids [1,H,W] uint8; scores [1,H,W,K] float32, of classes that are never predicted
    -65504, so that the best score's class is the id."""

    ids: np.ndarray
    scores: np.ndarray


class Serving:
    """The graph with the weights of a checkpoint, in a session. Use as a context manager.

    The input is uint8 RGB [1,H,W,3] of `size` (height, width), of any where that is None; normalisation and padding are
    inside.
    """

    def __init__(self, trained: Trained, size: Optional[Tuple[int, int]]) -> None:
        with tf.Graph().as_default() as self.graph:
            self.image = tf.placeholder(tf.uint8, [1, *(size or (None, None)), 3], IMAGE)
            self.ids, self.scores = _answer(trained.model, self.image)
            setters = runner.assigners(tf.global_variables())
        self.session = Host("cpu").session(self.graph)
        with contextlib.ExitStack() as opened:
            opened.callback(self.session.close)
            runner.load(self.session, setters, trained.values)
            opened.pop_all()

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.session.close()

    def __call__(self, image: np.ndarray) -> Answer:
        """image [1,H,W,3] uint8 -> the answer of the live graph."""
        return Answer(*runner.run(self.session, [self.ids, self.scores], {self.image: image}))

    def frozen(self) -> tf.GraphDef:
        """The graph with its weights as constants and nothing else."""
        definition = self.graph.as_graph_def()
        return tf.graph_util.convert_variables_to_constants(self.session, definition, [IDS, SCORES])


def _answer(model: runner.Model, image: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    height, width = size_of(image)
    whole = _padded(image)
    scores = bisenet.full_scores(model.scores(whole), *size_of(whole), model.ignored)[:, :height, :width]
    return tf.identity(bisenet.chosen(scores), IDS), tf.identity(scores, SCORES)


def _padded(image: tf.Tensor) -> tf.Tensor:
    """[1,H,W,3] uint8 to multiples of what the network takes, as evaluation pads."""
    below, right = (_missing(length) for length in size_of(image))
    if below == right == 0:
        return image
    colour = tf.constant(canvas.COLOUR, tf.float32)
    padded = tf.pad(tf.cast(image, tf.float32) - colour, [[0, 0], [0, below], [0, right], [0, 0]]) + colour
    return tf.ensure_shape(padded, [1, *(_multiple(length) for length in image.shape.as_list()[1:3]), 3])


def _missing(length: Length) -> Length:
    """Pixels up to the next multiple, by positive numbers alone: of negative ones runtimes disagree."""
    return (sizes.MULTIPLE - length % sizes.MULTIPLE) % sizes.MULTIPLE


def _multiple(length: Optional[int]) -> Optional[int]:
    return None if length is None else sizes.rounded_up(length)
