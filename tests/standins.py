"""Trainings on an Ascend card that the stand-in adapter plays, each in a process of its own."""

import json
import os
import subprocess

import pytest
import tensorflow.compat.v1 as tf

import trainings

HERE = os.path.dirname(os.path.abspath(__file__))
STANDIN = os.path.join(HERE, "standin")
on_the_cards_stack = pytest.mark.skipif(not tf.VERSION.startswith("1."), reason="the adapter belongs to 1.15")


def environ(folder, **more):
    """The environment of a process that finds the stand-in, which keeps its journal in `folder`."""
    kept = {k: v for k, v in os.environ.items() if k not in ("TF_CPP_MIN_LOG_LEVEL", "RANK_SIZE", "RANK_ID")}
    path = os.pathsep.join(part for part in (STANDIN, os.path.dirname(HERE), kept.get("PYTHONPATH")) if part)
    return dict(kept, PYTHONPATH=path, STANDIN_JOURNAL=os.path.join(str(folder), "journal"), **more)


def train(data, folder, *flags, **more):
    """Train on the card into `folder`/run; the finished process, with what it said."""
    words = trainings.command(data, os.path.join(str(folder), "run")) + ["--frontend", "resnet18"]  # the smaller graph
    return start(words + ["--device", "npu", *map(str, flags)], folder, **more)


def start(words, folder, **more):
    """Run a command with the stand-in, in `folder`."""
    return subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        cwd=str(folder),
        env=environ(folder, **more),
    )


def journal(folder, event=None):
    """What the card was asked, in order."""
    with open(os.path.join(str(folder), "journal")) as file:
        entries = [json.loads(line) for line in file]
    return [entry for entry in entries if event in (None, entry["event"])]


def steps(folder):
    """The runs that trained."""
    return [entry for entry in journal(folder, "run") if "IterationOp" in entry["fetches"]]
