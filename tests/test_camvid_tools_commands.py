"""The data tools as a user runs them, on small pictures under CamVid's names."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import drawn
from camvid_tools import classes, imageio, packed, splits
from camvid_tools.codec import ColourCodec
from camvid_tools.commands import check, encode, split, synth

PALETTE = ColourCodec(classes.camvid32())


def tree_digest(folder):
    """Names and bytes of everything in a folder."""
    digest = hashlib.sha256()
    for root, folders, files in os.walk(str(folder)):
        folders.sort()
        for name in sorted(files):
            with open(os.path.join(root, name), "rb") as file:
                digest.update(os.path.relpath(os.path.join(root, name), str(folder)).encode() + file.read())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """All 701 frames in the published layout, at 8 x 8 pixels."""
    folder = tmp_path_factory.mktemp("raw") / "CamVid"
    image, label = np.full((8, 8, 3), 90, np.uint8), PALETTE.decode(np.full((8, 8), 17, np.uint8))
    for number, name in enumerate(splits.camvid_names()):
        image[0, 0] = (number % 256, number // 256, 0)
        imageio.write_png(str(folder / "701_StillsRaw_full" / (name + ".png")), image)
        imageio.write_png(str(folder / "LabeledApproved_full" / (name + "_L.png")), label)
    return folder


def run(command, *arguments):
    return command.main([str(argument) for argument in arguments])


# camvid-split


def test_split_gives_421_112_168_with_the_published_digests(raw, tmp_path, capsys):
    before = tree_digest(raw)
    assert run(split, "--src", raw, "--out", tmp_path / "s", "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "camvid-split/1" and document["missing"] == []
    assert document["counts"] == {"train": 421, "val": 112, "test": 168}
    assert tuple(document["digests"][s] for s in splits.SPLITS) == splits.DIGESTS["default"]
    assert len(os.listdir(str(tmp_path / "s" / "test_labels"))) == 168
    assert tree_digest(raw) == before


def test_split_repeated_killed_and_repeated_or_in_another_order_ends_in_the_same_state(raw, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(split, "--src", raw, "--out", whole, "--quiet") == 0
    command = [sys.executable, "-m", "camvid_tools.commands.split", "--src", str(raw), "--out", str(cut), "--quiet"]
    for delay in (0.05, 0.15, 0.3):
        process = subprocess.Popen(command)
        while not cut.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for _ in range(2):
        assert run(split, "--src", raw, "--out", cut, "--quiet") == 0
        assert tree_digest(cut) == tree_digest(whole)


def test_a_split_that_was_cut_off_is_refused_by_the_other_tools(raw, tmp_path, capsys):
    run(split, "--src", raw, "--out", tmp_path / "s", "--quiet")
    (tmp_path / "s" / ".unfinished").write_text("")
    for command in ((check, tmp_path / "s"), (encode, "--src", tmp_path / "s")):
        assert run(*command) == 2
        assert "camvid-split again" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_modes_place_the_same_bytes(raw, tmp_path, mode):
    assert run(split, "--src", raw, "--out", tmp_path / "s", "--mode", mode, "--preset", "segnet", "--quiet") == 0
    target = tmp_path / "s" / "val" / "0016E5_07959.png"
    source = raw / "701_StillsRaw_full" / "0016E5_07959.png"
    assert target.read_bytes() == source.read_bytes()
    assert target.is_symlink() == (mode == "symlink")
    assert os.path.samefile(str(target), str(source)) == (mode != "copy")


@pytest.fixture
def partial(tmp_path):
    folder = tmp_path / "few"
    run(synth, "--out", folder, "--frames", 20, "--height", 48, "--width", 64, "--quiet")
    return folder


def test_a_missing_frame_is_named_and_stops_or_is_left_out_by_the_rule_of_the_full_list(partial, tmp_path, capsys):
    assert run(split, "--src", partial) == 2
    said = capsys.readouterr().err
    assert "0001TP_006690 is missing" in said and "--allow_partial" in said and said.count("\n") == 1
    assert not os.path.exists(str(partial) + "_split")
    assert run(split, "--src", partial, "--allow_partial", "--json", tmp_path / "j") == 0
    document = json.loads((tmp_path / "j").read_text())
    assert sum(document["counts"].values()) == 20 and len(document["missing"]) == 681
    published = splits.preset("default")
    for name in splits.SPLITS:
        assert all(published[file[:-4]] == name for file in os.listdir(str(partial) + "_split/" + name))


def test_an_unpaired_frame_is_named_by_its_file(partial, capsys):
    label = sorted((partial / "LabeledApproved_full").iterdir())[3]
    label.unlink()
    assert run(split, "--src", partial) == 2
    assert label.name.replace("_L", "") + " has no label" in capsys.readouterr().err


def test_frames_of_another_data_set_are_split_by_whole_drives(tmp_path, capsys):
    for drive in "abcde":
        for number in range(4):
            name = "%s_%03d" % (drive, number)
            imageio.write_png(str(tmp_path / "own" / "images" / (name + ".png")), drawn.noise(number, 8, 8, 3))
            imageio.write_png(str(tmp_path / "own" / "labels" / (name + ".png")), np.zeros((8, 8), np.uint8))
    (tmp_path / "own" / "class_dict.csv").write_text("name,r,g,b\nRoad,1,2,3\n")
    assert run(split, "--src", tmp_path / "own") == 2
    assert "--shares" in capsys.readouterr().err
    assert run(split, "--src", tmp_path / "own", "--shares", "60/20/20", "--quiet") == 0
    homes = {s: {f[0] for f in os.listdir(str(tmp_path / "own_split" / s))} for s in splits.SPLITS}
    assert sorted(map(len, homes.values())) == [1, 1, 3]


def test_foreign_folders_other_presets_and_the_source_are_never_written_to(raw, partial, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert run(split, "--src", raw, "--out", tmp_path / "mine") == 2
    assert run(split, "--src", raw, "--out", raw) == 2
    assert run(split, "--src", partial, "--allow_partial", "--quiet") == 0
    before = tree_digest(str(partial) + "_split")
    assert run(split, "--src", partial, "--allow_partial", "--preset", "segnet") == 2
    assert "'default'" in capsys.readouterr().err
    assert tree_digest(str(partial) + "_split") == before
    assert os.listdir(str(tmp_path / "mine")) == ["thesis.txt"]


def test_a_dry_run_tells_and_writes_nothing(raw, tmp_path, capsys):
    assert run(split, "--src", raw, "--out", tmp_path / "s", "--dry_run") == 0
    assert "421/112/168" in capsys.readouterr().out
    assert not (tmp_path / "s").exists()


# camvid-check


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return drawn.tree(str(tmp_path_factory.mktemp("clean") / "set"), 48, 64)


@pytest.fixture
def dirty(clean, tmp_path):
    import shutil

    return shutil.copytree(clean, str(tmp_path / "set")) and tmp_path / "set"


def problems(folder, tmp_path, code=1, *flags):
    assert run(check, folder, "--json", tmp_path / "check.json", "--quiet", *flags) == code
    document = json.loads((tmp_path / "check.json").read_text())
    assert document["schema"] == "camvid-check/1"
    return document


def test_a_clean_set_ends_in_clean_and_says_what_it_is(clean, tmp_path, capsys):
    document = problems(clean, tmp_path, 0)
    assert document["verdict"] == "clean" and document["palette"] == "camvid32"
    assert document["counts"] == {"train": 5, "val": 3, "test": 2}
    assert [problem["kind"] for problem in document["problems"]] == ["no-manifest"]
    assert run(check, clean) == 0
    assert "verdict: clean" in capsys.readouterr().out


FRAME, LABEL = "train/0016E5_00390.png", "train_labels/0016E5_00390_L.png"


def rewrite(folder, path, change):
    picture = imageio.read_raw(str(folder / path))
    imageio.write_png(str(folder / path), change(picture))


def truncate(folder, path, size):
    with open(str(folder / path), "r+b") as file:
        file.truncate(size)


def odd_colour(picture):
    picture[5, 7:10] = (1, 2, 3)
    return picture


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


# camvid-encode


def test_encoded_pixels_equal_the_source_and_verify_says_so(clean, tmp_path, capsys):
    assert run(encode, "--src", clean, "--out", tmp_path / "x.h5", "--verify") == 0
    assert "all 10 frames and labels equal the source" in capsys.readouterr().out
    opened = packed.PackedFile(str(tmp_path / "x.h5")).open("val")
    assert opened.names == sorted(drawn.LISTS["val"])
    for index, name in enumerate(opened.names):
        assert np.array_equal(opened.images[index], imageio.read_frame(os.path.join(clean, "val", name + ".png")))
        label = imageio.read_raw(os.path.join(clean, "val_labels", name + "_L.png"))
        assert np.array_equal(PALETTE.decode(opened.labels[index]), label)


def test_a_changed_byte_in_the_packed_file_is_noticed(clean, tmp_path):
    path = str(tmp_path / "x.h5")
    run(encode, "--src", clean, "--out", path, "--quiet")
    opened = packed.PackedFile(path)
    assert all(opened.verify(name) for name in opened.splits())
    offset = opened.open("train").labels.offset
    with open(path, "r+b") as file:
        file.seek(offset + 1000)
        file.write(b"\xfe")
    assert not packed.PackedFile(path).verify("train")
    assert packed.PackedFile(path).verify("val")


def test_a_truncated_foreign_or_edited_packed_file_is_one_clear_line(clean, tmp_path):
    import h5py

    from camvid_tools.errors import ToolkitError

    path = str(tmp_path / "x.h5")
    run(encode, "--src", clean, "--out", path, "--quiet")
    content = open(path, "rb").read()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.h5").write_text("hello")
    with h5py.File(str(tmp_path / "foreign.h5"), "w") as file:
        file["x"] = [1]
    (tmp_path / "edited.h5").write_bytes(content)
    with h5py.File(str(tmp_path / "edited.h5"), "r+") as file:
        file.attrs["header"] = file.attrs["header"].replace("Road", "Lane")
    for name in ("cut", "text", "foreign", "edited"):
        with pytest.raises(ToolkitError, match="camvid-encode") as caught:
            packed.PackedFile(str(tmp_path / (name + ".h5")))
        assert name in str(caught.value)


def test_encoding_killed_leaves_no_file_under_the_final_name(clean, tmp_path):
    target = tmp_path / "x.h5"
    command = [sys.executable, "-m", "camvid_tools.commands.encode", "--src", clean, "--out", str(target)]
    process = subprocess.Popen(command + ["--resize", "1500x2000"], stdout=subprocess.DEVNULL)
    part = tmp_path / ".x.h5.part"
    while not part.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    assert run(encode, "--src", clean, "--out", target, "--verify", "--quiet") == 0


def test_groups_merge_as_segnet_did(clean, tmp_path):
    run(encode, "--src", clean, "--out", tmp_path / "a.h5", "--quiet")
    run(encode, "--src", clean, "--out", tmp_path / "b.h5", "--groups", "segnet11", "--quiet")
    whole, merged = (packed.PackedFile(str(tmp_path / name)) for name in ("a.h5", "b.h5"))
    assert merged.classes == classes.segnet11()
    fine, coarse = whole.open("train").labels, merged.open("train").labels
    names, groups = classes.camvid32().names, classes.segnet11().names
    for source, target in (("LaneMkgsDriv", "Road"), ("Sky", "Sky"), ("Wall", "Building"), ("Void", "Void")):
        chosen = coarse[fine == names.index(source)]
        assert (chosen == groups.index(target)).all()
    assert (coarse < 12).all()


def test_frames_of_several_sizes_are_refused_by_name_and_resized_on_request(dirty, tmp_path, capsys):
    rewrite(dirty, FRAME, lambda p: p[:40])
    rewrite(dirty, LABEL, lambda p: p[:40])
    assert run(encode, "--src", dirty) == 2
    said = capsys.readouterr().err
    assert "0016E5_00390" in said and "--resize" in said
    assert run(encode, "--src", dirty, "--resize", "24x32", "--quiet", "--verify") == 0
    stored = packed.PackedFile(str(dirty) + ".h5").open("train")
    assert stored.images.shape == (5, 24, 32, 3) and stored.labels.max() < 32


def test_unknown_colours_become_255_and_are_counted_aloud(dirty, tmp_path, capsys):
    rewrite(dirty, LABEL, odd_colour)
    assert run(encode, "--src", dirty, "--json", tmp_path / "j", "--verify") == 0
    assert "0016E5_00390: 3 pixels" in capsys.readouterr().err
    assert json.loads((tmp_path / "j").read_text())["unknown_pixels"] == {"0016E5_00390": 3}
    assert (packed.PackedFile(str(dirty) + ".h5").open("train").labels == 255).sum() == 3


# camvid-synth


def test_synth_takes_frames_evenly_from_drives_and_lists_and_is_the_same_again(tmp_path):
    from camvid_tools import synthesis

    chosen = synthesis.choose_frames(60)
    published = splits.preset("default")
    drives = {name.split("_")[0] for name, _ in chosen}
    assert len(chosen) == len(set(chosen)) == 60 and len(drives) == 4
    assert all(published[name] == s for name, s in chosen)
    assert {(name.split("_")[0], s) for name, s in chosen} == {(d, s) for d in drives for s in splits.SPLITS}
    assert len(synthesis.choose_frames(701)) == 701 and len(synthesis.choose_frames(1)) == 1
    for name in ("a", "b"):
        run(synth, "--out", tmp_path / name, "--frames", 5, "--height", 48, "--width", 64, "--quiet")
    assert tree_digest(tmp_path / "a") == tree_digest(tmp_path / "b")


def test_synth_in_split_layout_is_a_clean_data_set(tmp_path):
    run(synth, "--out", tmp_path / "s", "--frames", 24, "--height", 48, "--width", 64, "--layout", "split", "--quiet")
    document = problems(tmp_path / "s", tmp_path, 0)
    assert document["preset"] == "default" and document["verdict"] == "clean"


def test_synth_goes_on_where_it_was_cut_off_and_refuses_other_settings(tmp_path, capsys):
    arguments = ["--out", tmp_path / "s", "--frames", 6, "--height", 48, "--width", 64, "--quiet"]
    run(synth, *arguments)
    before = tree_digest(tmp_path / "s")
    sorted((tmp_path / "s" / "LabeledApproved_full").iterdir())[2].unlink()
    assert run(synth, *arguments) == 0
    assert tree_digest(tmp_path / "s") == before
    assert run(synth, *(arguments + ["--seed", 1])) == 2
    assert "other settings" in capsys.readouterr().err
