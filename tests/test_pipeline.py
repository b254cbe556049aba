"""Schedule, batches and feed: the same pixels whoever asks, whenever."""

import hashlib
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from hypothesis import given
from hypothesis import strategies as st

import drawn
from augment.augmentation import NAMED
from camvid_tools.errors import RunFault, ToolkitError
from pipeline import bench, sizes, sources, stages, tfdata
from pipeline.__main__ import digest, main
from pipeline.batches import EvalBatches, TrainBatches
from pipeline.pool import ALIGNMENT, BatchPool
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

SPEC = BatchSpec(4, 64, 96, 32)


def batches(path, seed=7, cache="none", augment="base", slice_of=(0, 1), **more):
    source = sources.open_source(path, "train", cache)
    return TrainBatches(source, Schedule(len(source), SPEC.batch_size, seed, *slice_of), NAMED[augment], SPEC, **more)


# schedule

COUNTS = st.tuples(st.integers(1, 60), st.integers(1, 9), st.integers(0, 2**32))


@given(COUNTS, st.integers(0, 5))
def test_every_epoch_visits_every_frame_once_across_batch_borders(counts, epoch):
    frames, batch, seed = counts
    plan = Schedule(frames, batch, seed)
    first, last = epoch * frames // batch, -(-(epoch + 1) * frames // batch)
    pairs = [pair for k in range(first, last) for pair in zip(*map(np.ndarray.tolist, plan.batch(k)))]
    assert sorted(frame for e, frame in pairs if e == epoch) == list(range(frames))


