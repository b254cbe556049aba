"""Colours to ids and back: exact for any palette, against a plain loop."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from camvid_tools.classes import ClassTable, camvid32
from camvid_tools.codec import ColourCodec, unknown_colours

COLOUR = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
PALETTE = st.lists(COLOUR, min_size=1, max_size=255, unique=True)
SIZE = st.tuples(st.integers(1, 9), st.integers(1, 9))


def table(colours):
    return ClassTable(tuple("c%d" % i for i in range(len(colours))), tuple(colours))


def plain_encode(rgb, colours):
    ids = np.full(rgb.shape[:2], 255, np.uint8)
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            colour = tuple(rgb[y, x].tolist())
            if colour in colours:
                ids[y, x] = colours.index(colour)
    return ids


@settings(max_examples=40)
@given(PALETTE, SIZE, st.integers(0, 2**32 - 1))
def test_ids_survive_the_way_to_colours_and_back(colours, hw, seed):
    codec = ColourCodec(table(colours))
    ids = np.random.RandomState(seed).randint(0, len(colours), hw).astype(np.uint8)
    rgb = codec.decode(ids)
    assert rgb.dtype == np.uint8 and (rgb == np.array(colours)[ids]).all()
    assert np.array_equal(codec.encode(rgb), ids)


@settings(max_examples=40)
@given(PALETTE, SIZE, st.data())
def test_encoding_equals_a_plain_loop(colours, hw, data):
    some = st.one_of(st.sampled_from(colours), COLOUR)
    pixels = data.draw(st.lists(some, min_size=hw[0] * hw[1], max_size=hw[0] * hw[1]))
    rgb = np.array(pixels, np.uint8).reshape(hw + (3,))
    assert np.array_equal(ColourCodec(table(colours)).encode(rgb), plain_encode(rgb, colours))


def test_red_and_blue_are_not_mixed_up():
    codec = ColourCodec(table([(1, 2, 3), (3, 2, 1)]))
    assert codec.encode(np.array([[[3, 2, 1], [1, 2, 3]]], np.uint8)).tolist() == [[1, 0]]


def test_views_and_other_memory_orders_are_encoded_alike():
    codec = ColourCodec(camvid32())
    rgb = codec.decode(np.arange(32, dtype=np.uint8).reshape(4, 8))
    wide = np.zeros((4, 16, 4), np.uint8)
    wide[:, ::2, :3] = rgb
    for view in (wide[:, ::2, :3], np.asfortranarray(rgb), rgb[::-1][::-1]):
        assert np.array_equal(codec.encode(view), np.arange(32).reshape(4, 8))


def test_a_colour_of_no_class_becomes_255_and_never_the_first_class():
    codec = ColourCodec(camvid32())
    assert codec.encode(np.array([[[26, 26, 26], [64, 128, 64]]], np.uint8)).tolist() == [[255, 0]]


def test_ids_of_no_class_become_black():
    assert ColourCodec(table([(9, 9, 9)])).decode(np.array([0, 1, 255], np.uint8)).tolist() == [
        [9] * 3,
        [0] * 3,
        [0] * 3,
    ]


def test_unknown_colours_come_with_count_and_first_place():
    codec = ColourCodec(camvid32())
    rgb = np.full((6, 8, 3), 128, np.uint8)
    rgb[4, 2:5], rgb[5, 0], rgb[1, 7] = (26, 26, 26), (77, 77, 0), (77, 77, 0)
    found = unknown_colours(rgb, codec.encode(rgb))
    assert found.colours.tolist() == [[26, 26, 26], [77, 77, 0]]
    assert found.pixels.tolist() == [3, 2] and found.first.tolist() == [[2, 4], [7, 1]]


def test_a_clean_label_has_no_unknown_colours():
    rgb = np.full((2, 2, 3), 128, np.uint8)
    assert len(unknown_colours(rgb, ColourCodec(camvid32()).encode(rgb)).colours) == 0


def test_large_labels_are_encoded_to_the_last_row():
    for colours in (camvid32().colours, [(i, i // 2, 255 - i) for i in range(255)]):
        codec = ColourCodec(table(colours))
        ids = np.random.RandomState(4).randint(0, len(colours), (721, 963)).astype(np.uint8)
        rgb = codec.decode(ids)
        rgb[-1, -1] = (1, 254, 3)
        ids[-1, -1] = 255
        assert np.array_equal(codec.encode(rgb), ids)
