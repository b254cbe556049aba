"""Decoded frames kept in memory or on disk: the same pixels as without, what is said of them, what is refused."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import drawn
import synthetic
from augment.augmentation import NAMED
from camvid_tools import imageio, splitfolder
from camvid_tools.errors import ToolkitError
from frames import opened, same, the_file
from pipeline import cache as caches
from pipeline import room, sources
from pipeline.__main__ import digest
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

NAMES = synthetic.FEW["train"]
SPEC = BatchSpec(3, 32, 32, 32)


@pytest.fixture(params=["memory", "disk"])
def kind(request, tmp_path):
    """`--cache memory`, or a folder."""
    return "memory" if request.param == "memory" else str(tmp_path / "kept")


def batches(source):
    return TrainBatches(source, Schedule(len(source), SPEC.batch_size, 5), NAMED["base"], SPEC)


def tree_source(path):
    return sources.TreeSource(splitfolder.SplitFolder(path), "train")


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
