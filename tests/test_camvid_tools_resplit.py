"""camvid-split at its edges: interruption, defaults, what it must not trust or touch."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import synthetic
from camvid_tools import layout, resplit, splits
from camvid_tools.commands import check, encode, split

ALL = {
    "counts": {"train": 421, "val": 112, "test": 168},
    "digests": dict(zip(splits.SPLITS, splits.DIGESTS["default"])),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    names = [name for part in synthetic.FEW.values() for name in part]
    return synthetic.raw(tmp_path_factory.mktemp("few") / "CamVid", names)


def layouts():
    lists = {
        "train": list(synthetic.NAMES[::2]),
        "val": list(synthetic.NAMES[1::4]),
        "test": list(synthetic.NAMES[3::4]),
    }
    return {
        "labels in the root": lambda folder: synthetic.raw(folder, labels="."),
        "split": lambda folder: synthetic.split(folder, lists),
        "segnet": lambda folder: synthetic.segnet(folder, lists),
        "fastai": lambda folder: synthetic.fastai(folder, synthetic.NAMES),
        "one folder": lambda folder: synthetic.one_folder(folder, synthetic.NAMES),
    }


@pytest.mark.parametrize("name", sorted(layouts()))
def test_every_layout_of_all_701_gives_the_published_lists(run, tmp_path, name):
    source = layouts()[name](tmp_path / "CamVid")
    document = run(split.main, "--src", source, "--dry_run", "--json", "-").json()
    assert {key: document[key] for key in ALL} == ALL


@pytest.mark.parametrize("preset", splits.PRESETS)
def test_every_preset_says_that_its_published_digests_agree(run, raw701, preset):
    ran = run(split.main, "--src", raw701, "--preset", preset, "--dry_run")
    assert ran.code == 0 and "digests agree" in ran.out


def test_a_segnet_source_keeps_its_file_names_ids_and_table(run, tmp_path):
    source = synthetic.segnet(tmp_path / "CamVid")
    assert run(split.main, "--src", source, "--allow_partial").code == 0
    made, name = tmp_path / "CamVid_split", synthetic.FEW["val"][0]
    stored = made / "val_labels" / (name + ".png")
    assert stored.read_bytes() == (tmp_path / "CamVid" / "valannot" / (name + ".png")).read_bytes()
    assert run(check.main, made, "--json", "-").json()["palette"] == "segnet11"


def test_a_surplus_frame_is_named_and_left_out_on_request(run, tmp_path):
    names = synthetic.FEW["train"] + ["0001TP_999999"]
    source = synthetic.raw(tmp_path / "CamVid", names)
    found = layout.scan(source)
    told = resplit.complaints(found, resplit.assign(found, "default"))
    assert "0001TP_999999 is none of CamVid's 701 frames" in told
    ran = run(split.main, "--src", source, "--allow_partial", "--json", "-")
    assert ran.code == 0 and sum(ran.json()["counts"].values()) == 5
    assert not [path for path in synthetic.state(source + "_split") if "999999" in path]


def test_only_the_first_missing_frames_are_named_the_rest_counted(run, few):
    line = run(split.main, "--src", few).refusal()
    assert "0001TP_006750 is missing" in line and "and 681 more" in line and "--allow_partial" in line


def test_from_inside_the_source_the_default_still_lies_beside_it(run, few, tmp_path, monkeypatch):
    source = synthetic.raw(tmp_path / "CamVid", synthetic.FEW["train"])
    before = synthetic.state(source)
    monkeypatch.chdir(source)
    assert run(split.main, "--src", ".", "--allow_partial").code == 0
    assert synthetic.state(source) == before
    made = tmp_path / "CamVid_split"
    assert (made / "manifest.json").exists()
    monkeypatch.chdir(str(made))
    assert run(encode.main, "--src", ".").code == 0
    assert (tmp_path / "CamVid_split.h5").exists()


def test_killed_before_its_first_file_was_whole_it_goes_on(run, few, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "..unfinished.part").write_text("camvid-sp")
    assert run(split.main, "--src", few, "--out", tmp_path / "s", "--allow_partial").code == 0
    assert not [path for path in synthetic.state(tmp_path / "s") if "part" in path or "unfinished" in path]


def test_a_dry_run_refuses_what_the_run_would_refuse(run, few, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    line = run(split.main, "--src", few, "--out", tmp_path / "mine", "--allow_partial", "--dry_run").refusal()
    assert "thesis.txt" not in os.listdir(str(tmp_path)) and "choose another --out" in line


def test_the_same_frame_twice_is_refused_with_both_places(run, tmp_path):
    name = synthetic.FEW["train"][0]
    source = synthetic.split(tmp_path / "CamVid", {"train": [name], "test": [name]})
    line = run(split.main, "--src", source).refusal()
    assert "train/%s.png" % name in line and "test/%s.png" % name in line


def _as_at_a_terminal():
    """What nohup and a shell's `&` start ignores Ctrl-C, and so does what that starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_130_in_one_line_and_the_next_run_finishes(run, raw701, tmp_path):
    out = tmp_path / "s"
    command = [
        sys.executable,
        "-m",
        "camvid_tools.commands.split",
        "--src",
        raw701,
        "--out",
        str(out),
        "--quiet",  # copies, since links are made so fast that a busy machine comes too late
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=_as_at_a_terminal)
    limit = time.monotonic() + 60
    while not (out / "train").is_dir() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1].decode()
    assert process.returncode == 130 and said.splitlines() == ["camvid-split: interrupted"]
    assert run(check.main, out).refusal()
    assert run(split.main, "--src", raw701, "--out", out, "--json", "-").json()["digests"] == ALL["digests"]


@pytest.mark.parametrize("key", ["preset", "palette_digest", "frames"])
def test_a_manifest_that_lost_a_part_is_a_finding_and_a_refusal_never_a_traceback(run, few, tmp_path, key):
    out = tmp_path / "s"
    assert run(split.main, "--src", few, "--out", out, "--allow_partial").code == 0
    manifest = json.loads((out / "manifest.json").read_text())
    del manifest[key]
    (out / "manifest.json").write_text(json.dumps(manifest))
    ran = run(check.main, out, "--json", "-")
    assert ran.code == 1 and "manifest-mismatch" in [p["kind"] for p in ran.json()["problems"]]
    assert run(split.main, "--src", few, "--out", out, "--allow_partial").refusal()


@pytest.mark.parametrize("origin, copy", [("train", "test"), ("test", "train"), ("val", "train")])
def test_a_frame_copied_into_another_split_is_found_whichever_way(run, few, tmp_path, origin, copy):
    out, name = tmp_path / "s", synthetic.FEW[origin][0]
    assert run(split.main, "--src", few, "--out", out, "--allow_partial").code == 0
    for folder, end in (("", ".png"), ("_labels", "_L.png")):
        content = (out / (origin + folder) / (name + end)).read_bytes()
        (out / (copy + folder) / (name + end)).write_bytes(content)
    ran = run(check.main, out, "--json", "-")
    told = [(p["kind"], p["file"], p["split"]) for p in ran.json()["problems"]]
    held_out = "test" if "test" in (origin, copy) else "val"
    twins = ("duplicate-frame", "%s/%s.png" % (held_out, name), held_out)
    assert ran.code == 1 and [t for t in told if t[0] != "split-leak"] == [
        twins,
        ("wrong-split", "%s/%s.png" % (copy, name), copy),
    ]
