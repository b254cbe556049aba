"""The page of python -m eval --html: whole, alone, the figures those of eval.json, several runs beside each other."""

import json
import os
import shutil
from typing import Any, NamedTuple

import numpy as np
import pytest

import webpage
from camvid_tools import classes as class_tables
from eval import protocols, report, scoring, subject
from eval.__main__ import main
from eval.report import charts, classes, shots, versus
from pipeline import sources

HOSTILE = '<script>alert("1")&amp;'
TABLE = class_tables.camvid32()


def whole(path):
    """The page in a file, found to need nothing but itself."""
    with open(str(path), encoding="utf-8") as file:
        text = file.read()
    page = webpage.Page(text)
    assert page.faults == []
    assert [one for one in page.addresses() if not one.startswith(("#", "data:image/"))] == []
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
    assert "url(" not in page.style and "@import" not in page.style
    return page


@pytest.fixture(scope="module")
def single(finished, tmp_path_factory):
    """(page, eval.json) of one run whose folder has a name that would break a careless page."""
    folder = tmp_path_factory.mktemp("page")
    run = str(folder / HOSTILE)
    shutil.copytree(finished, run)
    assert main(["--run", run, "--split", "val", "--html", str(folder / "run.html")]) == 0
    with open(os.path.join(run, "eval.json"), encoding="utf-8") as file:
        return whole(folder / "run.html"), json.load(file)


def test_a_page_tells_scores_curves_confusions_frames_and_settings_in_this_order(single):
    page, document = single
    parts = [held["id"] for held in page.all("section")]
    assert parts == ["curves", "classes", "confusions", "frames", "settings"]
    assert HOSTILE + ": mean IoU %.3f" % document["mean_iou"] in page.said()
    for row in document["classes"]:
        if row["iou"] is not None:
            assert "%s %.3f" % (row["name"], row["iou"]) in page.said()
            assert "{:,}".format(row["pixels"]) in page.said()
    assert len(page.all("figure", "chart")) == 4
    assert "xception39" in page.said() and "data_digest" not in page.said()


def test_the_frames_shown_are_the_best_the_middle_and_the_worst(single, data):
    page, _ = single
    source = sources.open_source(data, "val")
    shown = {held["alt"] for held in page.all("img") if " of " in held["alt"]}
    assert shown == {
        "%s of %s" % (what, name) for what in ("frame", "label", "prediction", "errors") for name in source.names
    }
    label = webpage.picture(
        [held["src"] for held in page.all("img") if held["alt"] == "label of " + source.names[0]][0]
    )
    assert (label == TABLE.colour_array()[source.read(0)[1]]).all()


def test_several_runs_stand_side_by_side_and_equal_ones_do_not_differ(finished, tmp_path, run):
    both = [shutil.copytree(finished, str(tmp_path / name)) for name in ("one", "other")]
    flags = ["--run", both[0], "--run", both[1], "--split", "val", "--html", tmp_path / "two.html"]
    ran = run(main, *flags, "--json", tmp_path / "two.json")
    assert ran.code == 0, ran.err
    page = whole(tmp_path / "two.html")
    said = page.said()
    assert "2 runs side by side" in said and "1: %s; 2: %s. Differences" % tuple(map(str, both)) in said
    assert " 0.000 " in said and "+0.000" not in said and "-0.000" not in said
    assert not page.all("span", "more") and not page.all("span", "less")
    assert [held["id"] for held in page.all("section")].count("classes-2") == 1
    document = json.loads((tmp_path / "two.json").read_text())
    assert [one["split"] for one in document["runs"]] == ["val", "val"]
    assert document["runs"][0]["confusion"] == document["runs"][1]["confusion"]


class Few(NamedTuple):
    """`count` frames, those of a source over and over."""

    source: Any
    count: int

    def __len__(self):
        return self.count

    def read(self, frame):
        return self.source.read(frame % len(self.source))


def scored(source, right, seed=0):
    """An evaluation of made-up predictions of which a share is right."""
    rng, frames, made = np.random.RandomState(seed), report.Frames(), []
    for frame in range(len(source)):
        truth = source.read(frame)[1]
        ids = np.where(rng.random_sample(truth.shape) < right, truth, 4).clip(0, 31).astype(np.uint8)
        made.append(subject.Prediction(frame, truth, ids))
        frames.add(made[-1])
    protocol = protocols.resolve("camvid32", TABLE.names, TABLE.colours)
    counted = scoring.count(made, len(TABLE), [protocol])
    block = scoring.blocks(counted, [protocol])[0]
    return report.Scored("made up", source, None, {}, counted, block, frames)


