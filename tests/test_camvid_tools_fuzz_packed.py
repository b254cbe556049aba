"""Thousands of damaged packed files: each is refused in our own words, or gives the very pixels that were packed."""

import numpy as np
import pytest

import drawn
from camvid_tools import packed, packed_header
from camvid_tools.errors import ToolkitError

LISTS = {"train": ["0006R0_f00930", "0016E5_00390"], "val": ["Seq05VD_f01500"]}
KINDS = ("bit", "bits", "zeros", "cut", "noise")


class Tiny:
    """A packed file of three small frames: its bytes, what it holds, and where its pixels lie."""

    def __init__(self, path, tree):
        drawn.packed_file(str(path), tree)
        self.content = np.fromfile(str(path), np.uint8)
        self.held = held(str(path))
        file = packed.PackedFile(str(path))
        arrays = [a for split in file.splits() for a in (file.open(split).images, file.open(split).labels)]
        self.pixels = [(a.offset, a.offset + a.size) for a in arrays]
        self.header = len(packed_header.to_bytes(packed_header.read(str(path))))

    def touches_pixels(self, changed):
        """Whether bytes that differ lie among the pixels."""
        places = np.flatnonzero(changed != self.content[: len(changed)])
        return any(((places >= first) & (places < end)).any() for first, end in self.pixels)


def held(path):
    """All that a packed file gives when it is opened and verified; ToolkitError where verify finds other pixels."""
    file = packed.PackedFile(path)
    found = []
    for split in file.splits():
        if not file.verify(split):
            raise ToolkitError("other pixels", where=path)
        opened = file.open(split)
        found.append((split, opened.names, opened.drives, opened.images.tobytes(), opened.labels.tobytes()))
    return file.classes, found


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    return Tiny(folder / "x.h5", drawn.tree(str(folder / "set"), 12, 16, LISTS))


def mutated(tiny, random, first, end):
    """The file with one kind of damage that begins in `first`..`end`."""
    kind, at = KINDS[random.randint(len(KINDS))], random.randint(first, end)
    changed = tiny.content.copy()
    length = int(random.choice([1, 4, 16, 200]))
    if kind == "cut":
        return changed[:at]
    if kind == "zeros":
        changed[at : at + length] = 0
    elif kind == "noise":
        changed[at : at + length] = random.randint(0, 256, len(changed[at : at + length]))
    else:
        for place in [at] + list(random.randint(0, len(changed), 7 if kind == "bits" else 0)):
            changed[place] ^= 1 << random.randint(8)
    return changed


@pytest.mark.parametrize("region", ["header", "anywhere", "structures"])
def test_damage_is_refused_in_our_own_words_or_harmless(tiny, tmp_path, region):
    """2400 damaged files over the three regions: the header, all bytes, and all but header and pixels."""
    first, end = {
        "header": (0, tiny.header),
        "anywhere": (0, len(tiny.content)),
        "structures": (max(end for _, end in tiny.pixels), len(tiny.content)),
    }[region]
    random, refused = np.random.RandomState(len(region)), 0
    for number in range(800):
        path = str(tmp_path / ("%d.h5" % number))  # new names: ext4 waits for the disk when a file is cut and rewritten
        changed = mutated(tiny, random, first, end)
        changed.tofile(path)
        try:
            assert held(path) == tiny.held
            assert len(changed) == len(tiny.content) and not tiny.touches_pixels(changed)
        except ToolkitError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > {"header": 700, "anywhere": 400, "structures": 100}[region]


def test_every_changed_pixel_is_found_by_verify(tiny, tmp_path):
    random = np.random.RandomState(5)
    for number in range(200):
        path = str(tmp_path / ("%d.h5" % number))
        changed = tiny.content.copy()
        first, end = tiny.pixels[random.randint(len(tiny.pixels))]
        changed[random.randint(first, end)] ^= 1 << random.randint(8)
        changed.tofile(path)
        with pytest.raises(ToolkitError, match="other pixels"):
            held(path)


WRONG = {
    "bytes": lambda h: h.update(bytes=1),
    "no palette": lambda h: h.pop("palette"),
    "palette of a number": lambda h: h.update(palette=7),
    "palette without a class": lambda h: h.update(palette="name,r,g,b\n"),
    "no recipe": lambda h: h.update(recipe={}),
    "recipe of a list": lambda h: h.update(recipe=[]),
    "origin of a text": lambda h: h.update(origin="x"),
    "origin with a short row": lambda h: h.update(origin={"folder": "x", "files": [["a", 1, 2]]}),
    "splits of a list": lambda h: h.update(splits=[1]),
    "split of a number": lambda h: h["splits"].update(val=3),
    "no names": lambda h: h["splits"]["val"].update(names=[]),
    "names of numbers": lambda h: h["splits"]["val"].update(names=[3]),
    "names of a text": lambda h: h["splits"]["val"].update(names="a"),
    "a name too many": lambda h: h["splits"]["val"]["names"].append("b"),
    "a negative offset": lambda h: h["splits"]["val"].update(images=-1),
    "an offset at the end": lambda h: h["splits"]["val"].update(labels=h["bytes"]),
    "a vast size": lambda h: h["splits"]["val"].update(size=[1 << 40, 1 << 40]),
    "a size of nothing": lambda h: h["splits"]["val"].update(size=[0, 16]),
    "a size of fractions": lambda h: h["splits"]["val"].update(size=[1.5, 2]),
    "a size of three": lambda h: h["splits"]["val"].update(size=[1, 2, 3]),
}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_a_header_that_was_signed_but_says_nonsense_is_refused(tiny, tmp_path, what):
    path = tmp_path / "x.h5"
    tiny.content.tofile(str(path))
    header = packed_header.read(str(path))
    WRONG[what](header)
    path.write_bytes(packed_header.to_bytes(header).ljust(tiny.header, b" ") + tiny.content[tiny.header :].tobytes())
    with pytest.raises(ToolkitError, match="camvid-encode"):
        packed.PackedFile(str(path))


def test_a_header_of_endless_brackets_is_refused(tiny, tmp_path):
    import hashlib

    text = b"[" * 200000
    start = b"camvid-packed/2 %010d %s\n" % (len(text), hashlib.sha256(text).hexdigest().encode())
    (tmp_path / "x.h5").write_bytes(start + text)
    with pytest.raises(ToolkitError, match="no packed file"):
        packed.PackedFile(str(tmp_path / "x.h5"))
