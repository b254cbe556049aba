"""camvid-encode as a user runs it: exact pixels, whole files, refusals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import drawn
from camvid_tools import classes, encoding, imageio, packed
from camvid_tools.commands import encode
from tools import FRAME, LABEL, PALETTE, odd_colour, rewrite, run


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
    (tmp_path / "edited.h5").write_bytes(content.replace(b"Road", b"Lane", 1))
    (tmp_path / "newer.h5").write_bytes(content.replace(b"camvid-packed/2", b"camvid-packed/3", 1))
    (tmp_path / "longer.h5").write_bytes(content + b"x")
    (tmp_path / "empty.h5").write_bytes(b"")
    for name in ("cut", "text", "foreign", "edited", "newer", "longer", "empty"):
        with pytest.raises(ToolkitError, match="camvid-encode") as caught:
            packed.PackedFile(str(tmp_path / (name + ".h5")))
        assert name in str(caught.value)


def test_a_packed_file_of_the_first_form_is_told_and_made_anew_but_a_foreign_hdf5_file_is_kept(clean, tmp_path, capsys):
    import h5py

    old, foreign = tmp_path / "old.h5", tmp_path / "foreign.h5"
    for path, schema in ((old, "camvid-packed/1"), (foreign, "another")):
        with h5py.File(str(path), "w", libver="latest") as file:
            file["train/images"] = np.zeros((900, 50, 50), np.uint8)
            file.attrs["schema"] = schema
    with pytest.raises(packed.ToolkitError, match="earlier release.*camvid-encode"):
        packed.PackedFile(str(old))
    content = foreign.read_bytes()
    assert run(encode, "--src", clean, "--out", old) == 0
    assert "anew" in capsys.readouterr().out and packed.PackedFile(str(old)).splits() == ["train", "val", "test"]
    assert run(encode, "--src", clean, "--out", foreign) == 2
    assert foreign.read_bytes() == content


def test_other_programs_find_arrays_and_attributes_where_the_design_says(clean, tmp_path):
    import h5py

    path = str(tmp_path / "x.h5")
    run(encode, "--src", clean, "--out", path, "--quiet", "--groups", "segnet11")
    file = packed.PackedFile(path)
    with h5py.File(path, "r") as plain:
        assert plain.attrs["groups"] == "segnet11" and plain.attrs["schema"] == "camvid-packed/2"
        assert plain.attrs["palette"] == classes.segnet11().to_csv()
        for split in file.splits():
            opened = file.open(split)
            assert np.array_equal(plain[split + "/images"], opened.images)
            assert np.array_equal(plain[split + "/labels"], opened.labels)
            assert opened.images.offset % 4096 == opened.labels.offset % 4096 == 0
            attributes = plain[split].attrs
            for key, held in (("names", opened.names), ("drives", opened.drives)):
                texts = [text.decode() if isinstance(text, bytes) else text for text in attributes[key]]
                assert texts == held
            assert attributes["data_digest"] == opened.data_digest


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


def test_many_frames_with_unknown_colours_are_not_warned_of_one_by_one(run, dirty, tmp_path):
    for split, names in drawn.LISTS.items():
        for name in names:
            rewrite(dirty, "%s_labels/%s_L.png" % (split, name), odd_colour)
    extra = "train/0016E5_09999.png"
    shutil.copy(str(dirty / FRAME), str(dirty / extra))
    shutil.copy(str(dirty / LABEL), str(dirty / "train_labels" / "0016E5_09999_L.png"))
    warnings = run(encode.main, "--src", dirty, "--out", tmp_path / "a.h5").err.splitlines()
    assert len(warnings) == 11 and warnings[-1] == "warning: and so in 1 more; camvid-check tells why"


def test_groups_of_a_spreadsheet_with_semicolons_and_a_mark_are_read(dirty, tmp_path):
    rows = "".join("%s;%s\r\n" % (name, "Void" if name == "Void" else "All") for name in classes.camvid32().names)
    (tmp_path / "groups.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    assert encoding.merge(classes.camvid32(), str(tmp_path / "groups.csv")).table.names == ("All", "Void")
