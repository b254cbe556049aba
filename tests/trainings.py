"""Small trainings as a user starts them, each in a process of its own.

TensorFlow's threads are set once a process, by its first session, and equal weights are promised for equal threads.
"""

import subprocess
import sys

from eval import runfolder
from eval.runfolder import read_metrics

STEPS = 12
SHORT = ["--train_steps", str(STEPS), "--batch_size", "2", "--height", "64", "--width", "96", "--tf_threads", "1"]
SHORT += [
    "--frontend",
    "xception39",
    "--threads",
    "2",
    "--validate_every",
    "5",
    "--save_every",
    "4",
    "--log_every",
    "1",
    "--augment",
    "base",
]


def command(data, run):
    """The command that trains STEPS steps on `data` into the folder `run`."""
    return [sys.executable, "-m", "train", "--data_path", data, "--output_path", run] + SHORT


def train(data, run):
    """Train, undisturbed; returns the run folder."""
    subprocess.run(command(data, run), check=True)
    return run


def resume(run, *flags):
    """Go on with a run to its end."""
    subprocess.run([sys.executable, "-m", "train", "--output_path", run, "--resume"] + list(flags), check=True)


def digest(run):
    """The weights that a run ended with."""
    return runfolder.choose(run, "last").about["weights_digest"]


def numbers(run):
    """metrics.jsonl without what a clock says."""
    clocks = ("time", "images_per_second", "input_wait", "cpu_s")
    return [{k: v for k, v in entry.items() if k not in clocks} for entry in read_metrics(run)]
