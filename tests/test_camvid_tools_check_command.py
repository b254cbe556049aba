"""camvid-check as a user runs it: each problem is found, named and placed."""

import os

import numpy as np
import pytest

import drawn
from camvid_tools.commands import check, split
from tools import FRAME, LABEL, PALETTE, odd_colour, problems, rewrite, run


def test_a_clean_set_ends_in_clean_and_says_what_it_is(clean, tmp_path, capsys):
    document = problems(clean, tmp_path, 0)
    assert document["verdict"] == "clean" and document["palette"] == "camvid32"
    assert document["counts"] == {"train": 5, "val": 3, "test": 2}
    assert [problem["kind"] for problem in document["problems"]] == ["no-manifest"]
    assert run(check, clean) == 0
    assert "verdict: clean" in capsys.readouterr().out


def truncate(folder, path, size):
    with open(str(folder / path), "r+b") as file:
        file.truncate(size)


def sixteen(folder):
    import cv2

    cv2.imwrite(str(folder / FRAME), np.zeros((48, 64, 3), np.uint16))


def with_alpha(folder):
    import cv2

    cv2.imwrite(str(folder / FRAME), np.zeros((48, 64, 4), np.uint8))


def lossy(folder):
    import cv2

    cv2.imwrite(str(folder / LABEL.replace(".png", ".jpg")), np.zeros((48, 64, 3), np.uint8))
    (folder / LABEL).unlink()


PLANTED = {
    "missing-label": (FRAME, lambda f: (f / LABEL).unlink()),
    "missing-frame": (LABEL, lambda f: (f / FRAME).unlink()),
    "undecodable": (FRAME, lambda f: (f / FRAME).write_bytes(b"no picture at all")),
    "truncated": (FRAME, lambda f: truncate(f, FRAME, 900)),
    "empty-file": (LABEL, lambda f: truncate(f, LABEL, 0)),
    "size-mismatch": (LABEL, lambda f: rewrite(f, LABEL, lambda p: p[:40])),
    "size-differs": (FRAME, lambda f: (rewrite(f, FRAME, lambda p: p[:40]), rewrite(f, LABEL, lambda p: p[:40]))),
    "alpha-channel": (FRAME, with_alpha),
    "sixteen-bit": (FRAME, sixteen),
    "grey-image": (FRAME, lambda f: rewrite(f, FRAME, lambda p: p[..., 0])),
    "label-form": (LABEL, lambda f: rewrite(f, LABEL, lambda p: PALETTE.encode(p))),
    "lossy-label": (LABEL.replace(".png", ".jpg"), lossy),
    "unknown-colour": (LABEL, lambda f: rewrite(f, LABEL, odd_colour)),
    "stray-file": ("train/notes.txt", lambda f: (f / "train" / "notes.txt").write_text("x")),
    "mixed-suffixes": ("train_labels", lambda f: (f / LABEL).rename(f / LABEL.replace("_L", "_P"))),
    "class-dict": ("class_dict.csv", lambda f: (f / "class_dict.csv").open("a").write("Lane,1,2\n")),
}
WARNINGS = ("size-differs", "alpha-channel", "stray-file", "mixed-suffixes", "known-bad-label")


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_each_planted_problem_is_found_named_and_placed_alone(dirty, tmp_path, kind):
    file, plant = PLANTED[kind]
    plant(dirty)
    document = problems(dirty, tmp_path, 0 if kind in WARNINGS else 1)
    told = [p for p in document["problems"] if p["kind"] != "no-manifest"]
    assert [(p["kind"], p["file"]) for p in told] == [(kind, file)]
    assert told[0]["severity"] == ("warning" if kind in WARNINGS else "error")
    assert told[0]["detail"] and told[0]["remedy"]
    assert document["verdict"] == ("warnings" if kind in WARNINGS else "errors")
    assert problems(dirty, tmp_path, 1, "--strict")


def test_an_unknown_colour_comes_with_hex_count_place_and_nearest_class(dirty, tmp_path):
    rewrite(dirty, LABEL, odd_colour)
    detail = [p for p in problems(dirty, tmp_path)["problems"] if p["kind"] == "unknown-colour"][0]["detail"]
    assert "#010203" in detail and "3 pixels" in detail and "x=7 y=5" in detail and "Void" in detail


def test_a_changed_moved_or_lost_file_of_our_own_split_is_found(partial, tmp_path):
    run(split, "--src", partial, "--allow_partial", "--quiet")
    ours = tmp_path / "few_split"
    assert problems(ours, tmp_path, 0)["problems"] == []
    names = sorted(os.listdir(str(ours / "train")))
    rewrite(ours, "train/" + names[0], lambda p: 255 - p)
    for folder, end in (("", ".png"), ("_labels", "_L.png")):
        (ours / ("train" + folder) / (names[1][:-4] + end)).rename(ours / ("val" + folder) / (names[1][:-4] + end))
        (ours / ("train" + folder) / (names[2][:-4] + end)).unlink()
    told = {(p["kind"], p["file"]) for p in problems(ours, tmp_path)["problems"]}
    assert told == {
        ("manifest-mismatch", "train/" + names[0]),
        ("wrong-split", "val/" + names[1]),
        ("manifest-mismatch", names[2][:-4]),
    }


def test_the_label_known_to_be_bad_is_warned_about(tmp_path):
    folder = drawn.tree(str(tmp_path / "s"), 48, 64, {"test": ["Seq05VD_f02610", "Seq05VD_f02640"]})
    assert "known-bad-label" in [p["kind"] for p in problems(folder, tmp_path, 0)["problems"]]


def test_only_a_folder_without_data_is_exit_2(tmp_path, capsys):
    assert run(check, tmp_path) == 2
    assert capsys.readouterr().err.count("\n") == 1
