"""Measuring the pipeline without a model: rate at the consumer, stages, the floor, and what device that feeds."""

import contextlib
import os
import time
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

import tensorflow.compat.v1 as tf

from . import floor, lock, stages, tfdata
from .batches import TrainBatches
from .workers import AHEAD, Workers

SCHEMA = "pipeline-bench/1"
FLOOR_FRAMES = 32  # of a source that decodes them at each reading; else all
WARM_UP = 4
END = 2**62
SIMULATED_STEPS = 40


class Team(NamedTuple):
    """Who makes batches: `count` threads that call `feed`, or as a `feed` that many processes."""

    feed: Any
    count: int

    @property
    def kind(self) -> str:
        """`workers` or `threads`, as the flags are called."""
        return "workers" if isinstance(self.feed, Workers) else "threads"

    @property
    def threads(self) -> int:
        """Threads of this process that ask for batches at once."""
        return 1 if self.kind == "workers" else self.count

    @property
    def ahead(self) -> int:
        """Batches that are made, or being made, before they are asked for."""
        return tfdata.PREFETCHED + (AHEAD * self.count if self.kind == "workers" else self.count)


def measure(make: TrainBatches, team: Team, seconds: float, first_step: int, step_time: float) -> Dict[str, Any]:
    """One measurement of a team that makes the batches of `make`, as the JSON document of `python -m pipeline`; about
    twice `seconds` of wall time."""
    many = FLOOR_FRAMES if make.source.one_size is None else len(make.source)
    samples = [make.source.read(index) for index in range(min(len(make.source), many))]
    before = floor.images_per_second(samples, make.spec, seconds / 4)
    rate = consumer_rate(team, seconds, first_step)
    floor_rate = (before + floor.images_per_second(samples, make.spec, seconds / 4)) / 2
    stage_times = stages.times(make, first_step)
    lock_ms = lock.handing_on(team.feed, first_step) if team.kind == "workers" else lock.held(make, stage_times)
    fed = feeds(rate, team.count, make.spec.batch_size, step_time, stage_times)
    simulated = min(seconds, SIMULATED_STEPS * step_time)
    fed["simulated_wait"] = round(wait_share(team, step_time, simulated, first_step), 4)
    return {
        "schema": SCHEMA,
        "source": make.source.kind,
        **({"workers": team.count} if team.kind == "workers" else {}),
        "threads": team.threads,
        "images_per_second": round(rate, 1),
        "floor_images_per_second": round(floor_rate, 1),
        "fraction_of_floor": round(rate / floor_rate, 3),
        "decode_images_per_second": _decode_rate(make.source, seconds / 4) if make.source.kind == "tree" else None,
        "stages_ms": stage_times,
        "lock_ms": round(lock_ms, 6),
        "most_images_per_second": round(1000 / lock_ms, 1),
        "memory_bytes": team.feed.memory_bytes(),
        "queue_depth": team.ahead,
        "bytes_per_second": round(rate * make.spec.element_bytes / make.spec.batch_size),
        "feeds": fed,
    }


@contextlib.contextmanager
def _consumer(team: Team, first_step: int) -> Iterator[Callable[[], Any]]:
    """A call that takes one batch, which stays inside TensorFlow; a fault in making it is raised as itself."""
    with tf.Graph().as_default():
        iterator = tfdata.iterator(tfdata.dataset(team.feed, team.feed.spec, first_step, END, team.threads))
        taken = tf.group(*iterator.get_next())
        with tf.Session() as session:
            try:
                session.run(iterator.initializer)
                yield session.make_callable(taken)
            except tf.errors.OpError:
                if team.feed.fault is not None:  # TensorFlow passes on only its text
                    raise team.feed.fault from None
                raise


def consumer_rate(team: Team, seconds: float, first_step: int) -> float:
    """Images a second of wall time that a TensorFlow session receives."""
    with _consumer(team, first_step) as take:
        for _ in range(WARM_UP + tfdata.PREFETCHED):
            take()
        return _rate(take, team.feed.spec.batch_size, seconds)


def wait_share(team: Team, step_time: float, seconds: float, first_step: int) -> float:
    """The share of its time that a device waits which takes a batch and is then busy for `step_time`, by trial."""
    waited = steps = 0.0
    with _consumer(team, first_step) as take:
        take()
        time.sleep(step_time)
        end = time.perf_counter() + seconds
        while steps == 0 or time.perf_counter() < end:
            start = time.perf_counter()
            take()
            waited += time.perf_counter() - start
            time.sleep(step_time)
            steps += 1
    return waited / (waited + steps * step_time)


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


def feeds(rate: float, count: int, batch_size: int, step_time: float, spent: Dict[str, float]) -> Dict[str, Any]:
    """Whether `rate` images a second of `count` threads or processes keep a device busy that takes a batch every
    `step_time` seconds."""
    needed = batch_size / step_time
    cores = needed / (rate / min(count, os.cpu_count() or 1))
    worst = max(spent, key=lambda stage: spent[stage])
    wait = max(0.0, 1 - rate / needed)
    return {
        "step_time": step_time,
        "input_wait": round(wait, 4),
        "cores_needed": round(cores, 3),
        "worst_stage": worst,
        "advice": _advice(wait, cores, worst, step_time),
    }


REMEDIES = {
    "read": "pack the data with camvid-encode, or --cache",
    "albumentations": "use fewer or cheaper transforms, or --workers, since threads take turns at them",
}


def _advice(wait: float, cores: float, worst: str, step_time: float) -> str:
    if wait <= 0:
        return "this machine feeds a %g s step with %.2g cores" % (step_time, cores)
    text = "a %g s step would wait %.0f %% of its time and needs %.2g cores; '%s' costs most: %s"
    return text % (step_time, 100 * wait, cores, worst, REMEDIES.get(worst, "use --workers, or more cores"))


def sweep(teams: List[Team], seconds: float, first_step: int) -> List[Dict[str, float]]:
    """The consumer's rate of each team, and the memory of all batches made and not given back."""
    rows = []
    for team in teams:
        rate = round(consumer_rate(team, seconds, first_step), 1)
        rows.append({team.kind: team.count, "images_per_second": rate, "memory_bytes": team.feed.memory_bytes()})
    return rows
