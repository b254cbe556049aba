"""The file that keeps decoded frames on disk: never stale, whatever happens to its source, to itself or to the run."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import synthetic
import trainings
from camvid_tools import imageio
from frames import opened, same, the_file

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAMES = synthetic.FEW["train"]


# never stale


def change_image(tree):
    path = os.path.join(tree, "train", NAMES[2] + ".png")
    synthetic.put(path, 255 - imageio.read_raw(path))
    return NAMES[2] + ".png was changed"


def change_label(tree):
    path = os.path.join(tree, "train_labels", NAMES[0] + "_L.png")
    synthetic.put(path, np.ascontiguousarray(imageio.read_raw(path)[::-1]))
    return NAMES[0] + "_L.png was changed"


def change_classes(tree):
    path = os.path.join(tree, "class_dict.csv")
    with open(path) as file:
        first, *rows = file.read().splitlines()
    with open(path, "w") as file:
        file.write("\n".join([first] + rows[1:] + rows[:1]) + "\n")
    return "the class table was changed"


def remove_frame(tree):
    os.remove(os.path.join(tree, "train", NAMES[3] + ".png"))
    os.remove(os.path.join(tree, "train_labels", NAMES[3] + "_L.png"))
    return NAMES[3] + ".png is gone"


def add_frame(tree):
    synthetic.split(tree, {"train": ["0016E5_01020"]}, (40, 56))
    return "0016E5_01020.png is new"


@pytest.mark.parametrize("change", [change_image, change_label, change_classes, remove_frame, add_frame])
def test_a_cache_is_made_anew_when_what_it_was_made_from_changed_and_says_why(tree, tmp_path, change):
    kept, said = str(tmp_path / "kept"), []
    before = opened(tree, kept).survey()
    fact = change(tree)
    source = opened(tree, kept, said)
    assert source.survey() == opened(tree).survey() != before and same(source, tree)
    assert len(said) == 2 and fact in said[0] and the_file(kept) in said[0]
    opened(tree, kept, said)
    assert len(said) == 3 and "%d of them there" % len(source) in said[2]


def test_who_reads_a_cache_that_gives_way_to_a_new_one_keeps_his_frames(tree, tmp_path):
    kept = str(tmp_path / "kept")
    old = opened(tree, kept)
    before = [[array.copy() for array in old.read(index)] for index in range(len(old))]
    change_image(tree)
    assert same(opened(tree, kept), tree)
    assert all(np.array_equal(a, b) for index, pair in enumerate(before) for a, b in zip(old.read(index), pair))


def flip_pixel(path):
    with open(path, "r+b") as file:
        file.seek(-20000, os.SEEK_END)
        byte = file.read(1)
        file.seek(-20000, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))


def cut_off(path):
    os.truncate(path, os.path.getsize(path) - 1)


def spoil_header(path):
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(b"\xff" * 30)


def claim_much(path):
    with open(path, "r+b") as file:
        file.seek(len("camvid-cache/1 "))
        file.write(b"999999999999")


def other_release(path):
    with open(path, "r+b") as file:
        file.write(b"camvid-cache/0")


@pytest.mark.parametrize("damage", [flip_pixel, cut_off, spoil_header, claim_much, other_release])
def test_what_is_damaged_in_the_file_is_never_read_as_a_frame(tree, tmp_path, damage):
    kept = str(tmp_path / "kept")
    expected = opened(tree, kept).survey()
    damage(the_file(kept))
    source = opened(tree, kept)
    assert source.survey() == expected and same(source, tree)
    assert same(opened(tree, kept), tree)


# killed, two at once, a disk that fails
FILL = """
import os, signal, sys
from pipeline import sources
{disturbance}
source = sources.open_source({tree!r}, "train", {kept!r}, say=lambda line: None)
{then}
print(source.survey()[0])
"""
KILLED_AT = """
calls, write = [], os.pwrite
def half(handle, data, place):
    calls.append(place)
    if len(calls) == {call}:
        write(handle, data[:len(data) // 2], place)
        os.kill(os.getpid(), signal.SIGKILL)
    return write(handle, data, place)
os.pwrite = half
"""


def fill(tree, kept, disturbance="", then=""):
    program = FILL.format(tree=tree, kept=kept, disturbance=disturbance, then=then)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE)


@pytest.mark.parametrize("call", [1, 2, 3, 8])
def test_killed_while_it_fills_the_cache_shows_no_half_frame_when_opened_again(tree, tmp_path, call):
    kept = str(tmp_path / "kept")
    process = fill(tree, kept, KILLED_AT.format(call=call))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    source = opened(tree, kept)
    assert same(source, tree) and source.survey() == opened(tree).survey()


@pytest.mark.parametrize("function", ["posix_fallocate", "fsync", "replace"])
def test_killed_while_it_makes_the_file_leaves_nothing_in_the_way(tree, tmp_path, function):
    kept = str(tmp_path / "kept")
    process = fill(tree, kept, "os.%s = lambda *given: os.kill(os.getpid(), signal.SIGKILL)" % function)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert same(opened(tree, kept), tree) and the_file(kept).endswith(".frames")


def test_two_processes_that_fill_it_at_once_share_one_whole_file(tree, tmp_path):
    kept = str(tmp_path / "kept")
    both = [fill(tree, kept) for _ in range(2)]
    expected = opened(tree).survey()[0]
    assert [process.communicate()[0].decode().strip() for process in both] == [expected] * 2
    said = []
    assert opened(tree, kept, said).survey()[0] == expected
    assert "5 of them there" in said[-1] and the_file(kept) in said[-1]


def test_a_disk_that_fails_while_it_is_filled_costs_the_cache_not_the_run(tree, tmp_path):
    kept = str(tmp_path / "kept")
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    process = fill(tree, kept, then=full)
    out, said = process.communicate()
    assert out.decode().strip() == opened(tree).survey()[0]
    assert said.decode().count("\n") == 1 and kept in said.decode()


# training


def test_a_training_with_a_cache_on_disk_ends_with_the_same_weights(finished, data, tmp_path):
    run = str(tmp_path / "run")
    for more in ([], ["--dry_run"]):
        command = trainings.command(data, run) + ["--cache", "./kept"] + more
        ran = subprocess.run(
            command, cwd=str(tmp_path), env=dict(os.environ, PYTHONPATH=HERE), stdout=subprocess.PIPE, check=True
        )
    assert trainings.digest(run) == trainings.digest(finished)
    assert "5 of them there" in ran.stdout.decode() and len(os.listdir(str(tmp_path / "kept"))) == 2
    with open(os.path.join(run, "settings.json")) as file:
        assert json.load(file)["given"]["cache"] == str(tmp_path / "kept")


def test_a_training_whose_cache_cannot_be_begins_no_run(data, tmp_path):
    (tmp_path / "text").write_text("mine")
    command = trainings.command(data, str(tmp_path / "run")) + ["--cache", str(tmp_path / "text")]
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = ran.stderr.decode()
    assert ran.returncode == 2 and said.count("\n") == 1 and str(tmp_path / "text") in said
    assert not (tmp_path / "run").exists()