def test_a_difference_larger_than_the_noise_is_marked_and_a_smaller_one_is_not(data):
    source = Few(sources.open_source(data, "train"), 40)
    good, bad, alike = scored(source, 0.9), scored(source, 0.6), scored(source, 0.9, seed=1)
    better = webpage.Page(versus.section([bad, good], {}))
    worse = webpage.Page(versus.section([good, bad], {}))
    assert better.all("span", "more") and not better.all("span", "less")
    assert worse.all("span", "less") and not worse.all("span", "more")
    found = webpage.Page(versus.section([good, alike], {}))
    assert len(found.all("span", "more") + found.all("span", "less")) <= 3  # of some 17, at 95 %


def test_of_few_frames_no_difference_is_marked(data):
    source = sources.open_source(data, "train")
    found = webpage.Page(versus.section([scored(source, 0.9), scored(source, 0.6)], {}))
    assert not found.all("span", "more") and not found.all("span", "less") and "below 20 frames" in found.said()


def test_noise_is_what_has_zero_in_its_interval():
    assert [versus.verdict(one) for one in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1), None)] == ["more", "less", "", ""]


def test_the_largest_confusions_are_told_by_the_share_of_the_true_class():
    counts = np.array([[90, 10, 0], [400, 600, 0], [1, 0, 99]])
    assert classes.largest(counts, [100, 2000, 100], ["Pole", "Road", "Sky"]) == [  # half of Road is no class at all
        classes.Confusion("Road", "Pole", 400, 0.2),
        classes.Confusion("Pole", "Road", 10, 0.1),
    ]


@pytest.mark.parametrize("count", range(12))
def test_chosen_frames_are_each_shown_once_from_best_to_worst(count):
    ranked = [(1 - i / 20, 50 + i) for i in range(count)]
    picked = shots.chosen(ranked)
    assert len({one.frame for one in picked}) == len(picked) >= min(count, 4)
    if count > 5:
        assert [one.why for one in picked] == ["best", "median", "worst", "second worst", "third worst"]
        assert (picked[0].frame, picked[2].frame) == (50, 50 + count - 1)


def test_an_error_map_is_red_where_it_is_wrong_and_grey_where_nothing_is_scored(data):
    made = scored(sources.open_source(data, "val"), 0.5)
    image, truth = made.source.read(0)
    prediction, void = made.frames.ids(0), truth == TABLE.names.index("Void")
    shown = shots.errors(made, image, truth, prediction)
    assert ((shown == shots.WRONG_RED).all(axis=-1) == ((truth != prediction) & ~void)).all()
    assert (shown[void] == shots.UNSCORED_GREY).all()


def test_a_chart_reaches_from_zero_to_a_round_number_and_marks_its_last_value():
    drawn = webpage.Page(charts.chart("Loss", [charts.Line("loss", [(0, 3.0), (50, 1.0), (100, 0.3)], dots=True)]))
    (line,) = drawn.all("polyline")
    places = [tuple(map(float, pair.split(","))) for pair in line["points"].split()]
    assert places[0][0] == charts.LEFT and places[-1][0] == charts.WIDTH - charts.RIGHT
    assert places[0][1] < places[1][1] < places[2][1]
    assert drawn.said() == "Loss0 0 1.5 50 3 step 100"  # values and steps, from the lowest on
    assert len(drawn.all("circle")) == 3 and "loss 0.3" in drawn.all("svg")[0]["aria-label"]
    assert charts.chart("Nothing", [charts.Line("loss", [])]) == ""


def test_a_long_run_draws_no_more_points_than_can_be_seen_and_keeps_the_last():
    points = [(step, 1.0) for step in range(100001)]
    drawn = webpage.Page(charts.chart("Loss", [charts.Line("loss", points)]))
    places = drawn.all("polyline")[0]["points"].split()
    assert len(places) <= charts.POINTS + 1 and places[-1].startswith("%.1f," % (charts.WIDTH - charts.RIGHT))


def test_pngs_of_anybody_get_a_page_without_curves_and_settings(data, tmp_path, run):
    shutil.copytree(os.path.join(data, "val_labels"), str(tmp_path / "theirs"))
    flags = ["--predictions", tmp_path / "theirs", "--data_path", data, "--split", "val"]
    assert run(main, *flags, "--html", tmp_path / "theirs.html").code == 0
    page = whole(tmp_path / "theirs.html")
    assert [held["id"] for held in page.all("section")] == ["classes", "confusions", "frames"]
    assert "mean IoU 1.000" in page.said()


def test_what_cannot_be_compared_or_written_is_one_line_that_names_it(finished, data, tmp_path, run, street):
    two = ["--run", finished, "--run", finished]
    assert "--out" in run(main, *two, "--out", tmp_path / "out").refusal()
    (tmp_path / "notes.txt").write_text("mine")
    assert "notes.txt" in run(main, "--run", finished, "--html", tmp_path / "notes.txt").refusal()
    assert (tmp_path / "notes.txt").read_text() == "mine"
