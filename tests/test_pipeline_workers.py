"""Batches from processes: the same pixels as from one, and no process outlives what it works for."""

import logging
import os
import pickle
import shutil
import struct
import zlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from camvid_tools import imageio
from camvid_tools.errors import Interrupted, RunFault, ToolkitError
from camvid_tools.imageio import ImageFault
from pipeline import tfdata
from pipeline.__main__ import main
from pipeline.batches import REPLACE
from pipeline.workers import AHEAD, KEPT, Workers
from processes import SPEC, batches, equal


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("augment", ["base", "strong"])
def test_batches_are_the_same_through_tensorflow_with_any_number_of_processes_from_any_start(
    packed_street, augment, count
):
    make = batches(packed_street, augment)
    with Workers(batches(packed_street, augment), count) as workers, tf.Graph().as_default():
        iterator = tfdata.iterator(tfdata.dataset(workers, SPEC, 3, 40, 1))
        element = iterator.get_next()
        with tf.Session() as session:
            session.run(iterator.initializer)
            assert all(equal(session.run(element), number, make) for number in range(3, 40))


def test_the_processes_are_known_by_their_ids_while_they_run(packed_street):
    with Workers(batches(packed_street), 2) as workers:
        workers(0)
        assert len(set(workers.pids)) == 2
        for pid in workers.pids:
            os.kill(pid, 0)  # raises where there is no such process


@pytest.mark.parametrize("cache", ["none", "memory"])
def test_processes_read_a_split_folder_and_a_cache_that_was_filled_before(street, cache):
    make = batches(street)
    with Workers(batches(street, cache=cache), 2) as workers:
        assert all(equal(workers(number), number, make) for number in range(8))


def test_another_number_than_the_next_begins_anew_from_there(packed_street):
    make = batches(packed_street)
    with Workers(batches(packed_street), 2) as workers:
        for number in (0, 1, 2, 3, 0, 1, 77, 78, 5, 8, 9, 15, 14, 14):
            assert equal(workers(number), number, make)


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("part", [slice(None), 0], ids=["batches", "pictures of them"])
@pytest.mark.parametrize("which", [(0, 1), (0,), (1,)], ids=["both", "images", "labels"])
def test_what_the_consumer_still_holds_is_never_written_over(packed_street, which, part, count):
    make, held = batches(packed_street), []
    with Workers(batches(packed_street), count) as workers:
        for number in range(3 * (AHEAD * 2 + KEPT)):
            batch = workers(number)
            held.append([batch[i][part] for i in which])
            del batch
    for number, arrays in enumerate(held):
        expected = make(number)
        assert all(np.array_equal(one, expected[i][part]) for one, i in zip(arrays, which))


