import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camvid_tools import classes
from camvid_tools.codec import ColourCodec, unknown_colours
from camvid_tools.errors import ToolkitError

TWO = classes.ClassTable(("Road", "Sky"), ((128, 64, 128), (128, 128, 128)))


@pytest.mark.parametrize(
    "text",
    [
        "name,r,g,b\nRoad,128,64,128\nSky,128,128,128\n",
        "name,r,g,b\nRoad, 128,64 , 128\nSky,128, 128,128",
        "name,r,g,b\r\nRoad,128,64,128\r\nSky,128,128,128\r\n",
        "\ufeffname,r,g,b\nRoad,128,64,128\nSky,128,128,128\n",
        "name,r,g,b,class_11\nRoad,128,64,128,1\nSky,128,128,128,1\n",
        "b,g,r,Name\n128,64,128,Road\n128,128,128,Sky\n",
        "128 64 128\tRoad\n128 128 128\tSky",
        "Road,128,64,128\nSky,128,128,128\n",
        "\nname,r,g,b\n\nRoad,128,64,128\nSky,128,128,128\n\n",
    ],
)
def test_class_tables_are_read_in_all_forms_that_are_about(text):
    assert classes.parse(text) == (TWO, [])


@pytest.mark.parametrize(
    "row, facts",
    [
        ("Road,1,2,3", ["line 4", "Road", "twice"]),
        ("Lane,128,64,128", ["line 4", "Lane", "same colour as Road"]),
        ("Lane,1,2", ["line 4", "Lane"]),
        ("Lane,1,2,blue", ["line 4", "blue"]),
        ("Lane,1,2,300", ["line 4", "300"]),
    ],
)
def test_a_faulty_row_is_named_with_its_line_and_the_rest_is_read(row, facts):
    table, problems = classes.parse(TWO.to_csv() + row + "\n")
    assert table == TWO and len(problems) == 1
    assert all(fact in problems[0] for fact in facts)


def test_camvids_own_tables_have_void_where_they_have_it():
    assert (len(classes.camvid32()), classes.camvid32().void_ids()) == (32, (30,))
    assert (len(classes.segnet11()), classes.segnet11().void_ids()) == (12, (11,))
    assert classes.camvid32().names[22] == "SUVPickupTruck"  # a case-sensitive sort would move it


def test_no_file_no_text_and_no_class_are_clear_errors(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    for name in ("none.csv", "empty.csv", "binary.csv"):
        with pytest.raises(ToolkitError, match=name):
            classes.read(str(tmp_path / name))


COLOUR = st.tuples(*[st.integers(0, 255)] * 3)
TABLES = st.lists(COLOUR, min_size=1, max_size=40, unique=True).map(
    lambda colours: classes.ClassTable(tuple("c%d" % i for i in range(len(colours))), tuple(colours))
)


@settings(max_examples=25, deadline=None)
@given(TABLES, st.integers(0, 2**31 - 1))
def test_ids_to_colours_and_back_is_exact_for_any_table(table, seed):
    ids = np.random.RandomState(seed).randint(0, len(table), (7, 5)).astype(np.uint8)
    codec = ColourCodec(table)
    colours = codec.decode(ids)
    assert np.array_equal(codec.encode(colours), ids)
    assert all(tuple(colours[y, x]) == table.colours[ids[y, x]] for y in range(7) for x in range(5))


@settings(max_examples=25, deadline=None)
@given(TABLES, st.lists(COLOUR, min_size=6, max_size=6))
def test_encoding_agrees_with_a_pixel_by_pixel_search(table, pixels):
    rgb = np.array(pixels, np.uint8).reshape(2, 3, 3)
    slow = [table.colours.index(c) if c in table.colours else 255 for c in pixels]
    assert ColourCodec(table).encode(rgb).ravel().tolist() == slow


def test_unknown_colours_are_counted_and_placed():
    rgb = ColourCodec(TWO).decode(np.zeros((4, 6), np.uint8))
    rgb[2, 3:5] = (1, 2, 3)
    rgb[3, 0] = (127, 64, 128)
    ids = ColourCodec(TWO).encode(rgb)
    assert (ids == 255).sum() == 3
    found = unknown_colours(rgb, ids)
    assert [tuple(item) for item in found] == [((1, 2, 3), 2, 3, 2), ((127, 64, 128), 1, 0, 3)]
