"""Whether a long training keeps its size: memory of the process and bytes of its logs over the steps.

Draws frames, trains from nothing, validating and saving far more often than a real run does, reads the process's
resident memory from /proc twice a second, and draws it.

python benchmarks/long_run.py [--steps 2000] [--out output/long_run.png] [--work DIR]
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import time
from typing import Dict, List, NamedTuple, Optional, Sequence

from comparing import data

from camvid_tools import atomic
from eval import runfolder

FRAMES, HEIGHT, WIDTH = 60, 96, 128
EVERY = 20  # steps between validations, and between checkpoints: what they do comes up to a hundred times
WARM_SHARE = 0.5  # of the steps: by then buffers and the allocator's arenas have their size
LOGS = {"metrics.jsonl": "metrics.jsonl", "events": "events.*", "log": "train_*.log", "checkpoints": "checkpoints/*"}


class Sample(NamedTuple):
    """The step done last, resident megabytes of the process."""

    step: int
    megabytes: float


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Train, print the table, draw the chart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", default=os.path.join("output", "long_run.png"), metavar="FILE.png")
    parser.add_argument("--work", default=os.path.join("output", "long_run"), metavar="DIR")
    options = parser.parse_args(argv)
    run = os.path.join(options.work, "run")
    samples = watched(options, run)
    print(table(samples, run, options.steps))
    chart(samples, options.out)


def watched(options: argparse.Namespace, run: str) -> List[Sample]:
    """Samples of a training from its first logged step to its last."""
    shutil.rmtree(options.work, ignore_errors=True)
    frames = os.path.join(options.work, "frames")
    data.draw_tree(frames, FRAMES, (HEIGHT, WIDTH))
    words = ["--data_path", frames, "--output_path", run, "--recipe", "scratch", "--train_steps", str(options.steps)]
    words += ["--batch_size", "4", "--validate_every", str(EVERY), "--save_every", str(EVERY)]
    process = subprocess.Popen([sys.executable, "-m", "train"] + words, stdout=sys.stderr)
    samples: List[Sample] = []
    while process.poll() is None:
        time.sleep(0.5)
        entries = runfolder.read_metrics(run)
        resident = _resident(process.pid)
        if entries and resident and entries[-1]["step"] < options.steps:  # after the last it gives back what it had
            samples.append(Sample(entries[-1]["step"], resident))
    if process.returncode:
        raise SystemExit("the training ended with %d" % process.returncode)
    return samples


def _resident(pid: int) -> float:
    """Megabytes; 0 where the process has just gone."""
    try:
        with open("/proc/%d/status" % pid) as status:
            found = [line.split()[1] for line in status if line.startswith("VmRSS:")]
    except OSError:
        return 0.0
    return int(found[0]) / 1024 if found else 0.0


def table(samples: Sequence[Sample], run: str, steps: int) -> str:
    """Memory at some steps, its growth by a straight line after warm-up, and the files, in Markdown."""
    import tensorflow

    said = "TensorFlow %s, %d steps of 4, a validation and a checkpoint every %d:"
    lines = [said % (tensorflow.__version__, steps, EVERY)]
    lines += ["", "| step | resident memory, MB |", "|---|---|"]
    for share in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0):
        one = min(samples, key=lambda sample: abs(sample.step - share * steps))
        lines.append("| %d | %.0f |" % one)
    lines += ["", "In its second half it grows by %.1f MB in 1,000 steps (straight line)." % slope(samples, steps)]
    lines += ["", "| file | bytes at the end | a step |", "|---|---|---|"]
    for name, size in sizes(run).items():
        lines.append("| %s | %s | %.0f |" % (name, "{:,}".format(size), size / steps))
    return "\n".join(lines)


def slope(samples: Sequence[Sample], steps: int) -> float:
    """Megabytes in 1,000 steps, by least squares over the samples after warm-up."""
    import numpy as np

    warm = [sample for sample in samples if sample.step >= WARM_SHARE * steps]
    return float(1000 * np.polyfit(*zip(*warm), deg=1)[0])


def sizes(run: str) -> Dict[str, int]:
    """Bytes of what a run leaves."""
    return {name: sum(map(os.path.getsize, glob.glob(os.path.join(run, files)))) for name, files in LOGS.items()}


def chart(samples: Sequence[Sample], path: str) -> None:
    """Memory over steps as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 3.2), constrained_layout=True)
    axis.plot(*zip(*samples), color="#1b4965", linewidth=1.4)
    axis.set_title("resident memory of a training, MB", loc="left", fontsize=11)
    axis.set_xlabel("step")
    axis.set_ylim(bottom=0)
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.spines["top"].set_visible(False)
    axis.spines["right"].set_visible(False)
    with atomic.replacing(path) as part:
        figure.savefig(part, dpi=110, format="png")
    pyplot.close(figure)


if __name__ == "__main__":
    main()
