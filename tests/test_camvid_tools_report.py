"""The page of camvid-check --html: whole, alone, showing each problem in its place, whatever the set is like."""

import os
import re
import shutil

import numpy as np
import pytest

import drawn
import planted
import synthetic
import webpage
from camvid_tools import classes, findings, imageio, report
from camvid_tools.checks import survey, weights
from camvid_tools.commands import check
from camvid_tools.report import markup, problems, samples, strips
from tools import FRAME, LABEL, odd_colour, rewrite, run

HOSTILE = '<script>alert("1")</script>&amp;'
UNREADABLE = "cannot be shown"


def surveyed(folder):
    return survey.survey(survey.scan(str(folder)))


def read(done):
    """The page of a survey, found to be whole and to need nothing but itself."""
    text = report.page(done)
    page = webpage.Page(text)
    assert page.faults == []
    assert [one for one in page.addresses() if not one.startswith(("#", "data:image/"))] == []
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
    assert "url(" not in page.style and "@import" not in page.style
    assert not [name for _, held in page.tags for name in held if name.startswith("on")]
    text.encode("utf-8")
    return page


@pytest.fixture(scope="module")
def sound(clean):
    """A survey of a sound set, and its page."""
    done = surveyed(clean)
    return done, read(done)


def card_of(page, file):
    """The pictures whose alternative text is a file, as arrays."""
    return [webpage.picture(one["src"]) for one in page.all("img") if one["alt"] == file]


def test_a_sound_set_is_called_clean_and_told_in_the_order_of_reading(sound):
    done, page = sound
    assert page.all("div", "verdict clean") and not page.all("div", "card")
    parts = [held["id"] for held in page.all("section")]
    assert parts == ["commands", "problems", "classes", "where", "weights", "leakage", "samples", "images"]
    for sentence in done.identity.sentences:
        assert sentence.partition(": ")[2] in page.said()
    assert "CamVid, 10 frames, CamVid's 32 classes, split 5 / 3 / 2" in page.said()


@pytest.mark.parametrize("kind", sorted(planted.PLANTED))
def test_every_kind_of_problem_is_named_with_its_remedy_and_shown(dirty, kind):
    case = planted.PLANTED[kind]
    case.plant(dirty)
    done = surveyed(dirty)
    page = read(done)
    for finding in done.findings:
        assert finding.file in page.said() and finding.detail in page.said()
        assert finding.remedy in page.said() or finding.remedy == "none needed"
    assert page.all("div", "verdict %ss" % case.severity)
    assert {"href": "#%s-%s" % (case.severity, kind), "class": "chip " + case.severity} in page.all("a")
    for command in done.commands():
        assert command in page.words
    if case.file.endswith((".png", ".jpg")):
        assert len(page.all("div", "card")) == sum(f.severity != findings.INFORMATION for f in done.findings)
        pictures = card_of(page, case.file)
        unreadable = kind in ("undecodable", "truncated", "empty-file")
        assert bool(pictures) != unreadable or kind == "known-bad-label"
        assert (UNREADABLE in page.said()) == unreadable


def test_the_place_of_an_unknown_colour_is_ringed_and_enlarged(tmp_path):
    folder = drawn.tree(str(tmp_path / "s"), 240, 320, {"train": ["0016E5_00390"]})
    path = os.path.join(folder, LABEL)
    imageio.write_png(path, planted_at(imageio.read_raw(path), 201, 102))
    page = read(surveyed(folder))
    rings = page.all("circle")
    assert {(held["cx"], held["cy"]) for held in rings} == {("201.5", "102.5")} and len(rings) == 2
    assert "0 0 320 240" in [held["viewbox"] for held in page.all("svg", "mark")]
    (close_up,) = card_of(page, LABEL + ", enlarged")
    box = page.all("rect", "over")[0]
    assert tuple(close_up[int(box["y"]), int(box["x"])]) == (1, 2, 3)
    assert (close_up == (1, 2, 3)).all(axis=2).sum() == 1 and close_up.shape == (24, 32, 3)


def planted_at(picture, x, y):
    picture[y, x] = (1, 2, 3)
    return picture


