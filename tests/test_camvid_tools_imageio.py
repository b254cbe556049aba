"""Pictures that can and cannot be used: told apart by kind, quietly, whatever the damage."""

import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthetic
from camvid_tools import classes, imageio, labels
from camvid_tools.codec import ColourCodec

PICTURE = synthetic.image("imageio")
PNG = imageio.png_bytes(PICTURE)


def read(tmp_path, content, name="x.png"):
    path = tmp_path / name
    path.write_bytes(content)
    return imageio.read_raw(str(path))


def kind(tmp_path, content, name="x.png"):
    with pytest.raises(imageio.ImageFault) as caught:
        read(tmp_path, content, name)
    assert str(tmp_path / name) in str(caught.value)
    return caught.value.kind


@pytest.mark.parametrize("shape", [(16, 24, 3), (16, 24), (1, 1, 3), (1, 7)])
def test_png_keeps_every_value_and_the_order_of_channels(tmp_path, shape):
    picture = synthetic.noise("shape", *shape)
    imageio.write_png(str(tmp_path / "x.png"), picture)
    assert np.array_equal(imageio.read_raw(str(tmp_path / "x.png")), picture)
    assert np.array_equal(cv2.imread(str(tmp_path / "x.png"), -1), picture[..., ::-1] if picture.ndim == 3 else picture)


def test_frames_of_every_depth_and_channel_count_are_read_as_rgb(tmp_path):
    wide = (PICTURE.astype(np.uint16) << 8) | 7
    for name, stored in (
        ("alpha", np.dstack([PICTURE, PICTURE[..., :1]])),
        ("sixteen", wide),
        ("plain", PICTURE),
    ):
        path = synthetic.put(str(tmp_path / (name + ".png")), stored)
        assert np.array_equal(imageio.read_frame(path), PICTURE), name
    grey = synthetic.put(str(tmp_path / "grey.png"), PICTURE[..., 0])
    assert np.array_equal(imageio.read_frame(grey), np.dstack([PICTURE[..., 0]] * 3))


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("none.png", b"", "empty-file"),
        ("text.png", b"no picture", "undecodable"),
        ("half.png", PNG[: len(PNG) // 2], "truncated"),
        ("signature.png", PNG[:8], "truncated"),
        ("hole.png", PNG[: len(PNG) // 2] + PNG[-12:], "undecodable"),
        ("half.jpg", cv2.imencode(".jpg", PICTURE)[1].tobytes()[:200], "truncated"),
        ("half.bmp", cv2.imencode(".bmp", PICTURE)[1].tobytes()[:200], "undecodable"),
        ("half.tif", cv2.imencode(".tiff", PICTURE)[1].tobytes()[:200], "undecodable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damage_is_told_by_kind_and_nothing_else_is_said(tmp_path, capfd, name, content, expected):
    assert kind(tmp_path, content, name) == expected
    assert capfd.readouterr() == ("", "")


@settings(max_examples=30, deadline=None)
@given(st.integers(8, len(PNG) - 1), st.integers(1, 255))
def test_no_flipped_byte_in_a_png_goes_unseen(tmp_path_factory, place, change):
    content = bytearray(PNG)
    content[place] ^= change
    with pytest.raises(imageio.ImageFault):
        read(tmp_path_factory.getbasetemp(), bytes(content), "flipped.png")


def test_a_png_that_says_it_is_huge_is_refused_before_memory_is_asked_for(tmp_path):
    header = b"IHDR" + (90000).to_bytes(4, "big") * 2 + PNG[24:29]
    content = PNG[:12] + header + zlib.crc32(header).to_bytes(4, "big") + PNG[33:]
    assert kind(tmp_path, content) == "undecodable"


@pytest.mark.parametrize("picture", [PICTURE, PICTURE[..., 0], PICTURE.astype(np.uint16), PICTURE[:1, :7]])
def test_the_size_of_a_png_is_known_from_its_header_whatever_follows(tmp_path, picture):
    path = synthetic.put(str(tmp_path / "x.png"), np.ascontiguousarray(picture))
    assert imageio.png_size(path) == picture.shape[:2]
    with open(path, "r+b") as file:
        file.truncate(40)
    assert imageio.png_size(path) == picture.shape[:2]


@pytest.mark.parametrize(
    "content", [b"", PNG[:32], PNG[:17] + b"\x07" + PNG[18:], b"x" * 100, cv2.imencode(".jpg", PICTURE)[1].tobytes()]
)
def test_what_has_no_sound_png_header_has_no_size(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    assert imageio.png_size(str(tmp_path / "x.png")) is None
    assert imageio.png_size(str(tmp_path / "gone.png")) is None


def test_a_missing_file_is_a_fault_and_no_traceback(tmp_path):
    with pytest.raises(imageio.ImageFault, match="no such file"):
        imageio.read_raw(str(tmp_path / "gone.png"))


def test_id_labels_of_sixteen_bits_are_refused_not_read_as_the_first_class(tmp_path):
    path = synthetic.put(str(tmp_path / "x.png"), synthetic.ids("sixteen").astype(np.uint16))
    with pytest.raises(imageio.ImageFault) as caught:
        labels.read(path, ColourCodec(classes.camvid32()))
    assert caught.value.kind == "sixteen-bit"


def test_id_labels_beyond_the_table_become_255_and_are_counted(tmp_path):
    stored = np.array([[0, 11, 12, 255], [5, 200, 255, 1]], np.uint8)
    label = labels.read(synthetic.put(str(tmp_path / "x.png"), stored), ColourCodec(classes.segnet11()))
    assert label.ids.tolist() == [[0, 11, 255, 255], [5, 255, 255, 1]]
    assert (label.form, label.unknown) == (labels.IDS, 2)


def test_hidden_files_and_other_endings_are_no_pictures():
    names = ["a.png", "A.PNG", "a.JPeG", ".a.png", "a.txt", "png", "._a.png"]
    assert [name for name in names if imageio.is_picture(name)] == ["a.png", "A.PNG", "a.JPeG"]


def test_a_webp_with_a_colour_profile_is_known_as_lossy_or_not():
    def webp(kind):
        picture = kind + (5).to_bytes(4, "little") + b"x" * 6
        return b"RIFF" + bytes(4) + b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(10) + profile + picture

    profile = b"ICCP" + (587).to_bytes(4, "little") + b"VP8 " * 147
    assert imageio.is_lossy(webp(b"VP8 ")) and not imageio.is_lossy(webp(b"VP8L"))
