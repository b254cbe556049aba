"""camvid-check as a user runs it: each problem is found, named and placed."""

import os
import shutil

import pytest

import drawn
import planted
import synthetic
from camvid_tools import findings, imageio
from camvid_tools.commands import check, split
from tools import LABEL, PALETTE, odd_colour, problems, rewrite, run


def test_a_clean_set_ends_in_clean_and_says_what_it_is(clean, tmp_path, capsys):
    document = problems(clean, tmp_path, 0)
    assert document["verdict"] == "clean" and document["palette"] == "camvid32"
    assert document["counts"] == {"train": 5, "val": 3, "test": 2}
    assert [problem["kind"] for problem in document["problems"]] == ["no-manifest"]
    assert run(check, clean) == 0
    assert "verdict: clean" in capsys.readouterr().out


@pytest.mark.parametrize("kind", sorted(set(findings.KINDS) - {"no-manifest"}))
def test_each_planted_problem_is_found_named_and_placed_alone(dirty, tmp_path, kind):
    case = planted.PLANTED[kind]
    case.plant(dirty)
    document = problems(dirty, tmp_path, 1 if case.severity == "error" else 0)
    told = [p for p in document["problems"] if p["severity"] != "information"]
    expected = (kind, case.file, case.severity)
    found = [(p["kind"], p["file"], p["severity"]) for p in told]
    # A label that went through JPEG has colours of no class as well.
    assert [one for one in found if not (kind == "lossy-label" and one[0] == "unknown-colour")] == [expected]
    assert all(p["detail"] and p["remedy"] for p in told)
    assert document["verdict"] == case.severity + "s"
    assert problems(dirty, tmp_path, 1, "--strict")


def test_an_unknown_colour_comes_with_hex_count_place_and_nearest_class(dirty, tmp_path):
    rewrite(dirty, LABEL, odd_colour)
    detail = [p for p in problems(dirty, tmp_path)["problems"] if p["kind"] == "unknown-colour"][0]["detail"]
    assert "#010203" in detail and "3 pixels" in detail and "x=7 y=5" in detail and "Void" in detail


def test_a_changed_moved_or_lost_file_of_our_own_split_is_found(partial, tmp_path):
    run(split, "--src", partial, "--allow_partial", "--quiet")
    ours = tmp_path / "few_split"
    assert {p["kind"] for p in problems(ours, tmp_path, 0)["problems"]} == {"split-leak"}
    names = sorted(os.listdir(str(ours / "train")))
    rewrite(ours, "train/" + names[0], lambda p: 255 - p)
    for folder, end in (("", ".png"), ("_labels", "_L.png")):
        (ours / ("train" + folder) / (names[1][:-4] + end)).rename(ours / ("val" + folder) / (names[1][:-4] + end))
        (ours / ("train" + folder) / (names[2][:-4] + end)).unlink()
    told = {(p["kind"], p["file"]) for p in problems(ours, tmp_path)["problems"] if p["kind"] != "split-leak"}
    assert told == {
        ("manifest-mismatch", "train/" + names[0]),
        ("wrong-split", "val/" + names[1]),
        ("manifest-mismatch", names[2][:-4]),
    }


def test_the_label_known_to_be_bad_is_known_by_its_name_and_its_blended_edges(dirty, tmp_path):
    planted.known_by_name(dirty)
    kinds = [p["kind"] for p in problems(dirty, tmp_path)["problems"]]
    assert "known-bad-label" in kinds and "unknown-colour" in kinds


def test_a_sound_label_of_that_name_is_not_blamed(tmp_path):
    folder = drawn.tree(str(tmp_path / "s"), 48, 64, {"test": ["Seq05VD_f02610", "Seq05VD_f02640"]})
    assert [p["kind"] for p in problems(folder, tmp_path, 0)["problems"]] == ["no-manifest"]


