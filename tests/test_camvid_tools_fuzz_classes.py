"""Damaged class tables, lists and manifests: a table to be trusted, a sentence or a refusal; no traceback."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mutated
import synthetic
from camvid_tools import classes, layout, lists, manifest
from camvid_tools.checks import pairs
from camvid_tools.commands import check, split
from camvid_tools.errors import ToolkitError

TABLE = classes.camvid32()
PLAIN = TABLE.to_csv()
BARE = "".join("%d %d %d\t%s\n" % (colour + (name,)) for name, colour in zip(TABLE.names, TABLE.colours))
TABLES = {
    "csv": PLAIN.encode(),
    "csv of Windows": b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(),
    "quoted": b'"name","r","g","b","x"\n"Road, wet","1","2","3",""\n"a ""b""","4","5","6","7"\n"V\xc3\xb6id",0,0,0\n',
    "label_colors": BARE.encode(),
    "largest": ("name,r,g,b\n" + "".join("c%d,%d,7,%d\n" % (i, i, i % 7) for i in range(255))).encode(),
}


@pytest.mark.parametrize("form", sorted(TABLES))
def test_a_damaged_class_table_is_told_or_is_a_table(form, tmp_path):
    path, used = tmp_path / "class_dict.csv", 0
    for name, data in mutated.mutations(TABLES[form], 620, form):
        path.write_bytes(data)
        try:
            table, problems = classes.parse(classes.read_text(str(path)))
        except ToolkitError as refused:
            assert str(path) in str(refused) and "\n" not in str(refused)
            continue
        assert problems or 0 < len(table) <= classes.MAX_CLASSES, name
        assert len(table) == len(set(table.names)) == len(set(table.colours)), name
        assert all(0 <= value <= 255 for colour in table.colours for value in colour), name
        assert classes.parse(table.to_csv())[0] == table, name  # what a split would write can be read again
        assert all(problem.isprintable() and len(problem) < 200 for problem in problems), name
        used += not problems
    assert used > 10


NAMES = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
COLOURS = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))


def bare(name):
    return name.strip().lstrip("\ufeff").strip()


@given(st.lists(st.tuples(NAMES.map(bare).filter(bool), COLOURS), min_size=1, max_size=40))
def test_every_table_is_read_as_it_was_written(rows):
    names = list(dict.fromkeys(name for name, _ in rows))
    colours = list(dict.fromkeys(colour for _, colour in rows))
    count = min(len(names), len(colours))
    table = classes.ClassTable(tuple(names[:count]), tuple(colours[:count]))
    assert classes.parse(table.to_csv()) == (table, [])
    assert classes.parse("\ufeff" + table.to_csv().replace("\n", "\r\n")) == (table, [])


def test_a_name_with_control_bytes_is_a_fault_on_every_python():
    for text in ("name,r,g,b\nRo\0ad,1,2,3\nSky,4,5,6\n", "1 2 3\tRo\x1b[2Jad\n4 5 6\tSky\n"):
        table, problems = classes.parse(text)
        assert table.names == ("Sky",) and len(problems) == 1
        assert problems[0].isprintable()


def test_a_table_of_very_many_rows_is_told_at_once():
    rows = ["c%d,%d,%d,%d" % (i, i % 256, i // 256 % 256, i // 65536) for i in range(60000)]
    start = time.process_time()
    assert "60000 classes" in classes.parse("\n".join(rows))[1][0]
    assert time.process_time() - start < 10


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A small split folder with a manifest and lists. Not to be changed."""
    where = tmp_path_factory.mktemp("few")
    raw = synthetic.raw(where / "CamVid", sum(synthetic.FEW.values(), []), (24, 32))
    made = where / "CamVid_split"
    assert split.main(["--src", raw, "--allow_partial", "--quiet"]) == 0
    for part in ("train", "val", "test"):
        lines = ["/SegNet/CamVid/%s/%s x" % (part, name) for name in sorted(os.listdir(str(made / part)))]
        (made / (part + ".txt")).write_text("\n".join(lines))
    return made


def test_a_damaged_manifest_is_refused_or_checked_never_a_traceback(few, tmp_path):
    whole, found = (few / "manifest.json").read_bytes(), layout.scan(str(few))
    for name, data in mutated.mutations(whole, 2000, "manifest"):
        (tmp_path / "manifest.json").write_bytes(data)
        try:
            held = manifest.read(str(tmp_path))
        except ToolkitError as refused:
            assert "manifest.json" in str(refused) and "\n" not in str(refused), name
            continue
        told = list(pairs.manifest_holds(found, held, TABLE.digest(), []))
        assert all(isinstance(finding.detail, str) for finding in told), name


ODD = [None, True, 7, 1.5, "x", [], {}, [1], {"a": 1}]
PLACES = ["schema", "preset", "palette_digest", "frames", "counts", "digests", "frames.0"]
PLACES += ["frames.0." + key for key in manifest.Entry._fields]


@pytest.mark.parametrize("place", PLACES)
def test_a_manifest_of_odd_values_is_a_refusal_or_a_finding_at_the_command(place, few, run, tmp_path):
    """JSON that is sound but holds the wrong things, as other programs write it."""
    made = tmp_path / "set"
    os.symlink(str(few), str(made))
    whole = (few / "manifest.json").read_text()
    try:
        for value in ODD:
            document = json.loads(whole)
            *way, last = [int(key) if key.isdigit() else key for key in place.split(".")]
            inner = document
            for key in way:
                inner = inner[key]
            inner[last] = value
            (few / "manifest.json").write_text(json.dumps(document))
            ran = run(check.main, made, "--quiet")
            assert ran.code in (0, 1) and not ran.err, (value, ran)
    finally:
        (few / "manifest.json").write_text(whole)


@pytest.mark.parametrize(
    "text", ["[" * 100000, "{}", "[]", "null", "NaN", '"x"', "", "\0", '{"schema": "camvid-manifest/1"}']
)
def test_what_is_no_manifest_is_refused(text, tmp_path):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ToolkitError, match="manifest.json"):
        manifest.read(str(tmp_path))


def test_damaged_lists_are_findings_never_a_traceback(few, tmp_path):
    found = layout.scan(str(few))._replace(root=str(tmp_path))
    silent = 0
    for name, data in mutated.mutations((few / "train.txt").read_bytes(), 2000, "lists"):
        (tmp_path / "train.txt").write_bytes(data)
        entries, faults = lists.read(str(tmp_path))
        told = list(pairs.lists_hold(found))
        assert len(told) >= len(faults) and all(entry.split == "train" for entry in entries), name
        assert lists.split_by_lists(found).pairs, name
        silent += not told
    assert silent < 1000
