"""Palette PNGs: whoever reads indices gets ids, whoever reads colours gets the classes' colours, and 255 stays 255."""

import os
import struct
import tempfile
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camvid_tools import classes, imageio, labels
from camvid_tools.codec import ColourCodec
from camvid_tools.palette_png import CREAM, palette_png_bytes, unknown_colour

COLOUR = st.tuples(*[st.integers(0, 255)] * 3)
NEAR_CREAM = st.integers(0, 300).map(lambda step: divmod_colour(0xE0E0C0 + step))


def divmod_colour(number):
    return number >> 16 & 255, number >> 8 & 255, number & 255


def parse(data):
    """(ids [H,W], palette [256,3]) of an 8-bit palette PNG with unfiltered rows, by the PNG specification alone."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body) & 0xFFFFFFFF
        chunks.append((kind, body))
        at += 12 + length
    assert [kind for kind, _ in chunks] == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, depth, form, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, form, interlaced) == (8, 3, 0)
    rows = zlib.decompress(chunks[2][1])
    assert len(rows) == height * (width + 1)
    ids = []
    for y in range(height):
        row = rows[y * (width + 1) : (y + 1) * (width + 1)]
        assert row[0] == 0
        ids.append(list(row[1:]))
    palette = chunks[1][1]
    return np.array(ids, np.uint8), [tuple(palette[3 * i : 3 * i + 3]) for i in range(len(palette) // 3)]


@st.composite
def labels_of_tables(draw):
    colours = draw(st.lists(st.one_of(COLOUR, NEAR_CREAM), min_size=1, max_size=255, unique=True))
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    choice = np.append(np.arange(len(colours)), classes.UNKNOWN).astype(np.uint8)
    return choice[random.randint(0, len(choice), (height, width))], colours


@settings(max_examples=80)
@given(labels_of_tables())
def test_ids_are_the_indices_and_colours_the_palette(case):
    ids, colours = case
    found, palette = parse(palette_png_bytes(ids, np.array(colours, np.uint8)))
    assert np.array_equal(found, ids)
    assert palette[: len(colours)] == colours and len(palette) == 256
    assert not set(palette[len(colours) :]) & set(colours)


@settings(max_examples=40)
@given(labels_of_tables())
def test_our_own_reader_and_opencv_see_colours_and_give_the_ids_back(case):
    ids, colours = case
    table = classes.ClassTable(tuple("c%d" % i for i in range(len(colours))), tuple(colours))
    data = palette_png_bytes(ids, table.colour_array())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.png")
        with open(path, "wb") as out:
            out.write(data)
        read = labels.read(path, ColourCodec(table))
        assert np.array_equal(read.ids, ids) and read.form == labels.COLOURS
        assert np.array_equal(imageio.read_raw(path)[ids != 255], table.colour_array()[ids[ids != 255]])
    painted = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert painted.shape == ids.shape + (3,)


def test_the_colour_of_255_is_voc_cream_or_the_next_one_that_no_class_has():
    assert unknown_colour(classes.camvid32().colours) == CREAM == (224, 224, 192)
    assert unknown_colour([(224, 224, 192), (224, 224, 193)]) == (224, 224, 194)
    assert unknown_colour([(224, 224, 192 + i) for i in range(64)]) == (224, 225, 0)


def test_a_palette_png_is_small_beside_its_colours():
    ids = np.repeat(np.repeat(np.arange(30, dtype=np.uint8).reshape(5, 6), 50, 0), 50, 1)
    colours = classes.camvid32().colour_array()
    assert len(palette_png_bytes(ids, colours)) < len(imageio.png_bytes(colours[ids]))


@pytest.mark.parametrize(
    "ids, colours",
    [
        (np.full((2, 2), 3, np.uint8), 3),
        (np.full((2, 2), 254, np.uint8), 200),
        (np.zeros((2, 2), np.int64), 3),
        (np.zeros((2, 2, 3), np.uint8), 3),
        (np.zeros((0, 2), np.uint8), 3),
        (np.zeros((2, 2), np.uint8), 0),
        (np.zeros((2, 2), np.uint8), 256),
    ],
)
def test_what_is_no_label_is_refused(ids, colours):
    with pytest.raises(ValueError):
        palette_png_bytes(ids, np.arange(3 * colours).reshape(-1, 3).astype(np.uint8))
