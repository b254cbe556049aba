"""Class tables in every form they are found in, and their faults named by line."""

import pytest

from camvid_tools import classes
from camvid_tools.errors import ToolkitError

PLAIN = "name,r,g,b\nRoad,128,64,128\nSky,128,128,128\nVoid,0,0,0\n"
TABLE = classes.ClassTable(("Road", "Sky", "Void"), ((128, 64, 128), (128, 128, 128), (0, 0, 0)))


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace(",", ", "),
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        "\ufeff" + PLAIN.replace("\n", "\r\n").rstrip(),
        PLAIN.replace("name", "Name").replace("r,g,b", "R,G,B"),
        "\n" + PLAIN.replace("\n", "\n\n"),
        "name,r,g,b,class_11\nRoad,128,64,128,1\nSky,128,128,128,1\nVoid,0,0,0,0\n",
        "id,b,g,r,name\n7,128,64,128,Road\n8,128,128,128,Sky\n9,0,0,0,Void\n",
        "Road,128,64,128\nSky,128,128,128\nVoid,0,0,0\n",
        '"name","r","g","b"\n"Road","128","64","128"\n"Sky","128","128","128"\n"Void","0","0","0"\n',
        "128 64 128\tRoad\n128 128 128\tSky\n0 0 0\tVoid",
        "128 64 128\t\tRoad\r\n128 128 128\tSky\r\n0 0 0\tVoid\r\n",
    ],
)
def test_every_form_gives_the_same_table(text, tmp_path):
    assert classes.parse(text) == (TABLE, [])
    path = tmp_path / "class_dict.csv"
    path.write_bytes(text.encode("utf-8"))
    assert classes.read(str(path)) == TABLE


def test_columns_are_taken_by_their_names_not_their_places():
    assert classes.parse("b,g,r,name\n1,2,3,Road\n")[0].colours == ((3, 2, 1),)


def test_the_order_of_the_file_is_the_order_of_ids():
    names = classes.parse("name,r,g,b\nZebra,1,1,1\nape,2,2,2\nBee,3,3,3\n")[0].names
    assert names == ("Zebra", "ape", "Bee")


def test_names_may_hold_spaces():
    assert classes.parse("1 2 3\tLane Markings\n")[0].names == ("Lane Markings",)
    assert classes.parse("name,r,g,b\nLane Markings,1,2,3\n")[0].names == ("Lane Markings",)


@pytest.mark.parametrize(
    "text, line, facts",
    [
        ("name,r,g,b\nRoad,1,2,3\nSky,4,5,6\nRoad,7,8,9\n", 4, ["Road", "twice"]),
        ("name,r,g,b\nRoad,1,2,3\n\nSky, 1, 2,3\n", 4, ["Sky", "Road", "same colour"]),
        ("name,r,g,b\nRoad,1,2\n", 2, ["Road,1,2"]),
        ("name,r,g,b\nRoad,1,2,x\n", 2, ["Road", "1,2,x"]),
        ("name,r,g,b\nRoad,1,2,256\n", 2, ["Road", "0..255"]),
        ("name,r,g,b\nRoad,-1,2,3\n", 2, ["Road", "0..255"]),
        ("name,r,g,b\n,1,2,3\n", 2, ["without a name"]),
        ("name,r,g,b\nRo\x00ad,1,2\x003,4\n", 2, []),
        ("name,r,g,b\n%s,1,2,3\n" % ("x" * 200000), 2, []),
        ("name|r|g|b\nRoad|1|2|3\n", 1, []),
        ("1 2 3\n", 1, ["1,2,3"]),
    ],
    ids=range(11),
)
def test_a_faulty_row_is_named_by_its_line(text, line, facts):
    problems = classes.parse(text)[1]
    assert problems[0].startswith("line %d: " % line)
    assert all(fact in problems[0] for fact in facts)


def test_good_rows_survive_a_faulty_one():
    table, problems = classes.parse("name,r,g,b\nRoad,1,2,3\nSky,x,5,6\nVoid,0,0,0\n")
    assert table.names == ("Road", "Void") and len(problems) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "name,r,g,b\n"])
def test_a_table_without_classes_is_faulty(text):
    table, problems = classes.parse(text)
    assert len(table) == 0 and "no class" in problems[-1]


def test_255_classes_are_the_most_that_bytes_can_tell_apart():
    rows = ["c%d,%d,%d,0" % (i, i % 256, i // 256) for i in range(256)]
    assert classes.parse("\n".join(["name,r,g,b"] + rows[:255]))[1] == []
    assert "256 classes" in classes.parse("\n".join(["name,r,g,b"] + rows))[1][0]


def test_reading_names_the_file_the_line_and_the_remedy(tmp_path):
    path = tmp_path / "class_dict.csv"
    path.write_text("name,r,g,b\nRoad,1,2,3\nRoad,4,5,6\n")
    with pytest.raises(ToolkitError) as caught:
        classes.read(str(path))
    assert caught.value.where == str(path) and "line 3" in str(caught.value) and caught.value.remedy


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff\xfe", "name,r,g,b\n".encode("utf-16"), b" " * (2 << 20)])
def test_a_file_that_is_no_table_is_refused(content, tmp_path):
    path = tmp_path / "class_dict.csv"
    path.write_bytes(content)
    with pytest.raises(ToolkitError):
        classes.read(str(path))


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(ToolkitError, match="no such file"):
            classes.read(str(path))


def test_camvid_has_32_classes_and_void_is_30():
    table = classes.camvid32()
    assert len(table) == 32 and table.void_ids() == (30,)
    assert table.names[22] == "SUVPickupTruck" and table.colours[17] == (128, 64, 128)
    assert classes.palette_name(table) == "camvid32"


def test_segnet_has_eleven_and_void_is_11():
    table = classes.segnet11()
    assert len(table) == 12 and table.void_ids() == (11,) and table.colours[4] == (60, 40, 222)
    assert classes.palette_name(table) == "segnet11"


def test_another_order_is_another_palette():
    shifted = classes.ClassTable(TABLE.names[::-1], TABLE.colours[::-1])
    assert shifted.digest() != TABLE.digest() and classes.palette_name(TABLE) == "own"
    assert classes.parse(TABLE.to_csv()) == (TABLE, [])


def test_the_nearest_class_and_its_distance():
    assert TABLE.nearest((128, 67, 132)) == ("Road", 5.0)


@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_spreadsheets_ways_to_write_the_table_are_read(mark):
    text = "name,r,g,b\nRoad,128,64.0,128\nSky,0,0,255\n".replace(",", mark)
    table, problems = classes.parse(text)
    assert not problems and table == classes.ClassTable(("Road", "Sky"), ((128, 64, 128), (0, 0, 255)))
    assert "no whole number" in classes.parse(text.replace("64.0", "64.5"))[1][0]
    assert "no whole number" in classes.parse(text.replace("64.0", "inf"))[1][0]
