"""camvid-encode's forms as a user runs them: palette PNGs to look at and to read, and packed files back to folders."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import synthetic
from camvid_tools import classes, imageio, packed, packed_header
from camvid_tools.codec import ColourCodec
from camvid_tools.commands import check, encode
from camvid_tools.errors import ToolkitError
from camvid_tools.splitfolder import SplitFolder
from pipeline import sources
from test_camvid_tools_palette_png import parse

LABEL = "val_labels/0016E5_01200_L.png"
TREES = {"split": synthetic.split, "segnet": synthetic.segnet}


@pytest.fixture
def tree(tmp_path):
    """A split folder with 9 pixels of a colour of no class in one label."""
    made = synthetic.split(tmp_path / "set")
    picture = synthetic.label("0016E5_01200").copy()
    picture[4:7, 5:8] = (7, 7, 7)
    synthetic.put(made + "/" + LABEL, picture)
    return made


def digests(path):
    """Each split's data digest, as the pipeline reads a folder or a file."""
    return {split: sources.open_source(path, split).survey()[0] for split in sources.splits_of(path)}


OPTIONS = [[], ["--groups", "segnet11"], ["--groups", "matlab11", "--resize", "20x12"], ["--resize", "16x24"]]


@pytest.mark.parametrize("options", OPTIONS)
def test_palette_pngs_and_packed_file_and_its_unpacked_folder_have_one_digest(run, tree, options):
    assert run(encode.main, "--src", tree, "--verify", *options).code == 0
    for flags in (["--src", tree, "--form", "png"] + options, ["--src", tree + ".h5", "--form", "unpack"]):
        told = run(encode.main, "--verify", "--json", "-", *flags)
        assert told.code == 0 and told.json()["verified"] and "all 10 frames" in told.err
        out = told.json()["out"]
        assert out == {"png": tree + "_png", "unpack": tree + "_unpacked"}[flags[3]]
        assert digests(out) == digests(tree + ".h5") == told.json()["data_digests"]
        file = packed.PackedFile(tree + ".h5")
        assert classes.read(out + "/class_dict.csv") == file.classes
        for split in file.splits():
            opened = file.open(split)
            for frame, image, ids in zip(SplitFolder(out).frames(split), opened.images, opened.labels):
                found, palette = parse(open(frame.label, "rb").read())
                assert np.array_equal(found, ids)
                assert palette[: len(file.classes)] == list(file.classes.colours)
                assert np.array_equal(imageio.read_frame(frame.image), image)


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_255_stays_255_through_palette_pngs_and_unpacking(run, tree, options):
    told = run(encode.main, "--src", tree, "--form", "png", "--json", "-", *options)
    assert told.json()["unknown_pixels"] == {"0016E5_01200": 9} and "9 pixels" in told.err
    run(encode.main, "--src", tree, *options)
    run(encode.main, "--src", tree + ".h5", "--form", "unpack")
    for out in (tree + "_png", tree + "_unpacked"):
        image, label = SplitFolder(out).read(SplitFolder(out).frames("val")[1])
        assert (label.ids == 255).sum() == 9 and (label.ids[4:7, 5:8] == 255).all()
        assert tuple(imageio.read_raw(out + "/" + LABEL)[4, 5]) == (224, 224, 192)


@pytest.mark.parametrize("layout", sorted(TREES))
def test_frames_are_copied_byte_for_byte_and_people_see_the_classes_colours(run, tmp_path, layout):
    tree = TREES[layout](tmp_path / "in")
    assert run(encode.main, "--src", tree, "--form", "png", "--out", tmp_path / "out").code == 0
    made, source = SplitFolder(str(tmp_path / "out")), SplitFolder(tree)
    assert made.splits() == source.splits() and made.classes == source.classes
    for split in source.splits():
        for ours, theirs in zip(made.frames(split), source.frames(split)):
            assert open(ours.image, "rb").read() == open(theirs.image, "rb").read()
            assert os.path.basename(ours.label) == os.path.basename(theirs.label)
            colours = ColourCodec(source.classes).decode(source.read(theirs)[1].ids)
            assert np.array_equal(imageio.read_raw(ours.label), colours)
    assert run(check.main, tmp_path / "out").code == 0


def test_frames_of_several_sizes_need_no_resize_as_palette_pngs(run, tree):
    name = "0006R0_f00930"
    synthetic.put(tree + "/train/%s.jpg" % name, synthetic.image(name, (8, 10)))
    os.remove(tree + "/train/%s.png" % name)
    synthetic.put(tree + "/train_labels/%s_L.png" % name, synthetic.label(name, (8, 10)))
    assert run(encode.main, "--src", tree, "--form", "png", "--verify").code == 0
    assert digests(tree + "_png") == digests(tree)
    assert os.path.isfile(tree + "_png/train/%s.jpg" % name)


