"""Measuring the pipeline without a model: rate at the consumer, stages, the floor, and what device that feeds."""

import os
import time
from typing import Any, Callable, Dict, List, Optional

import tensorflow.compat.v1 as tf

from . import floor, stages, tfdata
from .batches import TrainBatches

SCHEMA = "pipeline-bench/1"
FLOOR_FRAMES = 32  # of a source that decodes them; all views of one that is mapped
WARM_UP = 4


def measure(make: TrainBatches, threads: int, seconds: float, first_step: int, step_time: float) -> Dict[str, Any]:
    """One measurement as the JSON document of `python -m pipeline`; about 1.6 times `seconds` of wall time."""
    many = len(make.source) if make.source.kind == "packed" else FLOOR_FRAMES
    samples = [make.source.read(index) for index in range(min(len(make.source), many))]
    floor_rate = floor.images_per_second(samples, make.spec, seconds / 4)
    rate = consumer_rate(make, threads, seconds, first_step)
    stage_times = stages.times(make, first_step)
    return {
        "schema": SCHEMA,
        "source": make.source.kind,
        "threads": threads,
        "images_per_second": round(rate, 1),
        "floor_images_per_second": round(floor_rate, 1),
        "fraction_of_floor": round(rate / floor_rate, 3),
        "decode_images_per_second": _decode_rate(make.source, seconds / 4) if make.source.kind == "tree" else None,
        "stages_ms": stage_times,
        "memory_bytes": make.memory_bytes(),
        "queue_depth": tfdata.PREFETCHED + threads,
        "bytes_per_second": round(rate * make.spec.element_bytes / make.spec.batch_size),
        "feeds": feeds(rate, threads, make.spec.batch_size, step_time, stage_times),
    }


def consumer_rate(make: TrainBatches, threads: int, seconds: float, first_step: int) -> float:
    """Images a second of wall time that a TensorFlow session receives, batches staying inside TensorFlow."""
    with tf.Graph().as_default():
        iterator = tfdata.iterator(tfdata.dataset(make, make.spec, first_step, 2**62, threads))
        taken = tf.group(*iterator.get_next())
        with tf.Session() as session:
            take = session.make_callable(taken)
            try:
                session.run(iterator.initializer)
                for _ in range(WARM_UP + tfdata.PREFETCHED):
                    take()
                return _rate(take, make.spec.batch_size, seconds)
            except tf.errors.OpError:
                if make.fault is not None:  # TensorFlow passes on only its text
                    raise make.fault from None
                raise


def _rate(call: Callable[[], Any], images: int, seconds: float) -> float:
    done, start = 0, time.perf_counter()
    while True:
        call()
        done += images
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return done / elapsed


def _decode_rate(source: Any, seconds: float) -> float:
    """Images a second of reading and decoding frames and labels alone, past any cache, on one thread."""
    order = iter(range(2**62))
    return round(_rate(lambda: source.decode(next(order) % len(source)), 1, seconds), 1)


def feeds(rate: float, threads: int, batch_size: int, step_time: float, spent: Dict[str, float]) -> Dict[str, Any]:
    """Whether `rate` images a second keep a device busy that takes a batch every `step_time` seconds."""
    needed = batch_size / step_time
    cores = needed / (rate / min(threads, os.cpu_count() or 1))
    worst = max(spent, key=lambda stage: spent[stage])
    wait = max(0.0, 1 - rate / needed)
    return {
        "step_time": step_time,
        "input_wait": round(wait, 4),
        "cores_needed": round(cores, 3),
        "worst_stage": worst,
        "advice": _advice(wait, cores, worst, step_time),
    }


def _advice(wait: float, cores: float, worst: str, step_time: float) -> str:
    if wait <= 0:
        return "this machine feeds a %g s step with %.2g cores" % (step_time, cores)
    remedy = "pack the data with camvid-encode" if worst == "read" else "use more threads or cores"
    return "a %g s step would wait %.0f %% of its time; '%s' costs most: %s" % (
        step_time,
        100 * wait,
        worst,
        remedy,
    )


def sweep(make: TrainBatches, most: int, seconds: float, first_step: int) -> List[Dict[str, Optional[float]]]:
    """The consumer's rate for 1, 2, 4 ... `most` threads."""
    counts = sorted({2**power for power in range(10) if 2**power <= most} | {most})
    return [{"threads": n, "images_per_second": round(consumer_rate(make, n, seconds, first_step), 1)} for n in counts]
