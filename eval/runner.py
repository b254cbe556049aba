"""Running a network over frames: a graph and session of its own, every frame exactly once."""

import contextlib
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault, ToolkitError
from net import bisenet
from net.layers import Precise, as_is
from pipeline import tfdata
from pipeline.batches import EvalBatches
from pipeline.device import Device
from pipeline.spec import BatchSpec

from .subject import Prediction

AVERAGE = "average/"  # before a variable's name: its moving average


class Model(NamedTuple):
    """What is needed to build a network for inference. `ignored`: class ids that are never predicted; score_stride: of
    its class scores."""

    frontend: str
    classes: int
    ignored: Tuple[int, ...]
    score_stride: int

    @property
    def predicted(self) -> Tuple[int, ...]:
        """The class ids that it chooses from."""
        return tuple(i for i in range(self.classes) if i not in self.ignored)

    def scores(self, image: tf.Tensor, precise: Precise = as_is) -> tf.Tensor:
        """image [N,H,W,3] uint8 -> the network's class scores [N,H/s,W/s,K]."""
        stride = self.score_stride
        network = bisenet.build(
            image, self.classes, self.frontend, training=False, score_stride=stride, precise=precise
        )
        return network.logits.main


class Scorer:
    """A network for inference over the frames of `make`. Use as a context manager, so that its session is closed."""

    def __init__(self, model: Model, make: EvalBatches, device: Device, threads: int) -> None:
        self._make = make
        self.graph = tf.Graph()
        with self.graph.as_default():
            data = tfdata.dataset(make, make.spec, 0, len(make), threads)
            self._iterator = tfdata.iterator(data)
            image, self._label = self._iterator.get_next()
            self._ids = inference(model, image, make.spec, device.needs.precise)
            self._assign = assigners(tf.global_variables())
        self._session = device.session(self.graph)

    def __enter__(self) -> "Scorer":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def load(self, values: Dict[str, np.ndarray]) -> None:
        """Set every variable of the network by name; KeyError names one that is missing."""
        load(self._session, self._assign, values)

    def predictions(self) -> Iterator[Prediction]:
        """Every frame once, in order."""
        self._session.run(self._iterator.initializer)
        for number in range(len(self._make)):
            truth, ids = self._run()
            for place, frame in enumerate(self._make.frames(number)):
                height, width = self._make.source.size(frame)
                yield Prediction(frame, truth[place, :height, :width], ids[place, :height, :width])

    def _run(self) -> List[np.ndarray]:
        try:
            return self._session.run([self._label, self._ids])
        except tf.errors.OpError as error:
            if self._make.fault is not None:
                raise self._make.fault from None
            raise stopped(error) from error


class FrameByFrame:
    """A network for inference that is fed from memory. Use as a context manager, so that its session is closed."""

    def __init__(self, model: Model, values: Dict[str, np.ndarray], spec: BatchSpec, device: Device) -> None:
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.uint8, spec.image_shape)
            self._scores = model.scores(self._image, device.needs.precise)
            self._ids = _decided(model, self._scores, spec, device.needs.precise)
            setters = assigners(tf.global_variables())
        self._session = device.session(graph)
        with contextlib.ExitStack() as opened:
            opened.callback(self._session.close)
            load(self._session, setters, values)
            opened.pop_all()

    def __enter__(self) -> "FrameByFrame":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def ids(self, image: np.ndarray) -> np.ndarray:
        """image [N,H,W,3] uint8 -> ids [N,H,W] uint8."""
        return run(self._session, self._ids, {self._image: image})

    def scores(self, image: np.ndarray) -> np.ndarray:
        """image [N,H,W,3] uint8 -> class scores before upsampling, [N,H/s,W/s,K] float32."""
        return run(self._session, self._scores, {self._image: image})


def run(session: tf.Session, fetches: Any, fed: Dict[tf.Tensor, np.ndarray]) -> Any:
    """session.run; what TensorFlow cannot do is a RunFault."""
    try:
        return session.run(fetches, fed)
    except tf.errors.OpError as error:
        raise stopped(error) from error


def stopped(error: tf.errors.OpError) -> RunFault:
    """For people."""
    remedy = "if memory ran out: a smaller --batch_size or --tile, or smaller frames"
    return RunFault("TensorFlow stopped: %s" % reason(error), remedy=remedy)


def reason(error: tf.errors.OpError) -> str:
    """The line of TensorFlow's message that says what happened: where it names a node, the one before."""
    lines = error.message.splitlines()
    named = [number for number, line in enumerate(lines) if "[[{{node" in line]
    return lines[max(0, named[0] - 1) if named else 0].strip()


def inference(model: Model, image: tf.Tensor, spec: BatchSpec, precise: Precise = as_is) -> tf.Tensor:
    """image [N,H,W,3] uint8 -> ids [N,H,W] uint8; `precise`: a context for what has to stay in float32."""
    return _decided(model, model.scores(image, precise), spec, precise)


def _decided(model: Model, scores: tf.Tensor, spec: BatchSpec, precise: Precise) -> tf.Tensor:
    return bisenet.predict(scores, spec.height, spec.width, model.ignored, precise)


def assigners(variables: List[Any]) -> Dict[str, Tuple[tf.Tensor, tf.Operation]]:
    """By name: a placeholder, and the operation that gives its value to the variable."""
    found = {}
    for variable in variables:
        value = tf.placeholder(variable.dtype.base_dtype, variable.shape)
        found[variable.op.name] = (value, tf.assign(variable, value).op)
    return found


def load(session: tf.Session, setters: Dict[str, Any], values: Dict[str, np.ndarray]) -> None:
    """Run assigners with values by name."""
    feed = {value: values[name] for name, (value, _) in setters.items()}
    session.run([operation for _, operation in setters.values()], feed)


def scored(values: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """The values to score: of variables that have a moving average, that."""
    averages = {name[len(AVERAGE) :]: value for name, value in values.items() if name.startswith(AVERAGE)}
    return dict(values, **averages)


def read_checkpoint(prefix: str) -> Dict[str, np.ndarray]:
    """All tensors of a TensorFlow checkpoint by name; ToolkitError if it is damaged."""
    try:
        reader = tf.train.load_checkpoint(prefix)
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except tf.errors.OpError:
        remedy = "name another with --checkpoint, or remove %s.* and --resume its training" % prefix
        raise ToolkitError("this checkpoint is damaged", where=prefix, remedy=remedy) from None
