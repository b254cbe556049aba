"""Running a network over frames: a graph and session of its own, every frame exactly once."""

import contextlib
import time
from typing import Any, Callable, ContextManager, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools.errors import ToolkitError
from net import bisenet
from pipeline import tfdata
from pipeline.batches import EvalBatches
from pipeline.device import Device
from pipeline.spec import BatchSpec

from .subject import Prediction

AVERAGE = "average/"  # before a variable's name: its moving average


class Model(NamedTuple):
    """What is needed to build a network for inference. `ignored`: class ids that are never predicted."""

    frontend: str
    classes: int
    ignored: Tuple[int, ...]


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
        except tf.errors.OpError:
            if self._make.fault is not None:
                raise self._make.fault from None
            raise


def inference(
    model: Model, image: tf.Tensor, spec: BatchSpec, precise: Callable[[], ContextManager] = contextlib.nullcontext
) -> tf.Tensor:
    """image [N,H,W,3] uint8 -> ids [N,H,W] uint8; `precise`: a context for what has to stay in float32."""
    network = bisenet.build(image, model.classes, model.frontend, training=False)
    return bisenet.predict(network.logits.main, spec.height, spec.width, model.ignored, precise)


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


class Latency(NamedTuple):
    """Milliseconds for one frame: upload, network, argmax at full size, ids back on the host."""

    median: float
    p95: float


def latency(model: Model, values: Dict[str, np.ndarray], height: int, width: int, device: Device) -> Latency:
    """Time single frames of that size, after warm-up: two seconds, and at least 20 of them."""
    spec = BatchSpec(1, height, width, model.classes)
    with tf.Graph().as_default() as graph:
        image = tf.placeholder(tf.uint8, spec.image_shape)
        ids = inference(model, image, spec, device.needs.precise)
        setters = assigners(tf.global_variables())
        with device.session(graph) as session:
            load(session, setters, values)
            frame = np.zeros(spec.image_shape, np.uint8)
            return _timed(lambda: session.run(ids, {image: frame}))


def _timed(call: Any, seconds: float = 2.0, warm_up: int = 3, least: int = 20) -> Latency:
    for _ in range(warm_up):
        call()
    spent: List[float] = []
    while len(spent) < least or sum(spent) < seconds:
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    milliseconds = 1000 * np.array(spent)
    return Latency(float(np.median(milliseconds)), float(np.percentile(milliseconds, 95)))