@pytest.mark.parametrize("x,y", [(0, 0), (63, 47)])
def test_a_place_in_a_corner_is_marked_too(dirty, x, y):
    rewrite(dirty, LABEL, lambda p: planted_at(p, x, y))
    (close_up,) = card_of(read(surveyed(dirty)), LABEL + ", enlarged")
    assert tuple(close_up[0 if y == 0 else -1, 0 if x == 0 else -1]) == (1, 2, 3)


def test_a_border_that_nobody_painted_is_boxed(dirty):
    rewrite(dirty, LABEL, two_borders)
    boxes = read(surveyed(dirty)).all("rect", "over")
    placed = {tuple(int(box[key]) for key in ("x", "y", "width", "height")) for box in boxes}
    assert placed == {(0, 45, 64, 3), (60, 0, 4, 48)}


def two_borders(picture):
    picture[-3:], picture[:, -4:] = 0, 0
    return picture


def test_two_frames_that_are_the_same_stand_beside_each_other(dirty):
    planted.PLANTED["duplicate-frame"].plant(dirty)
    page = read(surveyed(dirty))
    one, other = card_of(page, planted.HELD_OUT) + card_of(page, planted.TWIN)
    assert np.array_equal(one, other) and one.shape == (48, 64, 3)
    assert "0006R0_f02130 in val" in page.said() and "0006R0_f00930 in train" in page.said()


def test_of_many_problems_of_a_kind_twelve_get_pictures_and_all_are_named(tmp_path):
    names = ["0016E5_%05d" % (390 + 30 * i) for i in range(30)]
    folder = synthetic.split(tmp_path / "s", {"train": names}, (24, 32))
    for name in names:
        synthetic.put("%s/train_labels/%s_L.png" % (folder, name), odd_colour(synthetic.label(name, (24, 32))))
    done = surveyed(folder)
    page = read(done)
    told = [finding for finding in done.findings if finding.kind == "unknown-colour"]
    assert len(told) == 30 and len(page.all("div", "card")) == problems.CARDS_A_KIND == 12
    assert "18 more" in page.said()
    assert all(page.words.count(finding.file) for finding in told)


def test_kinds_with_few_problems_leave_their_room_to_the_others(clean):
    found = survey.scan(clean)
    many = [findings.Finding(kind, FRAME, "train", str(i), "") for kind in findings.KINDS for i in range(40)]
    assert 100 < sum(len(group.cards) for group in problems.groups(many, found)) <= problems.CARDS
    few = many[:40] + [findings.Finding(kind, FRAME, "train", "", "") for kind in list(findings.KINDS)[1:]]
    groups = problems.groups(few, found)
    assert len(groups[0].cards) == 12 and all(len(group.cards) == 1 for group in groups[1:])


def test_only_pictures_of_the_set_are_opened(clean, tmp_path):
    outside = os.path.relpath(synthetic.put(str(tmp_path / "x.png"), synthetic.image("x")), clean)
    told = findings.Finding("manifest-mismatch", outside, "train", "in the manifest, but gone", "")
    assert problems.groups([told], survey.scan(clean))[0].cards == []


def test_a_file_that_goes_away_before_it_is_drawn_leaves_a_grey_field(dirty):
    rewrite(dirty, LABEL, odd_colour)
    done = surveyed(dirty)
    shutil.rmtree(str(dirty))
    page = read(done)
    assert UNREADABLE in page.said() and not page.all("img", "shot") and "#010203" in page.said()


def test_names_of_a_stranger_are_shown_not_obeyed(tmp_path):
    folder = synthetic.split(tmp_path / HOSTILE.replace("/", "_"))
    table = classes.camvid32()
    table = classes.ClassTable((HOSTILE,) + table.names[1:], table.colours)
    with open(os.path.join(folder, classes.FILE_NAME), "w", encoding="utf-8") as out:
        out.write(table.to_csv())
    lone = ["<img src=x onerror=alert(1)>", "' onload='alert(1)", '" onload="alert(1)', "\u202egnp.x", "Stra\u00dfe"]
    for name in lone:
        synthetic.put("%s/train/%s.png" % (folder, name), synthetic.image(name))
    page = read(surveyed(folder))
    assert page.said().count(HOSTILE) >= 3  # bars, legend, weights
    for name in lone[:3] + lone[4:]:
        assert "train/%s.png" % name in page.said()
    assert "train/\\u202egnp.x.png" in page.said()  # it would turn what is written after it


