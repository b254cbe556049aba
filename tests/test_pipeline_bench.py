"""python -m pipeline where the command or its data are at fault."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

import synthetic
from augment.augmentation import NAMED
from camvid_tools import classes
from pipeline import bench, stages, tfdata
from pipeline.__main__ import main
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.sources import ArraySource
from pipeline.spec import BatchSpec

SMALL = ["--height", "32", "--width", "32", "--batch_size", "2", "--seconds", "0.2", "--threads", "2"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return synthetic.split(tmp_path_factory.mktemp("bench") / "set", hw=(40, 56))


def test_a_damaged_frame_met_while_measuring_is_named_in_one_line(tmp_path):
    names = list(synthetic.NAMES[:40])
    tree = synthetic.split(tmp_path / "set", {"train": names}, (32, 32))
    (tmp_path / "set" / "train" / (names[38] + ".png")).write_bytes(b"")
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "--data_path",
        tree,
    ] + SMALL  # a new process: TensorFlow is quiet there
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = ran.stderr.decode()
    assert ran.returncode == 3 and names[38] in said
    assert len(said.strip().splitlines()) == 1 and "Traceback" not in said


def test_a_tree_tells_the_rate_of_decoding_and_a_sweep_tells_each_count_of_threads(run, tree):
    document = run(main, "--data_path", tree, "--sweep", "--json", "-", *SMALL).json()
    assert document["source"] == "tree" and document["decode_images_per_second"] > 0
    assert [row["threads"] for row in document["sweep"]] == [1, 2]
    assert all(row["images_per_second"] > 0 for row in document["sweep"])


def test_transforms_that_need_large_windows_are_measured_too(run, tree, tmp_path):
    steps = [{"transform": "RandomCrop", "height": 35, "width": 35, "p": 1.0}]
    (tmp_path / "own.json").write_text(json.dumps({"scale": [0.8, 0.8], "albumentations": steps}))
    found = run(main, "--data_path", tree, "--augment", tmp_path / "own.json", "--json", "-", *SMALL).json()
    assert found["stages_ms"]["albumentations"] > 0
    assert found["most_images_per_second"] <= 1000 / found["stages_ms"]["albumentations"]


def test_rate_and_step_time_say_the_same(run, tree):
    by_rate = run(main, "--data_path", tree, "--rate", "4", "--json", "-", *SMALL).json()["feeds"]
    by_time = run(main, "--data_path", tree, "--step_time", "0.5", "--json", "-", *SMALL).json()["feeds"]
    assert by_rate["step_time"] == by_time["step_time"] == 0.5


@pytest.mark.parametrize(
    "flags, fact",
    [
        (["--step_time", "0"], "--step_time 0"),
        (["--step_time", "-1"], "--step_time -1"),
        (["--rate", "0"], "--rate 0"),
        (["--threads", "0"], "--threads 0"),
        (["--batch_size", "-3"], "--batch_size -3"),
        (["--first_step", "-1"], "--first_step -1"),
        (["--digest", "-1"], "--digest -1"),
        (["--augment", "wild"], "wild"),
        (["--height", "33"], "--height 33"),
        (["--cache", "moon"], "moon"),
        (["--split", "holdout"], "train, val, test"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_flag_that_cannot_be_used_is_named_in_one_line(run, tree, flags, fact):
    base = (
        ["--data_path", tree] + [] if "--height" in flags else ["--data_path", tree, "--height", "32", "--width", "32"]
    )
    assert fact in run(main, *base, *flags).refusal()


def test_data_that_is_not_there_is_named(run, tmp_path):
    assert str(tmp_path / "nothing.h5") in run(main, "--data_path", tmp_path / "nothing.h5").refusal()
    (tmp_path / "text.h5").write_text("hello")
    assert "camvid-encode" in run(main, "--data_path", tmp_path / "text.h5").refusal()


def test_the_digest_is_that_of_the_batches_whatever_the_cache(run, tree):
    lines = [
        run(main, "--data_path", tree, "--digest", 3, "--cache", cache, *SMALL).out for cache in ("none", "memory")
    ]
    assert lines[0] == lines[1] and len(lines[0]) == 65


class SlowSource(ArraySource):
    """Frames that take `delay` seconds each to read."""

    def __init__(self, delay):
        frame = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), np.uint8)
        super().__init__(["a_%d" % i for i in range(9)], [frame] * 9, classes.camvid32())
        self._delay = delay

    def read(self, index):
        time.sleep(self._delay)
        return super().read(index)


def feed(delay):
    source = SlowSource(delay)
    return TrainBatches(source, Schedule(9, 4, 0), NAMED["base"], BatchSpec(4, 32, 32, 32))


def test_a_simulated_device_waits_for_a_feed_that_is_too_slow_and_for_no_other():
    slow = bench.wait_share(bench.Team(feed(0.02), 1), 0.04, 1.0, 0)  # 80 ms a batch for a step of 40
    assert 0.4 < slow < 0.75
    assert bench.wait_share(bench.Team(feed(0.02), 4), 0.08, 1.0, 0) < 0.15
    assert bench.wait_share(bench.Team(feed(0.0), 1), 0.04, 0.5, 0) < 0.1


def test_memory_of_batches_is_bounded_by_the_threads():
    make = feed(0.0)
    for threads in (1, 3):
        bench.consumer_rate(bench.Team(make, threads), 0.3, 0)
        most = 2 * threads + tfdata.PREFETCHED + 2  # TensorFlow lets go of an array at a later call only
        assert make.memory_bytes() <= most * make.spec.element_bytes


def test_every_stage_of_the_strongest_augmentation_has_its_time():
    source = ArraySource(*_noisy())
    make = TrainBatches(source, Schedule(9, 8, 0), NAMED["strong"], BatchSpec(8, 64, 64, 32))
    spent = stages.times(make, 0)
    untouched = {"albumentations", "tone", "resize_image", "resize_label", "flip"}  # turning does the last three
    assert {stage for stage, ms in spent.items() if ms > 0} >= set(stages.STAGES) - untouched
    base = stages.times(TrainBatches(source, Schedule(9, 8, 0), NAMED["base"], BatchSpec(8, 64, 64, 32)), 0)
    assert all(base[stage] > 0 for stage in stages.ALWAYS if stage != "pad") and "noise" not in base


def _noisy():
    dice = np.random.RandomState(0)
    frames = [(dice.randint(0, 256, (80, 90, 3), np.uint8), dice.randint(0, 32, (80, 90), np.uint8)) for _ in range(9)]
    return ["a_%d" % i for i in range(9)], frames, classes.camvid32()
