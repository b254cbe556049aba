"""camvid-synth as a user runs it: names, repetition, going on."""

import pytest

from camvid_tools import splits, synthesis
from camvid_tools.commands import check, encode, fix, split, synth
from tools import problems, run, tree_digest


def test_synth_takes_frames_evenly_from_drives_and_lists_and_is_the_same_again(tmp_path):
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


def test_a_set_whose_drawing_was_cut_off_is_refused_until_it_is_whole(tmp_path, capsys):
    arguments = ["--out", tmp_path / "s", "--frames", 6, "--height", 48, "--width", 64, "--layout", "split", "--quiet"]
    plan = synthesis.Plan(str(tmp_path / "s"), "split", synthesis.choose_frames(6), 48, 64, 0)
    synthesis.prepare(plan)
    drawing = synthesis.write_frames(plan)
    next(drawing)
    drawing.close()
    assert run(check, tmp_path / "s") == 2
    assert "run the same camvid-synth again" in capsys.readouterr().err
    assert run(synth, *arguments) == 0 and run(check, tmp_path / "s", "--quiet") == 0


def test_an_empty_name_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command, flag in ((synth, "--out"), (check, "--json"), (split, "--src"), (fix, "--src"), (encode, "--out")):
        with pytest.raises(SystemExit) as caught:
            run(command, *{synth: [], check: ["x"], fix: ["--out", "y"]}.get(command, ["--src", "x"]), flag, "")
        assert caught.value.code == 2 and "is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
