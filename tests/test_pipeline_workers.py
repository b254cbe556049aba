"""Batches from processes: the same pixels as from one, and no process outlives what it works for."""

import logging
import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import drawn
from augment.augmentation import NAMED
from camvid_tools import imageio
from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from camvid_tools.imageio import ImageFault
from pipeline import sources, tfdata
from pipeline.__main__ import main
from pipeline.batches import REPLACE, TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec
from pipeline.workers import AHEAD, KEPT, Workers
from trainings import command, digest, numbers

SPEC = BatchSpec(4, 64, 96, 32)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return drawn.tree(str(tmp_path_factory.mktemp("data") / "set"), 72, 96)


@pytest.fixture(scope="module")
def packed(tree):
    return drawn.packed_file(tree + ".h5", tree)


def batches(path, augment="base", cache="none", **more):
    source = sources.open_source(path, "train", cache)
    if cache != "none":
        source.survey()
    return TrainBatches(source, Schedule(len(source), SPEC.batch_size, 7), NAMED[augment], SPEC, **more)


def equal(batch, number, make):
    return all(np.array_equal(one, other) for one, other in zip(batch, make(number)))


def descendants(of=None):
    """Processes that this one, or another, started and that are there, be it as zombies."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(of or os.getpid())], stdout=subprocess.PIPE
    ).stdout.split()
    return {int(pid) for pid in found if os.path.exists("/proc/%d" % int(pid))}


def is_there(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("augment", ["base", "strong"])
def test_batches_are_the_same_through_tensorflow_with_any_number_of_processes_from_any_start(packed, augment, count):
    make = batches(packed, augment)
    with Workers(batches(packed, augment), count) as workers, tf.Graph().as_default():
        iterator = tfdata.iterator(tfdata.dataset(workers, SPEC, 3, 40, 1))
        element = iterator.get_next()
        with tf.Session() as session:
            session.run(iterator.initializer)
            assert all(equal(session.run(element), number, make) for number in range(3, 40))


@pytest.mark.parametrize("cache", ["none", "memory"])
def test_processes_read_a_split_folder_and_a_cache_that_was_filled_before(tree, cache):
    make = batches(tree)
    with Workers(batches(tree, cache=cache), 2) as workers:
        assert all(equal(workers(number), number, make) for number in range(8))


def test_another_number_than_the_next_begins_anew_from_there(packed):
    make = batches(packed)
    with Workers(batches(packed), 2) as workers:
        for number in (0, 1, 2, 3, 0, 1, 77, 78, 5):
            assert equal(workers(number), number, make)


@pytest.mark.parametrize("part", [slice(None), 0], ids=["batches", "pictures of them"])
def test_what_the_consumer_still_holds_is_never_written_over(packed, part):
    make = batches(packed)
    with Workers(batches(packed), 2) as workers:
        held = [[array[part] for array in workers(number)] for number in range(3 * (AHEAD * 2 + KEPT))]
    for number, arrays in enumerate(held):
        assert all(np.array_equal(one, other[part]) for one, other in zip(arrays, make(number)))


def test_memory_is_used_again_and_what_is_stated_is_all_there_is(packed):
    with Workers(batches(packed), 2) as workers:
        places = {workers(number)[0].ctypes.data for number in range(50)}
        assert len(places) <= AHEAD * 2 + KEPT
        assert workers.memory_bytes() == (AHEAD * 2 + KEPT) * SPEC.element_bytes


def damaged_later(tree, tmp_path, **more):
    """Batches of a split folder one of whose frames was cut short once it was open; the frame's name."""
    folder = shutil.copytree(tree, str(tmp_path / "set"))
    make = batches(folder, **more)
    name = make.source.names[make.schedule.batch(6)[1][0]]
    return folder, make, name


def cut_short(folder, name):
    path = os.path.join(folder, "train", name + ".png")
    with open(path, "rb+") as file:
        file.truncate(1000)


def test_a_damaged_frame_stops_with_its_name(tree, tmp_path):
    folder, make, name = damaged_later(tree, tmp_path)
    cut_short(folder, name)
    with Workers(make, 2) as workers, pytest.raises(RunFault, match=name) as caught:
        for number in range(9):
            workers(number)
    assert make.fault is workers.fault is caught.value
    assert caught.value.remedy and name in caught.value.where


def damaged_inside(folder, name):
    """A frame whose check sums are right and whose content ends too soon."""
    path = os.path.join(folder, "train", name + ".png")
    with open(path, "rb") as file:
        data = file.read()
    parts = [(kind, data[start:end]) for kind, start, end in imageio.png_chunks(data)]
    head, stream = parts[0], b"".join(content for kind, content in parts if kind == b"IDAT")
    with open(path, "wb") as file:
        file.write(imageio.PNG_START)
        for kind, content in (head, (b"IDAT", stream[:-4]), (b"IEND", b"")):
            length, sum_of = struct.pack(">I", len(content)), struct.pack(">I", zlib.crc32(kind + content))
            file.write(length + kind + content + sum_of)


