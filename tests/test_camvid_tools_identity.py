"""What camvid-check says a set is, the causes it names for unknown colours, and lists beside the folders."""

import shutil

import cv2
import numpy as np
import pytest

import drawn
import planted
import synthetic
from camvid_tools import classes, imageio
from camvid_tools.checks import colours, remedies
from camvid_tools.commands import check
from tools import LABEL, PALETTE, problems, rewrite


def lossy(distance):
    return colours.Total((1, 2, 3), 9, 1, "a.png", 0, 0, "Road", distance, colours.LOSSY, False, None)


def test_the_suggested_distance_just_covers_what_compression_did_and_never_reaches_another_class():
    apart = classes.ClassTable(("a", "b", "Void"), ((0, 0, 0), (60, 0, 0), (0, 200, 0)))
    assert remedies.distance([lossy(5.2), lossy(17.9)], apart) == 18
    assert remedies.distance([lossy(5.2), lossy(29.9)], apart) == 30
    assert remedies.distance([lossy(5.2), lossy(30.1)], apart) == 6  # that one is as near to the other class
    assert remedies.distance([lossy(30.1)], apart) == 0
    assert remedies.distance([lossy(9)._replace(cause="an edge, blended by resampling")], apart) == 0


def told(run, folder):
    return run(check.main, folder, "--json", "-").json()


def sentence(document, start):
    return [line for line in document["identity"] if line.startswith(start)][0]


def test_copies_of_camvid_are_recognised_by_labels_table_and_lists(run, tmp_path):
    split = told(run, synthetic.split(tmp_path / "split"))
    assert split["palette"] == "camvid32" and "CamVid's 32" in sentence(split, "classes")
    assert "10 of CamVid's 701 (5 train, 2 val, 3 test), 16 x 24" in sentence(split, "frames")
    assert "of your own" in sentence(split, "split")
    segnet = told(run, synthetic.segnet(tmp_path / "segnet"))
    assert segnet["palette"] == "segnet11" and "ids, 0..11" in sentence(segnet, "labels")
    raw = told(run, synthetic.raw(tmp_path / "raw", synthetic.NAMES[:3]))
    assert "none yet" in sentence(raw, "split") and "archives" in sentence(raw, "frames")
    whole = told(run, synthetic.split(tmp_path / "whole", by_drive(), (8, 8)))
    assert whole["preset"] == "by-drive" and "whole" in sentence(whole, "split")


def by_drive():
    from camvid_tools import splits

    assigned = splits.preset("by-drive")
    return {split: [name for name in assigned if assigned[name] == split] for split in splits.SPLITS}


def without(name):
    table = classes.camvid32()
    rows = [(n, c) for n, c in zip(table.names, table.colours) if n != name]
    return classes.ClassTable(tuple(n for n, _ in rows), tuple(c for _, c in rows))


def renamed():
    table = classes.camvid32()
    return classes.ClassTable(tuple("Pavement" if n == "Sidewalk" else n for n in table.names), table.colours)


def recoloured():
    table = classes.camvid32()
    return classes.ClassTable(table.names, tuple((r ^ 3, g, b) for r, g, b in table.colours))


def sorted_by_case():
    table = classes.camvid32()
    rows = sorted(zip(table.names, table.colours))
    return classes.ClassTable(tuple(n for n, _ in rows), tuple(c for _, c in rows))


TABLES = [
    (without("Bridge"), "less Bridge"),
    (renamed(), "Pavement for Sidewalk"),
    (recoloured(), "in colours of somebody's own"),
    (sorted_by_case(), "in another order"),
    (classes.ClassTable(("slag", "scraper"), ((0, 0, 0), (9, 9, 9))), "2 of your own"),
]


@pytest.mark.parametrize("table, words", TABLES, ids=[words for _, words in TABLES])
def test_a_table_that_is_almost_camvids_is_told_apart(run, clean, tmp_path, table, words):
    shutil.copytree(clean, str(tmp_path / "set"))
    (tmp_path / "set" / "class_dict.csv").write_text(table.to_csv())
    document = told(run, tmp_path / "set")
    assert words in sentence(document, "classes") and document["palette"] == "own"


def resampled(picture):
    small = cv2.resize(picture, (32, 24), interpolation=cv2.INTER_NEAREST)
    return cv2.resize(small, (64, 48), interpolation=cv2.INTER_LINEAR)


def compressed(picture):
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def of_no_table(picture):
    picture[8:20, 10:40] = (17, 203, 99)
    return picture


CAUSES = [(resampled, "blended by resampling"), (compressed, "lossy compression"), (of_no_table, "fills areas")]