def test_the_source_is_never_touched(run, tree):
    before = synthetic.state(tree)
    for flags in (["--form", "png"], ["--form", "png", "--resize", "8x8"], []):
        assert run(encode.main, "--src", tree, *flags).code == 0
    assert synthetic.state(tree) == before


@pytest.mark.parametrize("form", ["png", "unpack"])
def test_a_pixel_changed_after_writing_is_found_by_verify_and_named(run, tree, monkeypatch, form):
    from camvid_tools import pngtree

    run(encode.main, "--src", tree)
    source, out = {"png": (tree, tree + "_png"), "unpack": (tree + ".h5", tree + "_unpacked")}[form]
    whole = pngtree.write

    def disturbed(*arguments):
        made = whole(*arguments)
        picture = imageio.read_raw(out + "/test/0001TP_007170.png")
        picture[3, 4, 0] ^= 1
        imageio.write_png(out + "/test/0001TP_007170.png", picture)
        with open(out + "/train_labels/0016E5_00390_L.png", "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n cut")
        return made

    monkeypatch.setattr(pngtree, "write", disturbed)
    told = run(encode.main, "--src", source, "--form", form, "--verify", "--json", "-")
    assert told.code == 1 and told.json()["verified"] is False
    assert told.json()["different"] == ["0016E5_00390", "0001TP_007170"]
    assert "0016E5_00390, 0001TP_007170" in told.err


@pytest.mark.parametrize("array, told", [("images", "(val)"), ("labels", "0001TP_006870: id 200")])
def test_unpacking_a_file_with_changed_pixels_leaves_no_whole_folder(run, tree, array, told):
    run(encode.main, "--src", tree)
    place = getattr(packed.PackedFile(tree + ".h5").open("val"), array).offset
    with open(tree + ".h5", "r+b") as file:
        file.seek(place)
        file.write(b"\xc8")
    assert told in run(encode.main, "--src", tree + ".h5", "--form", "unpack").refusal()
    with pytest.raises(ToolkitError, match="camvid-encode"):
        SplitFolder(tree + "_unpacked")