def test_what_opencv_refuses_is_damaged_for_a_process_too_and_again(tree, tmp_path):
    folder = shutil.copytree(tree, str(tmp_path / "set"))
    name = batches(folder).source.names[1]
    damaged_inside(folder, name)
    make, others = batches(folder, on_damaged=REPLACE), batches(folder, on_damaged=REPLACE)
    with Workers(others, 2) as workers:
        assert all(equal(workers(number), number, make) for number in range(20))


def test_a_damaged_frame_that_is_replaced_is_logged_in_this_process(tree, tmp_path, caplog):
    folder, make, name = damaged_later(tree, tmp_path, on_damaged=REPLACE)
    cut_short(folder, name)
    with Workers(make, 2) as workers, caplog.at_level(logging.WARNING):
        for number in range(9):
            workers(number)
    said = [record.getMessage() for record in caplog.records if record.name == "camvid.pipeline"]
    assert said and all("replaced" in line and name in line for line in said)


def test_a_process_that_is_killed_is_a_fault_that_says_so(packed):
    with Workers(batches(packed), 2) as workers:
        workers(0)
        os.kill(min(descendants()), signal.SIGKILL)
        with pytest.raises(RunFault, match="signal 9") as caught:
            for number in range(1, 20):
                workers(number)
        assert "memory" in caught.value.remedy


def test_a_packed_file_that_is_cut_short_under_them_is_a_fault_that_says_so(packed, tmp_path):
    path = shutil.copy(packed, str(tmp_path / "set.h5"))
    make = batches(path)
    with Workers(make, 2) as workers:
        os.truncate(path, 8192)
        with pytest.raises(RunFault, match="signal 7") as caught:
            for number in range(20):
                workers(number)
    assert "cut short" in caught.value.remedy


def test_no_process_is_left_when_they_are_closed(packed):
    before = descendants()
    with Workers(batches(packed), 3) as workers:
        workers(0)
        assert len(descendants() - before) == 3
    assert descendants() == before


def test_no_process_is_left_when_the_one_they_work_for_is_killed(packed, tmp_path):
    program = (
        "import sys; sys.path[:0] = {path!r}\n"
        "import test_pipeline_workers as t, time\n"
        "workers = t.Workers(t.batches({packed!r}), 3)\n"
        "workers(0); print(*t.descendants(), flush=True); time.sleep(60)\n"
    ).format(path=sys.path, packed=packed)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 3 and all(map(is_there, pids))
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(is_there, pids)))


def test_faults_come_from_another_process_as_they_were():
    for fault in (RunFault("a", "b", "c"), ToolkitError("a"), ImageFault("kind", "a", "b"), Interrupted("a", 130, "c")):
        again = pickle.loads(pickle.dumps(fault))
        assert (type(again), str(again), vars(again)) == (type(fault), str(fault), vars(fault))


def test_a_training_with_processes_ends_with_the_weights_of_one_without(finished, data, tmp_path):
    run = str(tmp_path / "run")
    subprocess.run(command(data, run) + ["--workers", "2"], check=True)
    assert (digest(run), numbers(run)) == (digest(finished), numbers(finished))


def test_ctrl_c_in_a_terminal_stops_such_a_training_saved_and_alone(data, tmp_path):
    run = str(tmp_path / "run")
    arguments = command(data, run) + ["--workers", "2", "--train_steps", "5000"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: os.path.exists(os.path.join(run, "metrics.jsonl")) and numbers(run), 60)
    there = len(numbers(run))
    for pid, number in zip(descendants(process.pid), (signal.SIGINT, signal.SIGTERM)):
        os.kill(pid, number)
    wait_until(lambda: len(numbers(run)) > there + 20, 60)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of them
    said = process.communicate()[1].decode()
    assert process.returncode == 130 and "saved" in said and "--resume" in said and "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


SMALL = ["--height", "32", "--width", "32", "--batch_size", "2", "--seconds", "0.2"]


def test_the_benchmark_measures_processes_and_sweeps_over_their_number(run, packed):
    document = run(main, "--data_path", packed, "--workers", "2", "--sweep", "--json", "-", *SMALL).json()
    assert (document["workers"], document["threads"]) == (2, 1)
    assert [row["workers"] for row in document["sweep"]] == [1, 2]
    assert all(row["images_per_second"] > 0 for row in document["sweep"])
    assert document["lock_ms"] > 0 and document["queue_depth"] == AHEAD * 2 + tfdata.PREFETCHED
    assert "2 processes" in run(main, "--data_path", packed, "--workers", "2", *SMALL).out


def test_the_digest_is_the_same_from_processes(run, packed):
    lines = [run(main, "--data_path", packed, "--digest", 5, *SMALL, *more).out for more in ([], ["--workers", "2"])]
    assert lines[0] == lines[1] and len(lines[0]) == 65


@pytest.mark.parametrize("count", ["0", "-1"])
def test_a_number_of_processes_that_cannot_be_is_named(run, packed, count):
    assert "--workers " + count in run(main, "--data_path", packed, "--workers", count, *SMALL).refusal()


def test_memory_that_cannot_be_had_is_one_line_and_leaves_no_process(packed):
    before, make = descendants(), batches(packed)
    make.spec = BatchSpec(2**20, 2**10, 2**10, 32)
    with pytest.raises(ToolkitError, match="fewer --workers"):
        Workers(make, 64)
    assert descendants() == before
