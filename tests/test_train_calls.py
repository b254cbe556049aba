"""Calls of many steps (--iterations_per_loop): the same weights as single ones, and lengths that fit."""

import signal
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camvid_tools import classes
from eval.runfolder import read_metrics
from pipeline.sources import ArraySource
from test_train_stops import wait_for
from train import loop, settings
from trainings import STEPS, command, digest, numbers, resume


@pytest.fixture(scope="module")
def in_calls_of_four(data, tmp_path_factory):
    run = str(tmp_path_factory.mktemp("calls") / "run")
    flags = ["--iterations_per_loop", "4", "--validate_every", "4", "--save_every", "4"]
    subprocess.run(command(data, run) + flags, check=True)
    return run


def test_steps_in_calls_give_the_weights_of_single_steps(finished, in_calls_of_four):
    assert digest(in_calls_of_four) == digest(finished)


def test_what_is_logged_of_a_call_is_its_last_step(finished, in_calls_of_four):
    calls = [entry for entry in numbers(in_calls_of_four) if entry["kind"] == "train"]
    assert [entry["step"] for entry in calls] == [4, 8, 12]
    assert calls == [e for e in numbers(finished) if e["kind"] == "train" and e["step"] in (4, 8, 12)]
    assert [e["step"] for e in numbers(in_calls_of_four) if e["kind"] == "validation"] == [4, 8, 12]


def test_a_run_that_is_stopped_within_a_call_ends_it_and_goes_on_with_calls_of_another_length(finished, data, tmp_path):
    run = str(tmp_path / "run")
    process = subprocess.Popen(command(data, run) + ["--iterations_per_loop", "4"], stderr=subprocess.DEVNULL)
    wait_for(lambda: read_metrics(run), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    resume(run)
    assert digest(run) == digest(finished)
    assert read_metrics(run)[-1]["step"] == STEPS


def resolved(**given):
    frame = [(None, _Shape((64, 96)))]
    said = []
    source = ArraySource(["a_%d" % i for i in range(42)], frame * 42, classes.camvid32())
    return settings.resolve(
        dict(given, data_path="x", output_path="y", class_weights="none"), source, said.append
    ), said


class _Shape:
    def __init__(self, shape):
        self.shape = shape


def test_lengths_become_whole_calls_and_that_is_said():
    found, said = resolved(train_steps=1000, iterations_per_loop=100, save_every=150, log_every=100)
    assert (found.total_steps, found.save_every, found.log_every, found.validate_every) == (1000, 200, 100, 100)
    assert len(said) == 1 and "save_every 200 (for 150)" in said[0] and "total_steps" not in said[0]
    found, said = resolved(train_steps=1001, iterations_per_loop=100)
    assert found.total_steps == found.learning_rate.total == 1100 and "total_steps 1100 (for 1001)" in said[0]


def test_single_steps_are_rounded_by_nothing():
    found, said = resolved(train_steps=1001, save_every=7)
    assert (found.total_steps, found.save_every, said) == (1001, 7, [])


COUNTS = st.integers(1, 50)


@given(COUNTS, COUNTS, st.integers(1, 400))
def test_nothing_that_is_due_is_passed_over_whatever_the_length_of_a_call(call, every, total):
    total, step, done = -(-total // call) * call, 0, []
    while step < total:
        before, step = step, step + call
        if loop._due(before, step, every, total):
            done.append(step)
    due = set(range(every, total + 1, every)) | {total}
    assert len(done) == len({-(-step // call) for step in due}) and done[-1] == total
    assert all(0 <= min(d - step for d in done if d >= step) < call for step in due)