def test_a_name_that_is_no_text_can_still_be_written(dirty):
    broken = os.fsencode(str(dirty)) + b"/train/\xff\xfe.png"
    try:
        shutil.copy(os.fsencode(str(dirty / FRAME)), broken)
    except OSError:
        pytest.skip("this file system takes no such name")
    assert "train/\\udcff\\udcfe.png" in read(surveyed(dirty)).said()


def test_text_keeps_what_prints_in_any_language():
    assert markup.text("\u8eca Stra\u00dfe 1") == "\u8eca Stra\u00dfe 1"
    assert markup.text("a\nb\x00<\u2028") == "a\\nb\\x00&lt;\\u2028"


def test_the_same_set_gives_the_same_bytes(dirty, tmp_path, monkeypatch):
    for kind in ("unknown-colour", "near-duplicate", "stray-file"):
        planted.PLANTED[kind].plant(dirty)
    pages = []
    for cores in (1, 5):
        monkeypatch.setattr(os, "cpu_count", lambda n=cores: n)
        assert run(check, dirty, "--html", tmp_path / "page.html", "--quiet") == 1
        pages.append((tmp_path / "page.html").read_bytes())
    assert pages[0] == pages[1] and len(pages[0]) > 20000
    assert pages[0].decode("utf-8") == report.page(surveyed(dirty))


def test_bars_are_the_square_roots_of_shares_and_absent_classes_are_named(sound):
    done, page = sound
    road = done.table.names.index("Road")
    for split, tally in done.tallies.items():
        longest = max((t.pixels / t.pixels.sum()).max() for t in done.tallies.values())
        share = tally.pixels[road] / tally.pixels.sum()
        assert "width:%.2f%%" % (100 * (share / longest) ** 0.5) in [held.get("style") for held in page.all("i", split)]
        assert "%.1f %%in %d of %d" % (100 * share, tally.frames_with[road], tally.frames) in page.words
    gone = [i for i in range(32) if not sum(tally.pixels[i] for tally in done.tallies.values())]
    assert gone and "In no label: %s" % ", ".join(done.table.names[i] for i in gone) in page.said()
    lost = [i for i in range(32) if not done.tallies["test"].pixels[i] and i not in gone]
    assert lost and "Not in test: %s" % ", ".join(done.table.names[i] for i in lost) in page.said()


def test_maps_are_bright_where_a_class_lies(sound):
    maps = {held["alt"]: webpage.picture(held["src"]).sum(axis=2) for held in sound[1].all("img", "fine")}
    sky, road = maps["map of where Sky lies"], maps["map of where Road lies"]
    assert sky.shape == (12, 16) and sky[0].mean() > sky[-1].mean() and road[0].mean() < road[-1].mean()


def test_weights_are_those_of_the_statistics_file(sound):
    done, page = sound
    train = done.tallies["train"]
    for by_class in weights.all_weights(done.table, train.pixels[:32], train.pixels_of_frames_with[:32]).values():
        assert "%.4g" % by_class["Pedestrian"] in page.said()


def test_each_frame_is_a_tick_and_those_close_to_training_are_capped(dirty):
    planted.neighbours(dirty)
    drawn.tree(str(dirty), 48, 64, {"test": ["0016E5_00450", "0016E5_00480"], "val": ["0006R0_f03930"]})
    done = surveyed(dirty)
    page = read(done)
    ticks = [page.all("rect", style) for style in ("train", "val", "test", "close")]
    assert [len(one) for one in ticks] == [2, 1, 3, 2]  # 00450 is two seconds away, 00480 three
    assert {held["x"] for held in ticks[3]} == {"9", "17"}
    assert "0016E5_00420, test, 30 frames of video from 0016E5_00390" in page.words
    tall = [int(one[0]["height"]) for one in ticks[:3]]
    assert tall == sorted(set(tall)), "splits are told apart without their colours"