@given(COUNTS, st.integers(1, 5), st.integers(0, 40))
def test_the_slices_of_all_ranks_together_are_the_global_batch(counts, ranks, number):
    frames, batch, seed = counts
    whole = Schedule(frames, batch * ranks, seed).batch(number)
    parts = [Schedule(frames, batch, seed, rank, ranks).batch(number) for rank in range(ranks)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_order_differs_by_epoch_and_seed_and_has_nothing_of_the_sorted_one():
    orders = [Schedule(400, 400, seed).batch(epoch)[1] for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    for order in orders:
        assert abs(np.corrcoef(order, np.arange(400))[0, 1]) < 0.2
    assert len({tuple(order) for order in orders}) == 3


# batches


def through_tensorflow(make, first, last, threads):
    whole = hashlib.sha256()
    with tf.Graph().as_default(), tf.Session() as session:
        iterator = tfdata.iterator(tfdata.dataset(make, make.spec, first, last, threads))
        element = iterator.get_next()
        session.run(iterator.initializer)
        for _ in range(first, last):
            for array in session.run(element):
                whole.update(array)
    return whole.hexdigest()


def in_numpy(make, first, last):
    whole = hashlib.sha256()
    for number in range(first, last):
        for array in make(number):
            whole.update(array)
    return whole.hexdigest()


GOLDEN = {
    "base": "416c499f6ac714d96e94e0d9bdfcf58f2c839a4425c97f8115bb88b5cb877a6a",
    "colour": "b1f43b4fd7afc79468cba5ad55d2b3a5db59a58a4e9eb5ed465f19cbf2d6cb89",
    "street": "a2be542291b53e54a046c9c2d999ccf48b56c2bd30b424e732c005e8eb3c7007",
    "strong": "e39a2fef51da3d3f93e036ba345715ff334da3393eb91c344d61650836621389",
}


@pytest.mark.parametrize("augment", sorted(GOLDEN))
def test_batches_never_move(street, augment):
    assert digest(batches(street, augment=augment), 3) == GOLDEN[augment]


@pytest.mark.parametrize("augment", sorted(GOLDEN))
def test_batches_are_the_same_from_folder_packed_file_and_memory(street, packed_street, augment):
    expected = digest(batches(street, augment=augment), 5)
    assert digest(batches(packed_street, augment=augment), 5) == expected
    assert digest(batches(street, cache="memory", augment=augment), 5) == expected
    assert digest(batches(street, seed=8, augment=augment), 5) != expected


@pytest.mark.parametrize("augment", ["base", "strong"])
@pytest.mark.parametrize("threads", [1, 2, 16])
def test_batches_are_the_same_through_tensorflow_with_any_number_of_threads_from_any_start(
    packed_street, threads, augment
):
    make = batches(packed_street, augment=augment)
    assert through_tensorflow(make, 3, 9, threads) == in_numpy(batches(packed_street, augment=augment), 3, 9)


@pytest.mark.parametrize("place", ["street", "packed_street"])
def test_the_slices_of_several_ranks_put_together_are_the_batches_of_one(place, request):
    path = request.getfixturevalue(place)
    alone = batches(path)
    parts = [batches(path, slice_of=(rank, 3)) for rank in range(3)]
    for number in range(40):  # beyond one block of plans
        whole = [[array.copy() for array in alone(3 * number + rank)] for rank in range(3)]
        for rank, part in enumerate(parts):
            assert all(np.array_equal(a, b) for a, b in zip(part(number), whole[rank]))


def test_a_batch_alone_is_the_batch_of_the_run(packed_street):
    make = batches(packed_street)
    run = [[array.copy() for array in make(number)] for number in range(6)]
    alone = batches(packed_street)(4)
    assert all(np.array_equal(a, b) for a, b in zip(run[4], alone))


def test_elements_are_uint8_of_fully_static_shape_and_prefetch_comes_last(packed_street):
    with tf.Graph().as_default():
        data = tfdata.dataset(batches(packed_street), SPEC, 0, 3, 2)
        image, label = tfdata.iterator(data).get_next()
        assert image.shape.as_list() == [4, 64, 96, 3] and label.shape.as_list() == [4, 64, 96]
        assert image.dtype == label.dtype == tf.uint8
        kinds = [
            op.type for op in tf.get_default_graph().get_operations() if op.type.endswith(("Dataset", "DatasetV2"))
        ]
        before_options = [kind for kind in kinds if kind not in ("OptionsDataset", "PrivateThreadPoolDataset")]
        assert before_options[-1].startswith(("Prefetch", "Model", "Optimize"))
        assert "PrefetchDataset" in kinds


def test_no_thread_that_tunes_keeps_a_session_from_closing(packed_street):
    with tf.Graph().as_default() as graph:
        data = tfdata.dataset(batches(packed_street), SPEC, 0, 3, 2)
        tfdata.iterator(data)
        made, chosen = {op.type for op in graph.get_operations()}, data.options()
    tuned = chosen.autotune.enabled if hasattr(chosen, "autotune") else "ModelDataset" in made
    assert tuned is False and "PrefetchDataset" in made


def test_arrays_in_use_are_never_handed_out_and_free_ones_are_reused():
    pool = BatchPool(SPEC)
    held = [pool.take() for _ in range(3)]
    addresses = {array.ctypes.data for pair in held for array in pair}
    assert len(addresses) == 6 and all(address % ALIGNMENT == 0 for address in addresses)
    del held
    for _ in range(20):
        image, label = pool.take()
        assert {image.ctypes.data, label.ctypes.data} <= addresses
    assert len(pool) == 3


def test_a_damaged_frame_stops_with_its_name_or_is_replaced(tmp_path):
    broken = drawn.tree(str(tmp_path / "set"), 72, 96)
    name = drawn.LISTS["train"][1]
    with open(os.path.join(broken, "train", name + ".png"), "wb") as file:
        file.write(b"")
    make = batches(broken)
    with pytest.raises(RunFault, match=name):
        for number in range(2):
            make(number)
    with pytest.raises(tf.errors.OpError):
        through_tensorflow(batches(broken), 0, 2, 2)
    replaced = batches(broken, on_damaged="replace")
    assert all(replaced(number)[0].shape == SPEC.image_shape for number in range(4))


def test_the_fault_behind_tensorflows_error_is_kept(tmp_path):
    broken = drawn.tree(str(tmp_path / "set"), 72, 96)
    with open(os.path.join(broken, "train", drawn.LISTS["train"][1] + ".png"), "wb") as file:
        file.write(b"")
    make = batches(broken)
    with pytest.raises(tf.errors.OpError):
        through_tensorflow(make, 0, 2, 2)
    assert isinstance(make.fault, RunFault) and drawn.LISTS["train"][1] in str(make.fault)


def test_frames_of_mixed_sizes_train_from_a_folder(tmp_path, street):
    import shutil

    from camvid_tools import imageio

    mixed = str(shutil.copytree(street, str(tmp_path / "mixed")) and tmp_path / "mixed")
    name = drawn.LISTS["train"][0]
    for path in (os.path.join(mixed, "train", name + ".png"), os.path.join(mixed, "train_labels", name + "_L.png")):
        imageio.write_png(path, imageio.read_raw(path)[:40, :50])
    make = batches(mixed)
    assert all(make(number)[1].shape == SPEC.label_shape for number in range(3))
    assert make.source.survey()[1] == (72, 96)


# evaluation's batches


def test_evaluation_gives_every_frame_once_whole_and_padded_with_255(street):
    source = sources.open_source(street, "train")
    make = EvalBatches(source, BatchSpec(2, 96, 128, 32))
    seen = []
    for number in range(len(make)):
        images, labels = make(number)
        for place, frame in enumerate(make.frames(number)):
            image, ids = source.read(frame)
            assert np.array_equal(images[place, :72, :96], image) and np.array_equal(labels[place, :72, :96], ids)
            assert (labels[place, 72:] == 255).all() and (labels[place, :, 96:] == 255).all()
            seen.append(frame)
        assert (labels[len(make.frames(number)) :] == 255).all()
    assert seen == list(range(5))


# sizes, digests, errors


def test_sizes_follow_the_data_in_multiples_of_32(street):
    source = sources.open_source(street, "train")
    assert sizes.training_size(source, None, None) == (64, 96)
    assert sizes.evaluation_size(source) == (96, 96)
    with pytest.raises(ToolkitError, match="--width 100"):
        sizes.training_size(source, None, 100)


def test_the_data_digest_is_the_same_for_folder_and_packed_file_and_sees_every_pixel(street, packed_street, tmp_path):
    import shutil

    from camvid_tools import imageio

    expected = sources.open_source(street, "val").survey()[0]
    assert sources.open_source(packed_street, "val").survey()[0] == expected
    changed = str(shutil.copytree(street, str(tmp_path / "changed")) and tmp_path / "changed")
    path = os.path.join(changed, "val", drawn.LISTS["val"][0] + ".png")
    picture = imageio.read_raw(path)
    picture[3, 3, 1] ^= 1
    imageio.write_png(path, picture)
    assert sources.open_source(changed, "val").survey()[0] != expected


@pytest.mark.parametrize("path", ["street", "packed_street"])
def test_a_split_that_is_not_there_names_those_that_are(path, request):
    with pytest.raises(ToolkitError) as caught:
        sources.open_source(request.getfixturevalue(path), "holdout")
    assert "holdout" in str(caught.value) and "train, val, test" in str(caught.value)


# the benchmark


def test_the_benchmark_prints_figures_for_people_and_all_keys_for_programs(packed_street, tmp_path, capsys):
    out = tmp_path / "bench.json"
    arguments = ["--data_path", packed_street, "--seconds", "0.4", "--threads", "1", "--json", str(out)]
    assert main(arguments + ["--height", "64", "--width", "96"]) == 0
    document = json.loads(out.read_text())
    assert document["schema"] == "pipeline-bench/1" and document["source"] == "packed"
    ratio = document["images_per_second"] / document["floor_images_per_second"]
    assert document["fraction_of_floor"] == pytest.approx(ratio, abs=0.01)
    assert set(document["stages_ms"]) == set(stages.ALWAYS)
    assert document["memory_bytes"] % (8 * 64 * 96 * 4) == 0 and document["memory_bytes"] > 0
    assert {"threads", "queue_depth", "bytes_per_second", "feeds", "decode_images_per_second"} <= set(document)
    assert "floor" in capsys.readouterr().out


def test_what_a_rate_feeds_is_plain_arithmetic():
    spent = {"read": 5.0, "draw": 0.1}
    fed = bench.feeds(rate=100, count=2, batch_size=8, step_time=0.8, spent=spent)
    assert (fed["input_wait"], fed["cores_needed"], fed["worst_stage"]) == (0, 0.2, "read")
    starved = bench.feeds(rate=5, count=1, batch_size=8, step_time=0.8, spent=spent)
    assert (starved["input_wait"], starved["cores_needed"]) == (0.5, 2.0)
    assert "50 %" in starved["advice"] and "camvid-encode" in starved["advice"]


def test_the_digest_command_prints_one_line(packed_street, capsys):
    assert main(["--data_path", packed_street, "--digest", "2", "--height", "64", "--width", "96"]) == 0
    said = capsys.readouterr().out
    assert len(said) == 65 and said.count("\n") == 1