NAMES = ["../evil", "a/b", "a\\b", "..", ".", "", "a\0b", "/etc/x", ".hidden"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_file_names_are_refused_and_nothing_is_written(run, tree, tmp_path, name):
    run(encode.main, "--src", tree)
    path = tmp_path / "bad.h5"
    forge(tree + ".h5", path, lambda splits: splits["val"]["names"].__setitem__(1, name))
    before = synthetic.state(tmp_path)
    said = run(encode.main, "--src", path, "--form", "unpack", "--out", tmp_path / "out").refusal()
    assert "leads out of the folder" in said and str(path) in said
    with pytest.raises(ToolkitError, match="leads out of the folder"):  # eval makes pictures by these names
        packed.PackedFile(str(path))
    assert synthetic.state(tmp_path) == before and not (tmp_path / "out").exists()


def test_splits_that_are_none_and_frames_named_twice_are_refused(run, tree, tmp_path):
    run(encode.main, "--src", tree)
    path = tmp_path / "bad.h5"
    forge(tree + ".h5", path, lambda splits: splits.update({"../val": splits.pop("val")}))
    said = run(encode.main, "--src", path, "--form", "unpack", "--out", tmp_path / "out").refusal()
    assert "leads out of the folder" in said
    forge(tree + ".h5", path, lambda splits: splits["val"].update(names=["a", "a"]))
    said = run(encode.main, "--src", path, "--form", "unpack", "--out", tmp_path / "out").refusal()
    assert "twice" in said and not (tmp_path / "out").exists()


def forge(whole, path, change):
    """A packed file with another header and a right digest; sizes of the block and the file stay."""
    header = packed_header.read(whole)
    header["origin"] = None
    change(header["splits"])
    block = packed_header.block_size(packed_header.read(whole))
    with open(whole, "rb") as file:
        content = file.read()
    path.write_bytes(packed_header.to_bytes(header).ljust(block, b"\0") + content[block:])


SENSELESS = [
    (["--form", "unpack", "--src", "{tree}.h5", "--groups", "segnet11"], "--groups"),
    (["--form", "unpack", "--src", "{tree}.h5", "--resize", "8x8"], "--resize"),
    (["--form", "unpack", "--src", "{tree}"], "takes a packed file"),
    (["--form", "unpack", "--src", "{tree}/class_dict.csv"], "no packed file"),
    (["--form", "unpack", "--src", "{tree}.none"], "no such file"),
    (["--form", "unpack", "--src", "{tree}.h5", "--out", "{tree}.h5"], "folder"),
    (["--form", "unpack", "--src", "{tree}.h5", "--out", "{tree}"], "did not write"),
    (["--form", "png", "--src", "{tree}.h5"], "--form unpack"),
    (["--src", "{tree}.h5"], "--form unpack"),
    (["--form", "png", "--src", "{tree}", "--out", "{tree}_x.h5"], "makes a folder"),
    (["--form", "png", "--src", "{tree}", "--out", "{tree}/class_dict.csv"], "in the source"),
    (["--form", "png", "--src", "{tree}", "--out", "{tree}/png"], "in the source"),
    (["--form", "png", "--src", "{tree}", "--out", "{tree}"], "in the source"),
    (["--form", "packed", "--src", "{tree}", "--out", "{tree}/x.h5"], "in the source"),
    (["--form", "packed", "--src", "{tree}", "--out", "{tree}_other"], "a file is due"),
    (["--form", "png", "--src", "{tree}", "--out", "{tree}_other"], "did not write"),
    (["--form", "png", "--src", "{tree}", "--groups", "nine"], "no grouping"),
]


@pytest.mark.parametrize("flags, told", SENSELESS)
def test_flags_that_make_no_sense_are_one_clear_line_and_write_nothing(run, tree, tmp_path, flags, told):
    run(encode.main, "--src", tree)
    synthetic.split(tree + "_other")
    before = synthetic.state(tmp_path)
    assert told in run(encode.main, *[flag.format(tree=tree) for flag in flags]).refusal()
    assert synthetic.state(tmp_path) == before


def test_a_folder_of_another_command_is_not_taken_over(run, tree, tmp_path):
    out = tmp_path / "out"
    (out / "train").mkdir(parents=True)
    (out / ".unfinished").write_text("camvid-fix is at work here, or was cut off: run the same command again\n")
    assert "did not write" in run(encode.main, "--src", tree, "--form", "png", "--out", out).refusal()
    (out / ".unfinished").write_text("camvid-encode is at work here, or was cut off: run the same command again\n")
    assert run(encode.main, "--src", tree, "--form", "png", "--out", out).code == 0


def test_a_folder_made_again_from_less_keeps_nothing_of_the_earlier_one(run, tree):
    run(encode.main, "--src", tree, "--form", "png")
    first = synthetic.state(tree + "_png")
    for file in ("test/0006R0_f01170.png", "test_labels/0006R0_f01170_L.png"):
        os.remove(os.path.join(tree, file))
    assert run(encode.main, "--src", tree, "--form", "png", "--verify").code == 0
    gone = set(first) - set(synthetic.state(tree + "_png"))
    assert gone == {"test/0006R0_f01170.png", "test_labels/0006R0_f01170_L.png"}


@pytest.mark.parametrize("form", ["png", "unpack"])
def test_a_folder_cut_off_never_looks_whole_and_the_same_command_goes_on(clean, tmp_path, form):
    source = str(clean)
    if form == "unpack":
        source = str(tmp_path / "x.h5")
        assert encode.main(["--src", str(clean), "--out", source, "--resize", "300x400", "--quiet"]) == 0
    out = tmp_path / "out"
    flags = ["--src", source, "--form", form, "--out", str(out), "--quiet"]
    flags += ["--resize", "300x400"] if form == "png" else []
    process = subprocess.Popen([sys.executable, "-m", "camvid_tools.commands.encode"] + flags)
    while not (out / "train_labels").exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (out / ".unfinished").read_text().split()[0] == "camvid-encode"
    with pytest.raises(ToolkitError, match="the same camvid-encode again"):
        SplitFolder(str(out))
    assert encode.main(flags + ["--verify"]) == 0
    assert not (out / ".unfinished").exists()
    assert not [name for name in synthetic.state(out) if name.endswith(".part")]


def test_help_tells_the_forms_and_waits_for_no_library_that_is_slow_to_load():
    command = [sys.executable, "-X", "importtime", "-m", "camvid_tools.commands.encode", "--help"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.decode().splitlines()}
    assert "argparse" in loaded and not loaded & {"tensorflow", "h5py", "matplotlib", "albumentations", "scipy"}
    text = ran.stdout.decode()
    assert all(word in text for word in ("packed", "png", "unpack", "255", "--verify", "segnet11", "matlab11"))