def test_frames_without_numbers_or_of_many_drives_give_no_endless_page(tmp_path):
    names = ["drive%02d_%d" % (i, j) for i in range(60) for j in range(2)] + ["alone", "7"]
    folder = synthetic.split(tmp_path / "s", {"train": names[::2], "test": names[1::2]}, (8, 8))
    page = read(surveyed(folder))
    assert len(page.all("svg", "strip")) == strips.DRIVES
    assert "2 drives of one frame and 36 drives with fewer frames" in page.said()


def test_samples_are_spread_over_each_split(raw701):
    done = surveyed(raw701)
    names = [one.pair.name for one in samples.chosen(done.readings)]
    assert len(names) == samples.A_SPLIT == len(set(names))
    assert {name[:2] for name in names} == {"00", "Se"} and names == sorted(names)
    page = read(done)
    assert all(name in page.said() for name in names)
    assert len(report.page(done)) < 3e6


def with_lists(folder):
    synthetic.fastai(folder, synthetic.FEW["train"] + synthetic.FEW["val"] + ["0016E5_01230"])
    for split in ("train", "val"):
        (folder / (split + ".txt")).write_text("\n".join(name + ".png" for name in synthetic.FEW[split]))


def all_broken(folder):
    synthetic.split(folder)
    for path in sorted(folder.rglob("*.png")):
        path.write_bytes(b"nothing")


def many_classes(folder):
    synthetic.split(folder)
    table = classes.ClassTable(tuple("c%d" % i for i in range(255)), tuple((i, 255 - i, 7) for i in range(255)))
    (folder / classes.FILE_NAME).write_text(table.to_csv())
    colours = table.colour_array()
    for part, names in synthetic.FEW.items():
        for name in names:
            synthetic.put(str(folder / (part + "_labels") / (name + "_L.png")), colours[synthetic.ids(name, count=255)])


ODD = {
    "in no split": lambda folder: synthetic.raw(folder, synthetic.FEW["train"]),
    "in one folder": lambda folder: synthetic.one_folder(folder, synthetic.FEW["train"]),
    "partly in lists": with_lists,
    "of ids": lambda folder: synthetic.segnet(folder),
    "of one frame": lambda folder: synthetic.split(folder, {"val": ["0016E5_00390"]}),
    "without a readable file": all_broken,
    "without a pair": lambda folder: [(synthetic.split(folder), shutil.rmtree(str(folder / part))) for part in PARTS],
    "of 255 classes": many_classes,
    "of 8 x 8 pixels": lambda folder: synthetic.split(folder, hw=(8, 8)),
    "of 1 x 1 pixel": lambda folder: synthetic.split(folder, {"train": ["a_1"]}, (1, 1)),
    "very wide": lambda folder: synthetic.split(folder, {"train": ["a_1"], "test": ["a_2"]}, (8, 3000)),
    "very tall": lambda folder: synthetic.split(folder, {"train": ["a_1"]}, (3000, 8)),
    "large": lambda folder: synthetic.split(folder, {"train": ["a_1"]}, (1500, 2000)),
    "of names in all languages": lambda folder: synthetic.split(
        folder, {"train": ["\u8eca_1", "na\u00efve \U0001f697 2"]}
    ),
}
PARTS = ("train_labels", "val_labels", "test_labels")


@pytest.mark.parametrize("which", ODD)
def test_any_set_gives_a_whole_page(tmp_path, which):
    folder = tmp_path / "set"
    ODD[which](folder)
    done = surveyed(folder)
    page = read(done)
    assert page.all("section")[-1]["id"] in ("images", "samples") and done.found.root in page.said()
    for one in page.all("div", "shot"):
        assert float(re.search(r"--shape:([\d.]+)", one["style"]).group(1)) > 0
    shown = [held for held in page.all("img") if "fine" not in held.get("class", "")]
    assert all(max(webpage.picture(held["src"]).shape) <= 400 for held in shown)
