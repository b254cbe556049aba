"""python -m pipeline: how fast batches are made, and which device that feeds."""

import argparse
import contextlib
import hashlib
import os
import sys
from typing import Any, Callable, Dict, List, Optional, Sequence

from camvid_tools import console
from camvid_tools.errors import ToolkitError
from camvid_tools.words import counted

from . import augmentations, sources, workers
from .batches import TrainBatches
from .quiet import import_tensorflow
from .schedule import Schedule
from .sizes import training_size
from .spec import BatchSpec

LAST_STEP = 2**48  # far beyond any training, and no counter of frames overflows
MODEL_ZOO_STEP_S = 0.75  # the published step of the Ascend 910 for a batch of 8


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "python -m pipeline",
        "Measure the input pipeline without a model: images a second, the floor, stages, the device it feeds.",
        "python -m pipeline --data_path CamVid_split.h5 --sweep",
    )
    parser.add_argument("--data_path", required=True, metavar="X", help="a split folder or a packed file")
    parser.add_argument("--split", default="train", help="the split to read")
    parser.add_argument("--height", type=int, help="of the crop (default: by the data)")
    parser.add_argument("--width", type=int, help="of the crop (default: by the data)")
    parser.add_argument("--batch_size", type=int, default=8, help="images a batch")
    parser.add_argument("--augment", default="base", metavar="NAME|FILE", help="the augmentation")
    parser.add_argument("--seed", type=int, default=0, help="of order and draws")
    parser.add_argument(
        "--cache", default="none", help="none, memory, or a folder: keep decoded frames of a split folder"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="that make batches")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the measurement")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes that make batches, instead of threads"
    )
    parser.add_argument("--sweep", action="store_true", help="measure 1, 2, 4 ... threads, or processes, too")
    device = parser.add_mutually_exclusive_group()
    device.add_argument(
        "--step_time", type=float, metavar="S", help="seconds a step of the device to feed (default: 0.75)"
    )
    device.add_argument("--rate", type=float, metavar="IMAGES", help="the same as images a second")
    parser.add_argument("--first_step", type=int, default=0, metavar="K", help="start at this batch")
    parser.add_argument("--digest", type=int, metavar="N", help="print the sha256 over batches 0..N-1 and stop")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Open, measure, print."""
    make = _batches(options, out)
    if options.digest is not None:
        with workers.feed(make, options.workers) as feed:
            found = digest(feed, options.digest)
        if options.json != "-":
            print(found)
        out.result({"schema": "pipeline-digest/1", "batches": options.digest, "digest": found})
        return 0
    document = _measured(make, options)
    out.say(_text(document, make))
    out.result(document)
    return 0


def _measured(make: TrainBatches, options: argparse.Namespace) -> Dict[str, Any]:
    """The document. All processes are there before TensorFlow is."""
    most = options.workers or options.threads
    counts = [most] + (_up_to(most) if options.sweep else [])
    with contextlib.ExitStack() as opened:
        made = [opened.enter_context(workers.feed(make, options.workers and count)) for count in counts]
        import_tensorflow()
        from . import bench

        teams = [bench.Team(feed, count) for feed, count in zip(made, counts)]
        step_time = options.step_time or (options.batch_size / options.rate if options.rate else MODEL_ZOO_STEP_S)
        document = bench.measure(make, teams[0], options.seconds, options.first_step, step_time)
        if options.sweep:
            document["sweep"] = bench.sweep(teams[1:], options.seconds / 2, options.first_step)
        return document


def _up_to(most: int) -> List[int]:
    """1, 2, 4 ... `most`."""
    return sorted({2**power for power in range(10) if 2**power <= most} | {most})


def _batches(options: argparse.Namespace, out: console.Console) -> TrainBatches:
    for name in ("batch_size", "threads", "seconds", "step_time", "rate"):
        value = getattr(options, name)
        if value is not None and not 0 < value < float("inf"):
            raise ToolkitError("--%s %g is not positive" % (name, value))
    for name in ("first_step", "digest", "workers"):
        if not 0 <= (getattr(options, name) or 0) < LAST_STEP:
            raise ToolkitError("--%s %d is not from 0 to %d" % (name, getattr(options, name), LAST_STEP - 1))
    chosen = augmentations.named(options.augment)
    say = out.say if options.digest is None else _nothing  # a digest is one line
    source = sources.open_source(options.data_path, options.split, options.cache, say=say)
    if options.cache != sources.NONE or options.workers:
        source.survey()  # as training does; it fills the cache: what is measured is how it goes on from there
    height, width = training_size(source, options.height, options.width)
    spec = BatchSpec(options.batch_size, height, width, len(source.classes))
    return TrainBatches(source, Schedule(len(source), options.batch_size, options.seed), chosen, spec)


def _nothing(line: str) -> None:
    pass


def digest(make: Callable, count: int) -> str:
    """One sha256 over images and labels of batches 0..count-1."""
    whole = hashlib.sha256()
    for number in range(count):
        for array in make(number):
            whole.update(array)
    return whole.hexdigest()


def _text(document: Dict[str, Any], make: TrainBatches) -> str:
    lines = [
        "%s %s, %d frames -> batches of %d x %d x %d, augmentation %s, %s"
        % (
            document["source"],
            make.source.path,
            len(make.source),
            make.spec.batch_size,
            make.spec.height,
            make.spec.width,
            make.augmentation.name,
            _team(document),
        ),
        "%10.1f images a second at the consumer (%.0f MB/s)"
        % (document["images_per_second"], document["bytes_per_second"] / 1e6),
        "%10.1f images a second is the floor of one core; fraction %.2f"
        % (document["floor_images_per_second"], document["fraction_of_floor"]),
    ]
    if document["decode_images_per_second"]:
        lines.append("%10.1f images a second by decoding alone on one thread" % document["decode_images_per_second"])
    lines.append("stages on one thread, ms an image:")
    lines += ["%10.3f %s" % (ms, stage) for stage, ms in document["stages_ms"].items()]
    for row in document.get("sweep", ()):
        text = "%10.1f images a second with %s, %.1f MB of buffers"
        lines.append(text % (row["images_per_second"], _team(row), row["memory_bytes"] / 1e6))
    lines.append(_locked(document))
    lines.append(
        "buffers: %.1f MB, at most %d batches ahead" % (document["memory_bytes"] / 1e6, document["queue_depth"])
    )
    fed = document["feeds"]
    simulated = "a simulated one waited %.1f %% of its time" % (100 * fed["simulated_wait"])
    return "\n".join(lines + ["%s; %s" % (fed["advice"], simulated)])


def _team(row: Dict[str, Any]) -> str:
    if "workers" not in row:
        return counted(row["threads"], "thread")
    return "1 process" if row["workers"] == 1 else "%d processes" % row["workers"]


def _locked(document: Dict[str, Any]) -> str:
    """What the interpreter's lock leaves to many cores."""
    most, rate = document["most_images_per_second"], document["images_per_second"]
    if "workers" in document:
        text = "this process spends %.4f ms an image on what the others make: at most %.0f images a second"
        return text % (document["lock_ms"], most)
    alone = rate / document["threads"]
    text = "the interpreter's lock is held %.3f ms an image: one process makes at most %.0f images a second"
    reached = ", reached with %.0f cores" % (most / alone) if most > alone else ""
    return text % (document["lock_ms"], most) + reached


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of python -m pipeline."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