@pytest.mark.parametrize("change, words", CAUSES, ids=[words for _, words in CAUSES])
def test_the_cause_of_most_unknown_pixels_is_named(dirty, tmp_path, change, words):
    rewrite(dirty, LABEL, change)
    found = problems(dirty, tmp_path)["colours"]
    by_cause = {}
    for colour in found:
        key = words if words in colour["cause"] else colour["cause"]
        by_cause[key] = by_cause.get(key, 0) + colour["pixels"]
    assert max(by_cause, key=lambda cause: by_cause[cause]) == words, by_cause


def test_a_colour_is_counted_over_all_files_with_its_first_place_and_nearest_class(dirty, tmp_path):
    other = LABEL.replace("0016E5_00390", "0016E5_01200")
    rewrite(dirty, LABEL, planted.odd_colour)
    rewrite(dirty, other, planted.odd_colour)
    (one,) = problems(dirty, tmp_path)["colours"]
    assert (one["hex"], one["rgb"], one["pixels"], one["files"]) == ("#010203", [1, 2, 3], 6, 2)
    assert one["first"] == {"file": LABEL, "x": 7, "y": 5}
    assert one["nearest"] == "Void" and one["distance"] == pytest.approx(14**0.5, abs=0.05)


def test_colours_beyond_those_that_are_looked_at_are_counted(run, dirty):
    picture = drawn.noise(3, 48, 64, 3)
    imageio.write_png(str(dirty / LABEL), picture)
    true = len(np.unique(picture[PALETTE.encode(picture) == classes.UNKNOWN], axis=0))
    assert true > colours.MANY
    printed = run(check.main, dirty).out
    assert "{:,} colours of no class".format(true) in printed
    assert "colours of no class (more than {:,})".format(true) in printed
    document = told(run, dirty)
    assert document["colours_total"] == true and not document["colours_total_is_exact"]


def test_a_class_that_the_table_lacks_is_named_with_the_row_to_add(dirty, tmp_path):
    (dirty / "class_dict.csv").write_text(without("Sky").to_csv())
    document = problems(dirty, tmp_path)
    assert "it is Sky in CamVid" in document["colours"][0]["cause"]
    assert any("Sky,128,128,128" in command for command in document["commands"])


def test_ids_beyond_the_table_are_told_as_a_shift_or_as_another_table(run, tmp_path):
    tree = synthetic.segnet(tmp_path / "ids")
    label = tmp_path / "ids" / "valannot" / (synthetic.FEW["val"][0] + ".png")
    for value, kind in ((12, "shifted-ids"), (77, "unknown-colour")):
        ids = synthetic.ids(synthetic.FEW["val"][0], count=12).copy()
        ids[3, 5] = value
        imageio.write_png(str(label), ids)
        found = [p for p in told(run, tree)["problems"] if p["severity"] == "error"]
        assert [(p["kind"], p["at"]) for p in found] == [(kind, [5, 3])] and str(value) in found[0]["detail"]


def test_a_set_that_is_all_links_is_as_good_as_its_files(run, clean, tmp_path):
    for split in drawn.LISTS:
        for folder in (split, split + "_labels"):
            (tmp_path / "links" / folder).mkdir(parents=True)
            for file in sorted((tmp_path.__class__(clean) / folder).iterdir()):
                (tmp_path / "links" / folder / file.name).symlink_to(file)
    shutil.copy(clean + "/class_dict.csv", str(tmp_path / "links" / "class_dict.csv"))
    assert told(run, tmp_path / "links")["verdict"] == "clean"


def test_a_clean_set_of_701_frames_is_passed_in_silence_raw_and_split(run, tmp_path):
    from camvid_tools.commands import split, synth

    raw = tmp_path / "CamVid"
    assert run(synth.main, "--out", raw, "--height", "60", "--width", "80").code == 0
    assert told(run, raw)["problems"] == []
    for preset in ("by-drive", "default"):
        out = tmp_path / preset
        assert run(split.main, "--src", raw, "--out", out, "--preset", preset).code == 0
        document = told(run, out)
        assert document["verdict"] == "clean" and document["preset"] == preset
        assert [p["severity"] for p in document["problems"]] == ["information"] * len(document["problems"])
        assert not document["commands"]


def test_random_pixels_are_not_taken_for_anything_they_are_not(run, tmp_path):
    document = told(run, synthetic.split(tmp_path / "noise"))
    assert {p["kind"] for p in document["problems"]} <= {"no-manifest", "split-leak"}
    assert np.isfinite(list(document["statistics"]["weights"]["enet"].values())).all()
