"""Frames from trees and packed files, and what becomes of a run when these change under it; devices."""

import os
import shutil
import subprocess
import time

import numpy as np
import pytest

import drawn
import synthetic
import trainings
from augment.augmentation import NAMED
from camvid_tools import packed, splitfolder
from camvid_tools.errors import RunFault, ToolkitError
from camvid_tools.imageio import ImageFault
from eval.runfolder import read_metrics
from pipeline import cache as caches
from pipeline import device, sizes, sources
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

NAMES = synthetic.FEW["train"]


@pytest.fixture
def tree(tmp_path):
    return synthetic.split(tmp_path / "set", {"train": NAMES})


def test_a_damaged_frame_does_not_hide_the_size_of_the_others(tmp_path):
    tree = synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"]}, (70, 100))
    damaged = tmp_path / "set" / "train" / (synthetic.FEW["train"][0] + ".png")
    damaged.write_bytes(damaged.read_bytes()[:50])
    with pytest.raises(ImageFault, match=damaged.name):
        sources.open_source(tree, "train").survey()
    source = sources.open_source(tree, "train", tolerant=True)
    assert sizes.training_size(source, None, None) == (64, 96)
    assert sizes.evaluation_size(source) == (96, 128)
    assert sizes.training_size(source, 32, None) == (32, 96)


def test_a_label_of_another_size_than_its_frame_is_a_fault_that_names_both(tmp_path):
    tree = synthetic.split(tmp_path / "set", {"train": synthetic.FEW["train"][:1]})
    label = os.path.join(tree, "train_labels", synthetic.FEW["train"][0] + "_L.png")
    synthetic.put(label, synthetic.label("x", (8, 24)))
    with pytest.raises(ImageFault, match="8 x 24, its frame 16 x 24") as caught:
        sources.open_source(tree, "train").read(0)
    assert caught.value.path == label


def test_damage_is_told_at_every_reading_and_pixels_stay_the_same_at_every_one(tree):
    path = os.path.join(tree, "train", NAMES[1] + ".png")
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"\x00\xff\x00")
    source = sources.open_source(tree, "train")
    for _ in range(3):
        with pytest.raises(ImageFault, match="check sums"):
            source.read(1)
        assert np.array_equal(source.read(0)[0], synthetic.image(NAMES[0]))
        assert np.array_equal(source.read(0)[1], synthetic.ids(NAMES[0]))


# a source that changes under a run