def test_only_a_folder_without_data_is_exit_2(tmp_path, capsys):
    assert run(check, tmp_path) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_set_without_class_table_is_told_so_and_how_to_write_one(dirty, tmp_path):
    (dirty / "class_dict.csv").unlink()
    told = problems(dirty, tmp_path)
    assert [p["detail"] for p in told["problems"] if p["kind"] == "class-dict"] == ["no class_dict.csv"]
    assert "classes: no class_dict.csv; read with CamVid's 32" in told["identity"]
    assert told["commands"][0].startswith("# write class_dict.csv")


@pytest.mark.parametrize("flag", ["--json", "--html", "--statistics"])
def test_a_result_never_replaces_a_file_of_another_kind(dirty, tmp_path, capsys, flag):
    before = {file: (dirty / file).read_bytes() for file in ("train/0016E5_00390.png", "class_dict.csv")}
    for target in list(before) + ["train"]:
        assert run(check, dirty, flag, dirty / target) == 2
        assert target in capsys.readouterr().err
    assert all((dirty / file).read_bytes() == held for file, held in before.items())
    for _ in range(2):
        assert run(check, dirty, flag, tmp_path / "result", "--quiet") == 0


def test_a_twin_that_no_list_names_is_surplus_and_leaks_nothing(tmp_path):
    for name, seed in (("a_0", 0), ("a_1", 1), ("b_0", 1), ("b_1", 2)):
        synthetic.put(str(tmp_path / "s" / "images" / (name + ".png")), drawn.noise(seed, 24, 32, 3))
        synthetic.put(str(tmp_path / "s" / "labels" / (name + ".png")), PALETTE.decode(drawn.noise(9, 24, 32) % 32))
    (tmp_path / "s" / "class_dict.csv").write_text(PALETTE.classes.to_csv())
    (tmp_path / "s" / "train.txt").write_text("a_0.png\n")
    (tmp_path / "s" / "val.txt").write_text("b_0.png\nb_1.png\n")
    told = [p for p in problems(tmp_path / "s", tmp_path, 0)["problems"] if p["kind"] == "duplicate-frame"]
    assert [(p["file"], p["other"], p["severity"]) for p in told] == [("images/a_1.png", "images/b_0.png", "warning")]


def test_a_list_that_gives_a_frame_the_label_of_another_is_told(dirty, tmp_path):
    names = drawn.LISTS["train"]
    lines = ["/x/train/%s.png /x/train_labels/%s_L.png\n" % (name, name) for name in names]
    (dirty / "train.txt").write_text("".join(lines))
    assert problems(dirty, tmp_path, 0)["verdict"] == "clean"
    lines[1] = "/x/train/%s.png /x/train_labels/%s_L.png\n" % (names[1], names[2])
    (dirty / "train.txt").write_text("".join(lines))
    document = problems(dirty, tmp_path)
    assert [(p["file"], p["kind"]) for p in document["problems"] if p["severity"] == "error"] == [
        ("train.txt", "manifest-mismatch")
    ]
    assert names[2] in document["problems"][0]["detail"] and "line 2" in document["problems"][0]["detail"]
    assert document["commands"] == ["# mend train.txt: the lines are named above"]


def test_folders_with_pictures_that_no_layout_reads_are_told(dirty, tmp_path):
    (dirty / "val").rename(dirty / "valid")
    (dirty / "val_labels").rename(dirty / "valid_labels")
    (dirty / "train" / "drive1").mkdir()
    (dirty / "train" / "empty").mkdir()
    shutil.copy(str(dirty / "train" / "0016E5_00390.png"), str(dirty / "train" / "drive1" / "x.png"))
    document = problems(dirty, tmp_path, 0)
    told = [(p["file"], p["severity"]) for p in document["problems"] if p["kind"] == "stray-file"]
    assert told == [(folder + "/", "warning") for folder in ("train/drive1", "valid", "valid_labels")]
    assert document["commands"] == [
        "# name or move away the folders that were not read: train/drive1/  valid/  valid_labels/"
    ]


def test_frames_whose_labels_lie_in_a_folder_of_another_name_are_not_to_be_left_out(dirty, tmp_path):
    (dirty / "train_labels").rename(dirty / "train_label")
    document = problems(dirty, tmp_path)
    kinds = {p["kind"] for p in document["problems"]}
    assert {"missing-label", "stray-file"} <= kinds
    assert [line for line in document["commands"] if not line.startswith("#")] == []