def test_memory_is_used_again_and_what_is_stated_is_all_there_is(packed_street):
    with Workers(batches(packed_street), 2) as workers:
        places = {workers(number)[0].ctypes.data for number in range(50)}
        assert len(places) <= 2 * (AHEAD + KEPT // 2)
        assert workers.memory_bytes() == 2 * (AHEAD + KEPT // 2) * SPEC.element_bytes


def damaged_later(street, tmp_path, **more):
    """Batches of a split folder one of whose frames was cut short once it was open; the frame's name."""
    folder = shutil.copytree(street, str(tmp_path / "set"))
    make = batches(folder, **more)
    name = make.source.names[make.schedule.batch(6)[1][0]]
    return folder, make, name


def cut_short(folder, name):
    path = os.path.join(folder, "train", name + ".png")
    with open(path, "rb+") as file:
        file.truncate(1000)


def test_a_damaged_frame_stops_with_its_name(street, tmp_path):
    folder, make, name = damaged_later(street, tmp_path)
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


def test_what_opencv_refuses_is_damaged_for_a_process_too_and_again(street, tmp_path):
    folder = shutil.copytree(street, str(tmp_path / "set"))
    name = batches(folder).source.names[1]
    damaged_inside(folder, name)
    make, others = batches(folder, on_damaged=REPLACE), batches(folder, on_damaged=REPLACE)
    with Workers(others, 2) as workers:
        assert all(equal(workers(number), number, make) for number in range(20))


def test_what_failed_ahead_is_forgotten_by_who_begins_anew_elsewhere(street, tmp_path):
    folder, make, name = damaged_later(street, tmp_path)
    whole = batches(street)
    bad = {k for k in range(60) if make.source.names.index(name) in make.schedule.batch(k)[1].tolist()}
    good = [k for k in range(60) if k not in bad and k + 1 in bad]
    cut_short(folder, name)
    with Workers(make, 2) as workers:
        assert all(equal(workers(number), number, whole) for number in good)
    assert len(good) > 3


def test_processes_decode_alone_and_this_one_does_not(street, tmp_path):
    pytest.importorskip("pyspng", reason="pyspng is not installed")

    class Telling(type(batches(street))):
        def write(self, number, images, labels):
            images[:], labels[:] = imageio._plain is not None, 0

    make = batches(street)
    make.__class__ = Telling
    with Workers(make, 1) as workers:
        assert workers(0)[0].all() and not make(0)[0].any()


def test_an_error_that_nobody_foresaw_arrives_with_its_own_traceback(packed_street):
    class Failing(type(batches(packed_street))):
        def write(self, number, images, labels):
            raise Odd("one", "two")

    make = batches(packed_street)
    make.__class__ = Failing
    with Workers(make, 1) as workers, pytest.raises(RuntimeError, match="Odd") as caught:
        workers(0)
    assert "in write" in str(caught.value.__cause__)


class Odd(Exception):
    """Can be sent, and not received."""

    def __init__(self, one, two):
        super().__init__(one)


def test_a_damaged_frame_that_is_replaced_is_logged_in_this_process(street, tmp_path, caplog):
    folder, make, name = damaged_later(street, tmp_path, on_damaged=REPLACE)
    cut_short(folder, name)
    with Workers(make, 2) as workers, caplog.at_level(logging.WARNING):
        for number in range(9):
            workers(number)
    said = [record.getMessage() for record in caplog.records if record.name == "camvid.pipeline"]
    assert said and all("replaced" in line and name in line for line in said)


def test_faults_come_from_another_process_as_they_were():
    for fault in (RunFault("a", "b", "c"), ToolkitError("a"), ImageFault("kind", "a", "b"), Interrupted("a", 130, "c")):
        again = pickle.loads(pickle.dumps(fault))
        assert (type(again), str(again), vars(again)) == (type(fault), str(fault), vars(fault))


SMALL = ["--height", "32", "--width", "32", "--batch_size", "2", "--seconds", "0.2"]


def test_the_benchmark_measures_processes_and_sweeps_over_their_number(run, packed_street):
    document = run(main, "--data_path", packed_street, "--workers", "2", "--sweep", "--json", "-", *SMALL).json()
    assert (document["workers"], document["threads"]) == (2, 1)
    assert [row["workers"] for row in document["sweep"]] == [1, 2]
    assert all(row["images_per_second"] > 0 for row in document["sweep"])
    assert document["lock_ms"] > 0 and document["queue_depth"] == AHEAD * 2 + tfdata.PREFETCHED
    assert "2 processes" in run(main, "--data_path", packed_street, "--workers", "2", *SMALL).out


def test_the_digest_is_the_same_from_processes(run, packed_street):
    lines = [
        run(main, "--data_path", packed_street, "--digest", 5, *SMALL, *more).out for more in ([], ["--workers", "2"])
    ]
    assert lines[0] == lines[1] and len(lines[0]) == 65


def test_a_number_of_processes_that_cannot_be_is_named(run, packed_street):
    assert "--workers -1" in run(main, "--data_path", packed_street, "--workers", "-1", *SMALL).refusal()
