"""Decoded frames kept in memory or on disk: the same pixels, never stale, whatever happens to the file or the run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import drawn
import synthetic
import trainings
from augment.augmentation import NAMED
from camvid_tools import imageio, splitfolder
from camvid_tools.errors import ToolkitError
from pipeline import cache as caches
from pipeline import room, sources
from pipeline.__main__ import digest
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAMES = synthetic.FEW["train"]
SPEC = BatchSpec(3, 32, 32, 32)


@pytest.fixture
def tree(tmp_path):
    return synthetic.split(tmp_path / "set", {"train": NAMES}, (40, 56))


@pytest.fixture(params=["memory", "disk"])
def kind(request, tmp_path):
    """`--cache memory`, or a folder."""
    return "memory" if request.param == "memory" else str(tmp_path / "kept")


def opened(path, cache="none", said=None, **more):
    return sources.open_source(path, "train", cache, say=(said if said is not None else []).append, **more)


def batches(source):
    return TrainBatches(source, Schedule(len(source), SPEC.batch_size, 5), NAMED["base"], SPEC)


def tree_source(path):
    return sources.TreeSource(splitfolder.SplitFolder(path), "train")


def same(source, tree):
    fresh = opened(tree)
    pairs = [(source.read(index), fresh.read(index)) for index in range(len(fresh))]
    return all(np.array_equal(a, b) for kept, read in pairs for a, b in zip(kept, read))


def the_file(folder):
    (name,) = os.listdir(folder)
    return os.path.join(folder, name)


# the same frames


def test_batches_are_the_same_with_every_cache_filled_or_not_and_packed(tree, tmp_path):
    expected = digest(batches(opened(tree)), 4)
    kept = str(tmp_path / "kept")
    for cache in ("memory", kept, kept):
        source = opened(tree, cache)
        assert digest(batches(source), 4) == expected, cache
        assert digest(batches(source), 4) == expected, cache
    assert digest(batches(opened(drawn.packed_file(str(tmp_path / "set.h5"), tree), kept)), 4) == expected


def test_frames_of_mixed_sizes_are_kept_too(tree, kind):
    for number, name in enumerate(NAMES):
        hw = (33 + 7 * number, 70 - 5 * number)
        synthetic.put(os.path.join(tree, "train", name + ".png"), synthetic.image(name, hw))
        synthetic.put(os.path.join(tree, "train_labels", name + "_L.png"), synthetic.label(name, hw))
    expected = opened(tree).survey()
    for _ in range(2):
        source = opened(tree, kind)
        assert source.survey() == expected and same(source, tree) and source.one_size is None
        assert [source.size(index) for index in range(5)] == [(33 + 7 * n, 70 - 5 * n) for n in range(5)]
        assert digest(batches(source), 3) == digest(batches(opened(tree)), 3)


def test_pictures_whose_size_no_png_header_says_are_kept_too(tree, kind):
    for folder, ending in (("train", ""), ("train_labels", "_L")):
        for name in NAMES:
            path = os.path.join(tree, folder, name + ending)
            synthetic.put(path + ".bmp", imageio.read_raw(path + ".png"))
            os.remove(path + ".png")
    source = opened(tree, kind)
    assert same(source, tree)
    shutil.rmtree(os.path.join(tree, "train"))
    assert np.array_equal(source.read(1)[0], synthetic.image(NAMES[1], (40, 56)))


def test_a_frame_whose_size_was_not_known_is_read_each_time_and_hides_no_other(tree):
    source = tree_source(tree)
    slots = [caches.Slot(0, 0, 0)] + [caches.Slot(4 * 40 * 56 * place, 40, 56) for place in range(4)]
    kept = caches.CachedSource(source, slots, caches.MemoryStore(4 * 40 * 56 * 4))
    assert same(kept, tree) and same(kept, tree)


def test_a_kept_frame_is_one_read_only_view_and_its_file_is_not_needed_any_more(tree, kind):
    source = opened(tree, kind)
    first = [[array.copy() for array in source.read(index)] for index in range(len(source))]
    for folder in ("train", "train_labels"):
        shutil.rmtree(os.path.join(tree, folder))
    for index, arrays in enumerate(first):
        for kept, again, expected in zip(source.read(index), source.read(index), arrays):
            assert np.array_equal(kept, expected) and np.shares_memory(kept, again)
            with pytest.raises(ValueError):
                kept[0] = 0


def test_the_survey_fills_the_cache_and_gives_the_digest_of_the_tree(tree, kind):
    source = opened(tree, kind)
    assert source.one_size == (40, 56) and source.survey() == opened(tree).survey()
    shutil.rmtree(os.path.join(tree, "train"))
    assert source.read(4)[1].shape == (40, 56)


def test_threads_that_fill_it_at_once_read_whole_frames(tree, kind):
    source, fresh = opened(tree, kind), opened(tree)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(source.read, [index % 5 for index in range(80)]))
    assert all(np.array_equal(a, b) for i, pair in enumerate(read) for a, b in zip(pair, fresh.read(i % 5)))


def test_a_damaged_frame_is_named_each_time_and_the_others_are_kept(tree, kind):
    damaged = os.path.join(tree, "train", NAMES[1] + ".png")
    with open(damaged, "r+b") as file:
        file.truncate(60)
    for _ in range(2):
        source = opened(tree, kind, tolerant=True)
        assert source.survey() == opened(tree, tolerant=True).survey() and source.damaged == [NAMES[1]]
        for _ in range(2):
            with pytest.raises(imageio.ImageFault, match=NAMES[1]):
                source.read(1)
        assert np.array_equal(source.read(2)[0], synthetic.image(NAMES[2], (40, 56)))


# what is said, what is refused


def test_its_size_and_place_are_said_before_anything_is_read(tree, tmp_path):
    said, kept = [], str(tmp_path / "deep" / "kept")
    opened(tree, "memory", said)
    opened(tree, kept, said).read(0)
    opened(tree, kept, said)
    about = "cache: 5 frames, 0.04 MB in "
    place = the_file(kept)
    assert said == [about + "memory", about + place, about + place + ", 1 of them there"]


def test_a_packed_file_needs_no_cache_and_it_is_said(tree, tmp_path):
    path, said = drawn.packed_file(str(tmp_path / "set.h5"), tree), []
    assert opened(path, str(tmp_path / "kept"), said).kind == "packed"
    assert len(said) == 1 and "packed" in said[0] and not os.path.exists(str(tmp_path / "kept"))


def test_memory_that_does_not_hold_it_and_the_training_is_refused_with_figures(tree):
    need = 5 * 40 * 56 * 4 + caches.MEMORY_LEFT
    with pytest.raises(ToolkitError, match="5 frames, 0.04 MB.*1.07 GB are free") as caught:
        caches.in_memory(tree_source(tree), print, lambda: need - 1)
    assert caught.value.where == tree and "--cache DIR" in caught.value.remedy
    for free in (lambda: need, lambda: None):
        assert same(caches.in_memory(tree_source(tree), print, free), tree)


def test_a_disk_without_room_is_refused_with_figures_unless_the_cache_is_there(tree, tmp_path):
    need, kept = 5 * 40 * 56 * 4 + caches.DISK_LEFT, str(tmp_path / "kept")
    with pytest.raises(ToolkitError, match="5 frames, 0.04 MB.*0.27 GB are free") as caught:
        caches.on_disk(tree_source(tree), kept, print, lambda folder: need - 1)
    assert caught.value.where == kept and caught.value.remedy and not os.listdir(kept)
    for free in (lambda folder: need, lambda folder: 0):
        assert same(caches.on_disk(tree_source(tree), kept, print, free), tree)


def test_free_memory_and_disk_are_within_what_the_machine_has(tmp_path):
    assert 0 < room.memory() < 1 << 46
    assert 0 < room.disk(str(tmp_path)) <= shutil.disk_usage(str(tmp_path)).total


def test_a_place_that_can_hold_no_cache_is_named(tree, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("mine")
    for cache, fact in (
        ("memroy", "memroy.*none, memory"),
        (str(tmp_path / "text"), "is a file"),
        (str(tmp_path / "text" / "below"), "cannot hold"),
        (os.path.join(tree, "kept"), "inside the data"),
    ):
        with pytest.raises(ToolkitError, match=fact):
            opened(tree, cache)
    assert sorted(os.listdir(str(tmp_path))) == ["set", "text"] and "kept" not in os.listdir(tree)


def test_a_file_of_something_else_is_not_overwritten(tree, tmp_path):
    kept = str(tmp_path / "kept")
    opened(tree, kept)
    with open(the_file(kept), "w") as file:
        file.write("precious")
    with pytest.raises(ToolkitError, match="something else"):
        opened(tree, kept)
    with open(the_file(kept)) as file:
        assert file.read() == "precious"


def test_two_trees_and_two_splits_share_a_folder(tree, tmp_path):
    kept, other = str(tmp_path / "kept"), synthetic.split(tmp_path / "b" / "set")
    places = [(tree, "train"), (other, "train"), (other, "val")]
    for _ in range(2):
        for path, split in places:
            source = sources.open_source(path, split, kept, say=print)
            assert source.survey() == sources.open_source(path, split).survey()
    assert len(os.listdir(kept)) == 3


# never stale


def change_image(tree):
    path = os.path.join(tree, "train", NAMES[2] + ".png")
    synthetic.put(path, 255 - imageio.read_raw(path))
    return NAMES[2] + ".png was changed"


def change_label(tree):
    path = os.path.join(tree, "train_labels", NAMES[0] + "_L.png")
    synthetic.put(path, np.ascontiguousarray(imageio.read_raw(path)[::-1]))
    return NAMES[0] + "_L.png was changed"


def change_classes(tree):
    path = os.path.join(tree, "class_dict.csv")
    with open(path) as file:
        first, *rows = file.read().splitlines()
    with open(path, "w") as file:
        file.write("\n".join([first] + rows[1:] + rows[:1]) + "\n")
    return "the class table was changed"


def remove_frame(tree):
    os.remove(os.path.join(tree, "train", NAMES[3] + ".png"))
    os.remove(os.path.join(tree, "train_labels", NAMES[3] + "_L.png"))
    return NAMES[3] + ".png is gone"


def add_frame(tree):
    synthetic.split(tree, {"train": ["0016E5_01020"]}, (40, 56))
    return "0016E5_01020.png is new"


@pytest.mark.parametrize("change", [change_image, change_label, change_classes, remove_frame, add_frame])
def test_a_cache_is_made_anew_when_what_it_was_made_from_changed_and_says_why(tree, tmp_path, change):
    kept, said = str(tmp_path / "kept"), []
    before = opened(tree, kept).survey()
    fact = change(tree)
    source = opened(tree, kept, said)
    assert source.survey() == opened(tree).survey() != before and same(source, tree)
    assert len(said) == 2 and fact in said[0] and the_file(kept) in said[0]
    opened(tree, kept, said)
    assert len(said) == 3 and "%d of them there" % len(source) in said[2]


def test_who_reads_a_cache_that_gives_way_to_a_new_one_keeps_his_frames(tree, tmp_path):
    kept = str(tmp_path / "kept")
    old = opened(tree, kept)
    before = [[array.copy() for array in old.read(index)] for index in range(len(old))]
    change_image(tree)
    assert same(opened(tree, kept), tree)
    assert all(np.array_equal(a, b) for index, pair in enumerate(before) for a, b in zip(old.read(index), pair))


def flip_pixel(path):
    with open(path, "r+b") as file:
        file.seek(-20000, os.SEEK_END)
        byte = file.read(1)
        file.seek(-20000, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))


def cut_off(path):
    os.truncate(path, os.path.getsize(path) - 1)


def spoil_header(path):
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(b"\xff" * 30)


def claim_much(path):
    with open(path, "r+b") as file:
        file.seek(len("camvid-cache/1 "))
        file.write(b"999999999999")


def other_release(path):
    with open(path, "r+b") as file:
        file.write(b"camvid-cache/0")


@pytest.mark.parametrize("damage", [flip_pixel, cut_off, spoil_header, claim_much, other_release])
def test_what_is_damaged_in_the_file_is_never_read_as_a_frame(tree, tmp_path, damage):
    kept = str(tmp_path / "kept")
    expected = opened(tree, kept).survey()
    damage(the_file(kept))
    source = opened(tree, kept)
    assert source.survey() == expected and same(source, tree)
    assert same(opened(tree, kept), tree)


# killed, two at once, a disk that fails

FILL = """
import os, signal, sys
from pipeline import sources
{disturbance}
source = sources.open_source({tree!r}, "train", {kept!r}, say=lambda line: None)
{then}
print(source.survey()[0])
"""
KILLED_AT = """
calls, write = [], os.pwrite
def half(handle, data, place):
    calls.append(place)
    if len(calls) == {call}:
        write(handle, data[:len(data) // 2], place)
        os.kill(os.getpid(), signal.SIGKILL)
    return write(handle, data, place)
os.pwrite = half
"""


def fill(tree, kept, disturbance="", then=""):
    program = FILL.format(tree=tree, kept=kept, disturbance=disturbance, then=then)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE)


@pytest.mark.parametrize("call", [1, 2, 3, 8])
def test_killed_while_it_fills_the_cache_shows_no_half_frame_when_opened_again(tree, tmp_path, call):
    kept = str(tmp_path / "kept")
    process = fill(tree, kept, KILLED_AT.format(call=call))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    source = opened(tree, kept)
    assert same(source, tree) and source.survey() == opened(tree).survey()


@pytest.mark.parametrize("function", ["posix_fallocate", "fsync", "replace"])
def test_killed_while_it_makes_the_file_leaves_nothing_in_the_way(tree, tmp_path, function):
    kept = str(tmp_path / "kept")
    process = fill(tree, kept, "os.%s = lambda *given: os.kill(os.getpid(), signal.SIGKILL)" % function)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert same(opened(tree, kept), tree) and the_file(kept).endswith(".frames")


def test_two_processes_that_fill_it_at_once_share_one_whole_file(tree, tmp_path):
    kept = str(tmp_path / "kept")
    both = [fill(tree, kept) for _ in range(2)]
    expected = opened(tree).survey()[0]
    assert [process.communicate()[0].decode().strip() for process in both] == [expected] * 2
    said = []
    assert opened(tree, kept, said).survey()[0] == expected
    assert "5 of them there" in said[-1] and the_file(kept) in said[-1]


def test_a_disk_that_fails_while_it_is_filled_costs_the_cache_not_the_run(tree, tmp_path):
    kept = str(tmp_path / "kept")
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    process = fill(tree, kept, then=full)
    out, said = process.communicate()
    assert out.decode().strip() == opened(tree).survey()[0]
    assert said.decode().count("\n") == 1 and kept in said.decode()


# training


def test_a_training_with_a_cache_on_disk_ends_with_the_same_weights(finished, data, tmp_path):
    run = str(tmp_path / "run")
    for more in ([], ["--dry_run"]):
        command = trainings.command(data, run) + ["--cache", "./kept"] + more
        ran = subprocess.run(
            command, cwd=str(tmp_path), env=dict(os.environ, PYTHONPATH=HERE), stdout=subprocess.PIPE, check=True
        )
    assert trainings.digest(run) == trainings.digest(finished)
    assert "5 of them there" in ran.stdout.decode() and len(os.listdir(str(tmp_path / "kept"))) == 2
    with open(os.path.join(run, "settings.json")) as file:
        assert json.load(file)["given"]["cache"] == str(tmp_path / "kept")


def test_a_training_whose_cache_cannot_be_begins_no_run(data, tmp_path):
    (tmp_path / "text").write_text("mine")
    command = trainings.command(data, str(tmp_path / "run")) + ["--cache", str(tmp_path / "text")]
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = ran.stderr.decode()
    assert ran.returncode == 2 and said.count("\n") == 1 and str(tmp_path / "text") in said
    assert not (tmp_path / "run").exists()
