"""Published splits: their lists, counts and digests; shares by whole drives."""

import os
import subprocess
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camvid_tools import splits
from camvid_tools.drives import CAMVID_NAME, place
from camvid_tools.errors import ToolkitError

ALL = "5e096aaa102ae20ce743cfe880ff6b42de19bccd32f258078e2452fbeb372464"
PUBLISHED = {
    "default": {
        "train": (421, "f47f45d05d3a972b39b7eb72919c7e86d459621259b9119e70d9f4640e060693"),
        "val": (112, "b4c19fe8cf3d119696b09a30c812f26465bf9263c92a8157a5845e11670e0022"),
        "test": (168, "955e66f1f1e526c40307096fc96c781fb3617e0e0c683d42d55ab2a55fdefb9e"),
    },
    "segnet": {
        "train": (367, "0f2b2149e1c9f0df5c4740d2532d6418b8163c47bd2994f198fc05a8a2108507"),
        "val": (101, "f80b1b93a53eb17ca8cdd58b5d6e8b0301f1efe0e3a17a7f63454d8c6473150d"),
        "test": (233, "6bb0c1951e12b4b5b5a9c6bc2dd6afe2730b6efb7b70395fb859cd3ea2eef702"),
    },
    "kaggle": {
        "train": (369, "4a83bd42309bbb006e102a5e2edd5b801f58f1134c90cc30beb663159eba65fe"),
        "val": (100, "41c4a753cf9f608058e714670b31e768d179ccae2a3677ac98e57499902c44a7"),
        "test": (232, "9e0cf3b05fe873738bd87261a4b1eacb230f68285b3155ff4fdc2579d9f88138"),
    },
    "by-drive": {
        "train": (429, "8839fafa62ce0555f4b0a3dbd7ab316501720e089a1fbce95062912370894f7d"),
        "val": (101, "e46dcd5bec6be9627682ef0ad34de872120d3c7b3a395291b13c1fcc83e1daab"),
        "test": (171, "33b557e1ffa0fe449107c5d776834c627136346fcd1da0143e242af6dc5790bc"),
    },
}


def lists(assigned):
    return {split: [name for name in assigned if assigned[name] == split] for split in splits.SPLITS}


def test_the_701_names_are_the_published_ones():
    names = splits.camvid_names()
    assert len(set(names)) == 701 and splits.list_digest(names) == ALL
    assert all(CAMVID_NAME.match(name) for name in names)


def test_every_published_preset_can_be_asked_for():
    assert set(splits.PRESETS) == set(PUBLISHED)


@pytest.mark.parametrize("preset", sorted(PUBLISHED))
def test_a_preset_gives_the_published_counts_and_digests(preset):
    found = lists(splits.preset(preset))
    assert {s: (len(names), splits.list_digest(names)) for s, names in found.items()} == PUBLISHED[preset]


def test_single_frames_lie_where_the_published_folders_have_them():
    default = splits.preset("default")
    expected = {"Seq05VD_f04710": "val", "Seq05VD_f05070": "test", "Seq05VD_f05100": "train", "0001TP_006870": "val"}
    assert {name: default[name] for name in expected} == expected


def test_by_drive_keeps_drives_whole():
    assigned = splits.preset("by-drive")
    assert len({(place(name).drive, split) for name, split in assigned.items()}) == 4


def test_an_unknown_preset_names_those_that_exist():
    with pytest.raises(ToolkitError, match="default, segnet, kaggle, by-drive"):
        splits.preset("60-20-20")


def test_the_list_digest_is_sort_and_sha256sum():
    names = ["b", "B_2", "a-1", "Zeta", "é", "a", "10", "9"]
    text = "".join(name + "\n" for name in names).encode("utf-8")
    done = subprocess.run(
        "sort | sha256sum", shell=True, input=text, stdout=subprocess.PIPE, env=dict(os.environ, LC_ALL="C"), check=True
    )
    assert splits.list_digest(names) == done.stdout.decode().split()[0]


@pytest.mark.parametrize("preset", sorted(PUBLISHED))
def test_a_preset_is_recognised_whole_and_in_part(preset):
    whole = lists(splits.preset(preset))
    assert splits.recognise(whole) == preset
    assert splits.recognise({split: names[::3] for split, names in whole.items()}) == preset


def test_one_frame_in_another_list_is_no_published_split():
    whole = lists(splits.preset("default"))
    whole["test"].append(whole["train"].pop())
    assert splits.recognise(whole) == "unknown"
    assert splits.recognise({"train": [], "val": [], "test": []}) == "unknown"
    assert splits.recognise({"train": ["somebody"], "val": [], "test": []}) == "unknown"


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=12)
SHARES = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))


@given(SIZES, SHARES, st.integers(0, 5))
def test_shares_keep_drives_whole_and_come_near(sizes, shares, seed):
    names = ["drive%c_%05d" % (97 + drive, i) for drive, size in enumerate(sizes) for i in range(size)]
    assigned = splits.by_shares(names, shares, seed)
    assert sorted(assigned) == sorted(names)
    homes = {(place(name).drive, split) for name, split in assigned.items()}
    assert len(homes) == len(sizes)
    counts = Counter(assigned.values())
    for split, share in zip(splits.SPLITS, shares):
        # Largest first into the widest gap: nobody gets more than one drive too many.
        assert counts[split] <= share / sum(shares) * len(names) + max(sizes)


@given(SIZES, SHARES, st.randoms(use_true_random=False))
def test_shares_depend_on_names_shares_and_seed_alone(sizes, shares, random):
    names = ["d%d_%03d" % (drive, i) for drive, size in enumerate(sizes) for i in range(size)]
    shuffled = list(names)
    random.shuffle(shuffled)
    assert splits.by_shares(shuffled, shares, 3) == splits.by_shares(names, shares, 3)


def test_shares_come_out_exactly_where_drives_allow():
    names = ["%s_%05d" % (drive, i) for drive, size in (("a", 6), ("b", 2), ("c", 2)) for i in range(size)]
    assert Counter(splits.by_shares(names, (60, 20, 20)).values()) == {"train": 6, "val": 2, "test": 2}


def test_the_seed_decides_between_drives_of_equal_length():
    names = ["%s_%05d" % (drive, i) for drive in "abcdef" for i in range(5)]
    found = {tuple(sorted(splits.by_shares(names, (4, 1, 1), seed).items())) for seed in range(8)}
    assert len(found) > 1


@pytest.mark.parametrize(
    "name, drive, number",
    [
        ("0001TP_006690", "0001TP", 6690),
        ("0006R0_f00930", "0006R0", 930),
        ("0016E5_07959", "0016E5", 7959),
        ("Seq05VD_f00000", "Seq05VD", 0),
        ("frame12", "frame", 12),
        ("harbour", "harbour", None),
        ("0042", "", 42),
    ],
)
def test_a_name_tells_its_drive_and_number(name, drive, number):
    assert place(name) == (drive, number)