class Clock:
    """Seconds that go by when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def batches(source, on_damaged="stop"):
    spec = BatchSpec(len(NAMES), 32, 32, 32)
    return TrainBatches(source, Schedule(len(source), len(NAMES), 5), NAMED["base"], spec, on_damaged)


def rewrite(path):
    """The same bytes at another time, as a copy makes them."""
    with open(path, "r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(content)
    os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 1000))


def replace(path):
    shutil.copyfile(path, path + ".new")
    os.replace(path + ".new", path)


def grow(path):
    before = os.stat(path).st_mtime_ns
    with open(path, "ab") as file:
        file.write(b"x")
    os.utime(path, ns=(before, before))


def empty(path):
    os.truncate(path, 0)


CHANGES = [rewrite, replace, grow, os.remove]


@pytest.mark.parametrize("change", CHANGES + [empty])
@pytest.mark.parametrize("on_damaged", ["stop", "replace"])
@pytest.mark.parametrize("folder, ending", [("train", ".png"), ("train_labels", "_L.png")])
def test_a_file_of_a_tree_that_changes_after_it_was_read_stops_the_run_with_its_name(
    tree, change, folder, ending, on_damaged
):
    make, path = batches(sources.open_source(tree, "train"), on_damaged), os.path.join(tree, folder, NAMES[3] + ending)
    for number in range(2):
        make(number)
    change(path)
    with pytest.raises(RunFault) as caught:
        make(2)
    assert caught.value.where == path and "--resume" in caught.value.remedy and make.fault is caught.value


def test_a_file_that_is_read_anew_by_another_run_may_have_changed_before(tree):
    batches(sources.open_source(tree, "train"))(0)
    rewrite(os.path.join(tree, "train", NAMES[3] + ".png"))
    batches(sources.open_source(tree, "train"))(0)


@pytest.mark.parametrize("change", CHANGES)
def test_a_packed_file_that_changes_under_a_run_stops_it_within_a_second(tree, tmp_path, change):
    path, clock = drawn.packed_file(str(tmp_path / "set.h5"), tree), Clock()
    make = batches(sources.PackedSource(packed.PackedFile(path), "train", clock))
    for number in range(3):
        clock.now += 10
        make(number)
    change(path)
    clock.now += 1
    for number in range(2):
        with pytest.raises(RunFault) as caught:
            make(number)
        assert caught.value.where == path and caught.value.remedy


def kept_source(tree, kind, tmp_path, clock):
    source = sources.TreeSource(splitfolder.SplitFolder(tree), "train")
    if kind == "memory":
        return caches.in_memory(source, print, clock=clock)
    return caches.on_disk(source, str(tmp_path / "kept"), print, clock=clock)


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_tree_that_changes_behind_a_cache_stops_the_run_and_one_that_is_gone_does_not(tmp_path, kind):
    names = synthetic.NAMES[:40]
    tree, clock = synthetic.split(tmp_path / "set", {"train": names}, (32, 32)), Clock()
    source = kept_source(tree, kind, tmp_path, clock)
    make = batches(source)
    source.survey()
    gone, changed = (os.path.join(tree, "train_labels", name + "_L.png") for name in (names[0], names[30]))
    os.remove(gone)
    for number in range(20):
        clock.now += 1
        make(number)
    rewrite(changed)
    with pytest.raises(RunFault) as caught:
        for number in range(20):
            clock.now += 1
            make(number)
    assert caught.value.where == changed


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_frame_that_changed_before_it_was_kept_is_never_kept(tree, tmp_path, kind):
    source, path = kept_source(tree, kind, tmp_path, Clock()), os.path.join(tree, "train", NAMES[2] + ".png")
    synthetic.put(path, 255 - synthetic.image(NAMES[2]))
    with pytest.raises(RunFault, match=NAMES[2]):
        source.read(2)
    again = kept_source(tree, kind, tmp_path, Clock())
    assert np.array_equal(again.read(2)[0], 255 - synthetic.image(NAMES[2]))


def test_a_file_written_just_before_it_is_read_and_again_just_after_is_seen_to_have_changed(tree):
    path = os.path.join(tree, "train", NAMES[0] + ".png")
    with open(path, "rb") as file:
        content = file.read()
    for _ in range(20):
        with open(path, "wb") as file:
            file.write(content)
        source = sources.open_source(tree, "train")
        source.read(0)
        assert time.time_ns() - os.stat(path).st_mtime_ns >= 20e6  # older than what a clock of 10 ms can confuse
        with open(path, "wb") as file:
            file.write(content)
        with pytest.raises(RunFault, match="was changed"):
            source.read(0)


def test_a_packed_file_that_is_made_anew_during_a_training_stops_it_saved(data, tmp_path):
    path, run = drawn.packed_file(str(tmp_path / "set.h5"), data), str(tmp_path / "run")
    process = subprocess.Popen(trainings.command(path, run) + ["--train_steps", "5000"], stderr=subprocess.PIPE)
    while not read_metrics(run):
        assert process.poll() is None
        time.sleep(0.2)
    drawn.packed_file(path, data)
    said = process.communicate()[1].decode()
    lines = [line for line in said.splitlines() if not line.startswith("step ")]  # progress, where a machine is slow
    assert process.returncode == 3 and len(lines) == 1 and path in lines[0]
    more = ["--output_path", run, "--resume", "--train_steps", str(read_metrics(run)[-1]["step"] + 2)]
    assert subprocess.run([process.args[0], "-m", "train"] + more).returncode == 0


# devices


@pytest.mark.parametrize("name, fact", [("tpu", "auto, cpu, gpu, npu"), ("npu", "npu_bridge")])
def test_a_device_that_cannot_be_had_is_refused_with_what_can_be_done(name, fact):
    with pytest.raises(ToolkitError, match=fact) as caught:
        device.choose(name)
    assert caught.value.remedy
