"""Augmentation at its edges: published numbers, tiny and portrait pictures, views that are not the writer's."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augment import apply, bits, draw, padding, plan
from augment.augmentation import NAMED, Augmentation

BASE = NAMED["base"]


def test_numbers_are_the_published_ones_of_splitmix64():
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    found = bits.uniform(np.array([1234567], np.uint64), 4)[0]
    assert found.tolist() == [(value >> 11) / 2**53 for value in published]


def test_draws_never_move():
    count = 64
    sizes = np.array([(720, 960), (360, 480), (480, 360), (7, 5)] * 16)
    drawn = draw.draw(BASE, 123, np.arange(count) // 9, np.arange(count) * 11, sizes, (352, 480))
    whole = hashlib.sha256()
    for part in drawn[:5]:
        whole.update(np.ascontiguousarray(part).astype("<i8").tobytes())
    assert whole.hexdigest() == "4942bcfe252d2024b94fc5fe38cfcd23088d96046309e4b75db26e11e3c329bb"


def test_order_and_draws_of_one_seed_are_unrelated():
    order, draws = (bits.keys(stream, 5, np.zeros(500, int), np.arange(500)) for stream in (1, 2))
    assert not set(order.tolist()) & set(draws.tolist())


def apply_inside(image, label, found, hw):
    """Apply into the middle of larger arrays; returns the results after checking that nothing else was touched."""
    wide_image, wide_label = (
        np.full((hw[0] + 4, hw[1] + 6, 3), 201, np.uint8),
        np.full((hw[0] + 4, hw[1] + 6), 77, np.uint8),
    )
    place = np.s_[2 : 2 + hw[0], 3 : 3 + hw[1]]
    apply.apply(image, label, plan.plans(found)[0], wide_image[place], wide_label[place], apply.Workspace(hw))
    made = wide_image[place].copy(), wide_label[place].copy()
    wide_image[place], wide_label[place] = 201, 77
    assert (wide_image == 201).all() and (wide_label == 77).all()
    return made


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_tiny_and_portrait_sources_fill_the_output_and_only_that(data):
    size, hw = (tuple(data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))) for _ in range(2))
    low = data.draw(st.floats(0.01, 16))
    chosen = Augmentation(
        "any", scale=(low, data.draw(st.floats(low, 16))), flip=0.5, brightness=32, contrast=(0.5, 1.5)
    )
    # Grey levels 40..200 stay off the padding's label; the source is read-only, as a memory map is.
    image = np.full(size + (3,), 90, np.uint8)
    label = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size) % 200
    image.setflags(write=False), label.setflags(write=False)
    found = draw.draw(chosen, data.draw(st.integers(0, 99)), np.array([0]), np.array([3]), np.array([size]), hw)
    image_out, label_out = apply_inside(image, label, found, hw)
    top, left, rows, columns = found.place[0].tolist()
    inside = np.zeros(hw, bool)
    inside[top : top + rows, left : left + columns] = True
    level = int(np.clip(np.rint((90 * found.gain[0] + found.bias[0]) / 256), 0, 255))
    assert (image_out[inside] == level).all() and (image_out[~inside] == padding.PAD_COLOUR).all()
    assert (label_out[~inside] == 255).all()
    y, x, height, width = found.window[0].tolist()
    assert set(label_out[inside].tolist()) <= set(label[y : y + height, x : x + width].ravel().tolist())


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("scale", [0.37, 0.5, 1.0, 1.6, 2.0, 3.7])
def test_image_and_label_cross_every_border_at_the_same_pixel(axis, scale):
    """Stripes of 0 and 255 in the image are stripes of 0 and 1 in the label, at any scale, flipped or not."""
    line = np.frombuffer(hashlib.shake_256(b"stripes").digest(60), np.uint8) // 128
    label = np.ascontiguousarray(np.broadcast_to(line if axis else line[:, None], (60, 60)))
    image = np.repeat(label[..., None] * 255, 3, axis=2)
    crossed = 0
    for frame in range(12):
        chosen = Augmentation("geometry", scale=(scale, scale), flip=0.5)
        found = draw.draw(chosen, 0, np.array([0]), np.array([frame]), np.array([(60, 60)]), (48, 48))
        image_out, label_out = apply_inside(image, label, found, (48, 48))
        clear = (label_out != 255) & (abs(image_out[..., 0].astype(int) - 127.5) > 4)
        assert ((image_out[..., 0] > 127) == (label_out == 1))[clear].all()
        crossed += len(set(label_out[clear].tolist()))
    assert crossed == 24


@pytest.mark.parametrize("place", [(0, 0, 4, 4), (1, 2, 2, 1), (0, 0, 0, 0), (3, 3, 1, 1), (0, 1, 4, 2)])
def test_padding_covers_exactly_what_the_place_leaves(place):
    image, label = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)
    padding.pad(image, label, padding.padding_row(4), place)
    kept = np.zeros((4, 4), bool)
    kept[place[0] : place[0] + place[2], place[1] : place[1] + place[3]] = True
    assert (label == np.where(kept, 0, 255)).all()
    assert (image[~kept] == padding.PAD_COLOUR).all() and (image[kept] == 0).all()
