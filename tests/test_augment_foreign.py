"""albumentations' transforms: what they are handed, what drives them, what is refused."""

import json
import random
import threading

import numpy as np
import pytest

import drawn
from augment import augmentation, foreign, padding
from camvid_tools.errors import RunFault, ToolkitError
from pipeline import augmentations, sources
from pipeline.batches import TrainBatches
from pipeline.schedule import Schedule
from pipeline.spec import BatchSpec

NOISY = ({"transform": "HorizontalFlip", "p": 0.5}, {"transform": "RandomBrightnessContrast", "p": 1.0})


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return drawn.tree(str(tmp_path_factory.mktemp("tree") / "set"))


def batches(tree, steps, **more):
    chosen = augmentation.Augmentation("own", scale=(0.7, 1.4), albumentations=steps, **more)
    source = sources.open_source(tree, "train")
    return TrainBatches(source, Schedule(len(source), 4, 5), chosen, BatchSpec(4, 64, 96, 32))


def test_pixels_follow_from_the_key_whatever_was_drawn_before_and_by_whom():
    steps = foreign.Steps(NOISY)
    image, label = drawn.noise(1, 30, 40, 3), drawn.noise(2, 30, 40)
    first = steps(image, label, 77)
    random.random(), np.random.rand(), steps(image, label, 3)
    for again, made in zip(steps(image, label, 77), first):
        assert np.array_equal(again, made)
    assert any(not np.array_equal(steps(image, label, key)[0], first[0]) for key in range(5))
    assert np.array_equal(foreign.Steps(NOISY)(image, label, 77)[0], first[0])


def test_generators_of_the_rest_of_the_program_are_put_back():
    random.seed(5), np.random.seed(6)
    expected = random.random(), np.random.rand()
    random.seed(5), np.random.seed(6)
    foreign.Steps(NOISY)(drawn.noise(1, 30, 40, 3), drawn.noise(2, 30, 40), 1)
    assert (random.random(), np.random.rand()) == expected


def test_batches_are_the_same_from_one_thread_and_from_many(tree):
    alone, shared = batches(tree, NOISY), batches(tree, NOISY)
    expected = [[part.copy() for part in alone(number)] for number in range(6)]
    found = {}

    def work(numbers):
        for number in numbers:
            found[number] = [part.copy() for part in shared(number)]

    threads = [threading.Thread(target=work, args=(range(start, 6, 3),)) for start in range(3)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    for number in range(6):
        assert all(np.array_equal(a, b) for a, b in zip(expected[number], found[number]))


def test_transforms_are_handed_the_window_and_may_change_its_size(tree):
    make = batches(tree, ({"transform": "RandomCrop", "height": 20, "width": 20, "p": 1.0},))
    images, labels = make(0)
    plain = batches(tree, ())
    assert images.shape == (4, 64, 96, 3) and not np.array_equal(images, plain(0)[0])
    assert (labels != 255).mean() == (plain(0)[1] != 255).mean()  # the place in the output is as drawn


def test_labels_go_where_their_pixels_go(tree):
    make = batches(tree, ({"transform": "HorizontalFlip", "p": 1.0},))
    plain = batches(tree, ())
    for turned, straight in zip(make(1), plain(1)):
        assert not np.array_equal(turned, straight)
    _, label = foreign.Steps(({"transform": "HorizontalFlip", "p": 1.0},))(
        drawn.noise(1, 9, 7, 3), np.arange(63, dtype=np.uint8).reshape(9, 7), 0
    )
    assert label.tolist() == np.arange(63).reshape(9, 7)[:, ::-1].tolist()


FAULTY = [
    ([{"transform": "NoSuch"}], "NoSuch"),
    ([{"transform": "Compose"}], "Compose"),
    ([{"name": "Blur"}], "transform"),
    (["Blur"], "transform"),
    ([{"transform": "RandomCrop"}], "RandomCrop"),
    ([{"transform": "GaussianBlur", "blur_limt": [3, 7]}], "blur_limt"),
]


@pytest.mark.parametrize("steps, fact", FAULTY)
def test_a_transform_that_is_not_there_is_named_before_any_batch(tree, tmp_path, steps, fact):
    (tmp_path / "own.json").write_text(json.dumps({"albumentations": steps}))
    with pytest.raises(ToolkitError) as caught:
        augmentations.named(str(tmp_path / "own.json"))
    assert fact in str(caught.value) and "own.json" in str(caught.value)


def test_what_a_transform_uncovers_is_padding_and_no_class():
    turn = foreign.Steps(({"transform": "Rotate", "limit": [45, 45], "border_mode": 0, "p": 1.0},))
    image, label = turn(np.full((60, 60, 3), 9, np.uint8), np.full((60, 60), 7, np.uint8), 1)
    assert set(np.unique(label).tolist()) == {7, 255} and label[0, 0] == 255
    assert tuple(image[0, 0].tolist()) == padding.PAD_COLOUR and tuple(image[30, 30].tolist()) == (9, 9, 9)


def test_transforms_of_one_chain_are_drawn_apart():
    steps = foreign.Steps(({"transform": "HorizontalFlip", "p": 0.5}, {"transform": "VerticalFlip", "p": 0.5}))
    image, label = drawn.noise(1, 8, 8, 3), np.arange(64, dtype=np.uint8).reshape(8, 8)
    corners = [int(steps(image, label, key)[1][0, 0]) for key in range(200)]
    assert all(30 <= corners.count(corner) <= 70 for corner in (0, 7, 56, 63))


def test_a_transform_that_makes_no_picture_is_named(tree):
    make = batches(tree, ({"transform": "ToFloat", "p": 1.0},))
    with pytest.raises(RunFault, match="float32"):
        make(0)


def test_a_transform_that_fails_at_work_is_named_in_one_line(tree):
    make = batches(tree, ({"transform": "RandomCrop", "height": 2000, "width": 2000, "p": 1.0},))
    with pytest.raises(RunFault, match="albumentations"):
        make(0)
