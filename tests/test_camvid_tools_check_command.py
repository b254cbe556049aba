"""camvid-check as a user runs it: each problem is found, named and placed."""

import os

import pytest

import drawn
import planted
from camvid_tools import findings
from camvid_tools.commands import check, split
from tools import LABEL, odd_colour, problems, rewrite, run


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


def test_a_set_without_class_table_is_told_so_and_how_to_write_one(run, dirty, tmp_path):
    (dirty / "class_dict.csv").unlink()
    told = run(check.main, dirty, "--json", "-").json()
    assert [p["detail"] for p in told["problems"] if p["kind"] == "class-dict"] == ["no class_dict.csv"]
    assert "classes: no class_dict.csv; read as if with CamVid's 32" in told["identity"]
    assert told["commands"][0].startswith("# write class_dict.csv") and not (dirty / "class_dict.csv").exists()
