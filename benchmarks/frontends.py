"""What each frontend costs: training in images a second, parameters, and one frame's time at inference.

Drawn frames of 360 x 480 and 32 classes; trained from nothing, which is as fast as from pretrained weights. Each has a
run folder with eval.json below --work; a command that was cut off takes those that are whole.

python benchmarks/frontends.py [--frontends xception39,resnet18] [--steps 14] [--batch_size 8] [--device cpu]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from comparing import data

from pipeline.quiet import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402

from eval.runfolder import read_metrics  # noqa: E402
from net import bisenet, frontends  # noqa: E402
from train import recipes  # noqa: E402

FRAME_HW, FRAMES = (360, 480), 60
RECIPE = "pretrained"
STRIDE = recipes.RECIPES[RECIPE].score_stride
WINDOW, CLASSES = 2, 32  # steps between two log lines; of the drawn frames


class Costs(NamedTuple):
    """Images a second, millions of parameters, eval.json's latency_ms."""

    images_per_second: float
    parameters: float
    latency_ms: Dict[str, Any]


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Measure one after the other, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frontends", default=",".join(frontends.FRONTENDS))
    parser.add_argument("--steps", type=int, default=14, help="of each training")
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--device", default="cpu", choices=("cpu", "gpu", "npu"))
    parser.add_argument("--work", default=os.path.join("output", "frontends"), metavar="DIR")
    options = parser.parse_args(argv)
    if options.steps < 3 * WINDOW:
        parser.error("--steps must be at least %d: the first window is not counted" % (3 * WINDOW))
    frames = os.path.join(options.work, "frames")
    if not os.path.exists(frames + ".h5"):
        data.draw_tree(frames, FRAMES, FRAME_HW)
        data.pack(frames, frames + ".h5")
    found = {}
    for frontend in options.frontends.split(","):
        print(frontend, file=sys.stderr, flush=True)
        found[frontend] = costs(options, frontend, frames + ".h5")
    print(table(found, options))


def costs(options: argparse.Namespace, frontend: str, frames: str) -> Costs:
    """Of one frontend, from its run folder once that is there."""
    about = (frontend, options.device, options.batch_size, options.steps, STRIDE)
    run = os.path.join(options.work, "%s_%s_%d_%d_%d" % about)
    scores = os.path.join(run, "eval.json")
    if not os.path.exists(scores):
        flags = ["--data_path", frames, "--frontend", frontend, "--recipe", RECIPE, "--weights", "none"]
        flags += ["--train_steps", str(options.steps), "--log_every", str(WINDOW), "--device", options.device]
        flags += ["--batch_size", str(options.batch_size), "--output_path", run, "--overwrite"]
        _python("train", flags)
        _python("eval", ["--run", run, "--split", "val", "--device", options.device])
    rates = [entry["images_per_second"] for entry in read_metrics(run) if entry["kind"] == "train"]
    with open(scores, encoding="utf-8") as file:
        latency_ms = json.load(file)["latency_ms"]
    return Costs(statistics.median(rates[1:]), parameters(frontend) / 1e6, latency_ms)


def parameters(frontend: str) -> int:
    """Trainable numbers of the network as it is used at inference, for CLASSES classes."""
    with tf.Graph().as_default():
        images = tf.placeholder(tf.uint8, (1, 64, 64, 3))
        bisenet.build(images, CLASSES, frontend, training=False, score_stride=STRIDE)
        return sum(variable.shape.num_elements() for variable in tf.trainable_variables())


def _python(module: str, flags: List[str]) -> None:
    subprocess.run([sys.executable, "-m", module] + flags, check=True, stdout=sys.stderr)


def table(found: Dict[str, Costs], options: argparse.Namespace) -> str:
    """The table in Markdown."""
    lines = [
        "TensorFlow %s on %s; frames of %d x %d, training in batches of %d, inference one frame at a time:"
        % (tf.__version__, next(iter(found.values())).latency_ms["device"], *FRAME_HW, options.batch_size),
        "",
        "| frontend | parameters, M | training, images/s | one frame, ms: median | p95 | without upsampling "
        "| with reading |",
        "|---|---|---|---|---|---|---|",
    ]
    for frontend, one in found.items():
        delay = one.latency_ms
        cells = (delay["median"], delay["p95"], delay["without_upsampling"]["median"], delay["with_reading"]["median"])
        start = "| `%s` | %.1f | %.2f |" % (frontend, one.parameters, one.images_per_second)
        lines.append(start + " %.1f | %.1f | %.1f | %.1f |" % cells)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