def test_frames_of_equal_sums_that_are_different_pictures_are_no_twins(dirty, tmp_path):
    frame = imageio.read_raw(str(dirty / "train" / "0016E5_00390.png"))
    frame[0, 0], frame[0, 1] = (1, 2, 3), (4, 5, 6)
    other = frame.copy()
    other[0, 0], other[0, 1] = (4, 5, 6), (1, 2, 3)
    imageio.write_png(str(dirty / "train" / "0016E5_00390.png"), frame)
    imageio.write_png(str(dirty / "train" / (drawn.LISTS["train"][1] + ".png")), other)
    assert not [p for p in problems(dirty, tmp_path, 0)["problems"] if p["kind"] == "duplicate-frame"]


def test_labels_are_not_blamed_for_a_table_that_cannot_be_read(dirty, tmp_path):
    rewrite(dirty, LABEL, odd_colour)
    (dirty / "class_dict.csv").write_text("name,r,g,b\nRoad,#804080\nSky,#808080\n")
    document = problems(dirty, tmp_path)
    assert {p["kind"] for p in document["problems"] if p["severity"] != "information"} == {"class-dict"}
    assert "classes: a table with faults, by which no label is judged" in document["identity"]
    assert document["commands"] == ["# mend class_dict.csv by hand: ids are row numbers, so keep the order"]


def test_labels_that_are_mostly_void_are_told_and_nothing_but_void_is_an_error(dirty, tmp_path):
    names = [(split_name, name) for split_name, listed in drawn.LISTS.items() for name in listed]
    for number, (split_name, name) in enumerate(names):
        if number == 1:
            document = problems(dirty, tmp_path, 0)
            assert not [p for p in document["problems"] if p["file"] == "." and p["kind"] == "blank-label"]
        if number == len(names) - 1:
            document = problems(dirty, tmp_path, 0)
            (told,) = [p for p in document["problems"] if p["file"] == "." and p["kind"] == "blank-label"]
            assert told["severity"] == "warning" and "of all label pixels are Void" in told["detail"]
        rewrite(dirty, "%s_labels/%s_L.png" % (split_name, name), lambda p: p * 0)
    document = problems(dirty, tmp_path)
    assert document["verdict"] == "errors"


def test_of_two_labels_of_a_frame_that_named_like_the_rest_is_taken_and_of_two_frames_the_png(dirty, tmp_path):
    other = LABEL.replace("_L.png", ".png")
    shutil.copy(str(dirty / LABEL), str(dirty / other))
    jpeg = "train/0016E5_00390.jpg"
    (dirty / jpeg).write_bytes(imageio.jpeg_bytes(imageio.read_raw(str(dirty / "train/0016E5_00390.png")), 90))
    told = {p["file"]: p["detail"] for p in problems(dirty, tmp_path, 0)["problems"] if p["kind"] == "stray-file"}
    assert set(told) == {other, jpeg} and set(told.values()) == {"a second picture of one frame or label"}


@pytest.mark.parametrize("flag", ["--html", "--statistics"])
def test_only_json_goes_to_stdout(run, clean, tmp_path, monkeypatch, flag):
    monkeypatch.chdir(tmp_path)
    assert "only --json writes to stdout" in run(check.main, clean, flag, "-").refusal()
    assert os.listdir(str(tmp_path)) == []


def test_a_frame_whose_label_is_gone_is_not_told_to_be_gone_itself(run, tmp_path):
    raw = synthetic.raw(tmp_path / "raw", synthetic.NAMES[:6])
    assert run(split.main, "--src", raw, "--out", tmp_path / "s", "--allow_partial").code == 0
    (gone,) = (tmp_path / "s").rglob("%s_L.png" % synthetic.NAMES[0])
    gone.unlink()
    told = run(check.main, tmp_path / "s", "--json", "-").json()["problems"]
    assert [p["kind"] for p in told if p["severity"] == "error"] == ["missing-label"]
