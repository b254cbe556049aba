import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camvid_tools import drives, splits
from camvid_tools.errors import ToolkitError

COUNTS = {"default": (421, 112, 168), "segnet": (367, 101, 233), "kaggle": (369, 100, 232), "by-drive": (429, 101, 171)}


def lists(preset):
    assigned = splits.preset(preset)
    return {split: sorted(n for n, s in assigned.items() if s == split) for split in splits.SPLITS}


@pytest.mark.parametrize("preset", splits.PRESETS)
def test_presets_give_the_published_counts_and_digests(preset):
    found = lists(preset)
    assert tuple(len(found[split]) for split in splits.SPLITS) == COUNTS[preset]
    assert tuple(splits.list_digest(found[split]) for split in splits.SPLITS) == splits.DIGESTS[preset]


def test_the_701_names_are_camvids():
    names = splits.camvid_names()
    assert len(set(names)) == 701
    assert splits.list_digest(names) == "5e096aaa102ae20ce743cfe880ff6b42de19bccd32f258078e2452fbeb372464"
    assert all(drives.CAMVID_NAME.match(name) for name in names)


def test_list_digest_is_what_sort_and_sha256sum_give():
    names = ["b", "a", "C", "a_1"]
    shell = "printf '%s\\n' b a C a_1 | LC_ALL=C sort | sha256sum"
    assert splits.list_digest(names) == subprocess.check_output(["sh", "-c", shell]).decode().split()[0]


def test_no_drive_is_in_two_splits_of_by_drive():
    home = {}
    for name, split in splits.preset("by-drive").items():
        assert home.setdefault(drives.place(name).drive, split) == split


@pytest.mark.parametrize("preset", splits.PRESETS)
def test_lists_are_recognised_whole_and_in_part(preset):
    found = lists(preset)
    assert splits.recognise(found) == preset
    assert splits.recognise({split: names[1::2] for split, names in found.items()}) == preset


def test_moved_and_foreign_names_are_recognised_as_no_preset():
    found = lists("default")
    found["val"].append(found["train"].pop())
    assert splits.recognise(found) == "unknown"
    assert splits.recognise({"train": ["mine_0001"], "val": [], "test": []}) == "unknown"


def test_an_unknown_preset_names_those_that_exist():
    with pytest.raises(ToolkitError, match="segnet"):
        splits.preset("nonsense")


NAMES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 99999)), min_size=1, max_size=60, unique=True)


@given(NAMES, st.tuples(*[st.floats(0.1, 10)] * 3), st.integers(0, 5))
def test_shares_keep_drives_whole_and_do_not_depend_on_order(pairs, shares, seed):
    names = ["%s_%05d" % pair for pair in pairs]
    assigned = splits.by_shares(names, shares, seed)
    assert sorted(assigned) == sorted(names)
    assert assigned == splits.by_shares(list(reversed(names)), shares, seed)
    for drive in {name[0] for name in names}:
        assert len({split for name, split in assigned.items() if name[0] == drive}) == 1


def test_shares_come_near_to_what_was_asked_for():
    names = ["drive%02d_%05d" % (drive, number) for drive in range(20) for number in range(10)]
    assigned = splits.by_shares(names, (60, 20, 20))
    assert [sum(1 for s in assigned.values() if s == split) for split in splits.SPLITS] == [120, 40, 40]


@pytest.mark.parametrize(
    "name, place",
    [
        ("0006R0_f00930", ("0006R0", 930)),
        ("0001TP_006690", ("0001TP", 6690)),
        ("frame000012", ("frame", 12)),
        ("a-b-7", ("a-b", 7)),
        ("portrait", ("portrait", None)),
    ],
)
def test_drive_and_number_are_read_from_names(name, place):
    assert drives.place(name) == place
