"""Damaged and hostile pictures: a fault in our words or the picture itself, never a traceback, a hang or a full memory.

Nothing that changes a PNG's pixels passes: its check sums tell. A JPEG or WebP has none, so that some picture may come.
"""

import os
import resource
import struct
import subprocess
import sys
import time
import zlib

import cv2
import numpy as np
import pytest

import drawn
import mutated
import synthetic
from camvid_tools import classes, exif, imageio, labels, mending
from camvid_tools.codec import ColourCodec
from camvid_tools.commands import check
from planted import TURNED

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HW = (20, 26)
FRAME, LABEL, IDS = (make("fuzz", HW) for make in (synthetic.image, synthetic.label, synthetic.ids))
CODEC = ColourCodec(classes.camvid32())
EXIF_BLOCK = np.frombuffer(TURNED.replace(b"%s", b"\x06"), np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, colour_type, *chunks):
    """A PNG of 8 bits with any chunks between IHDR and IEND."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    return imageio.PNG_START + head + b"".join(chunks) + chunk(b"IEND", b"")


def pixels(picture):
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in picture), 9)


def encoded(ending, picture, *flags):
    done, data = cv2.imencode(ending, picture, list(flags))
    assert done
    return data.tobytes()


def turned(ending):
    return cv2.imencodeWithMetadata(ending, FRAME, [cv2.IMAGE_METADATA_EXIF], [EXIF_BLOCK])[1].tobytes()


PALETTE = bytes(CODEC.classes.colour_array().ravel())
PNGS = {
    "frame": encoded(".png", FRAME),
    "label": encoded(".png", LABEL),
    "ids": encoded(".png", IDS),
    "palette": png(HW[1], HW[0], 3, chunk(b"PLTE", PALETTE), chunk(b"IDAT", pixels(IDS))),
    "alpha": encoded(".png", np.dstack([LABEL, IDS])),
    "sixteen": encoded(".png", FRAME.astype(np.uint16) * 257),
    "ids of sixteen": encoded(".png", IDS.astype(np.uint16)),
    "turned": turned(".png"),
}
OTHERS = {
    "jpeg": encoded(".jpg", FRAME),
    "progressive jpeg": encoded(".jpg", FRAME, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "turned jpeg": turned(".jpg"),
    "webp": encoded(".webp", FRAME, cv2.IMWRITE_WEBP_QUALITY, 80),
    "webp without loss": encoded(".webp", LABEL, cv2.IMWRITE_WEBP_QUALITY, 101),
    "turned webp": turned(".webp"),
    "bmp": encoded(".bmp", FRAME),
    "tiff": encoded(".tiff", FRAME),
}


def decoded(data):
    """The picture, or None where a fault was told; whatever could be decoded is read as label and mended, too."""
    try:
        picture = imageio.decode(data, "fuzz")
    except imageio.ImageFault as fault:
        assert fault.kind in ("undecodable", "truncated", "empty-file") and str(fault).startswith("fuzz: ")
        return None
    assert picture.dtype in (np.uint8, np.uint16) and picture.size and imageio.as_rgb(picture).dtype == np.uint8
    orientation = exif.orientation(data)
    assert 1 <= orientation <= 8
    assert labels.interpret(labels.to_8_bits(picture), CODEC).ids.shape == picture.shape[:2]
    frame, _ = mending.mend_frame(picture, orientation, picture.shape[:2])
    label, _ = mending.mend_label(picture, orientation, CODEC, 40.0)
    assert frame.shape[2] == label.shape[2] == 3 and not (CODEC.encode(label) == classes.UNKNOWN).any()
    return picture


@pytest.mark.parametrize("kind", sorted(PNGS))
def test_a_damaged_png_is_a_fault_or_has_all_its_pixels_and_no_library_says_a_word(kind, capfd):
    whole = imageio.decode(PNGS[kind], "whole")
    refused = 0
    for name, data in mutated.mutations(PNGS[kind], 400, kind):
        picture = decoded(data)
        assert picture is None or (picture.dtype == whole.dtype and np.array_equal(picture, whole)), name
        refused += picture is None
    assert refused > 300
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_other_damaged_pictures_are_a_fault_or_some_picture_and_nothing_hangs(kind):
    start = time.process_time()
    refused = sum(decoded(data) is None for _, data in mutated.mutations(OTHERS[kind], 160, kind))
    assert refused and time.process_time() - start < 30


def test_a_jpeg_that_was_cut_is_told_even_where_its_thumbnail_is_whole():
    thumbnail = encoded(".jpg", FRAME[::4, ::4])
    block = b"Exif\0\0" + bytes(EXIF_BLOCK) + thumbnail
    whole = OTHERS["jpeg"][:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + OTHERS["jpeg"][2:]
    assert decoded(whole).shape == FRAME.shape
    for lost in (2, 100, 700):
        with pytest.raises(imageio.ImageFault) as caught:
            imageio.decode(whole[:-lost], "x.jpg")
        assert caught.value.kind == "truncated"


def test_what_follows_a_jpegs_end_does_not_matter():
    whole = OTHERS["jpeg"]
    for tail in (b"\0" * 9, b"\xff", b"\xff\xd8\xff\xe0", whole[:300]):
        assert np.array_equal(decoded(whole + tail), decoded(whole))


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.int32])
@pytest.mark.parametrize("shape", [HW, HW + (3,)])
def test_pictures_of_values_that_are_no_bytes_are_a_fault(kind, shape):
    data = encoded(".tiff", np.ones(shape, kind))
    with pytest.raises(imageio.ImageFault, match=np.dtype(kind).name):
        imageio.decode(data, "x.tif")


def test_an_animation_is_a_fault_and_not_a_black_picture():
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    assert np.array_equal(decoded(png(HW[1], HW[0], 2, chunk(b"IDAT", pixels(FRAME)))), FRAME)
    with pytest.raises(imageio.ImageFault, match="animation"):
        imageio.decode(png(HW[1], HW[0], 2, control, chunk(b"IDAT", pixels(FRAME))), "x.png")


HEAD = 33  # bytes before the first chunk after the header's
ODD = {
    "gamma": chunk(b"gAMA", struct.pack(">I", 100000)),
    "profile": chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200))),
    "intent": chunk(b"sRGB", b"\0"),
    "background": chunk(b"bKGD", struct.pack(">HHH", 9, 9, 9)),
    "turned": chunk(b"eXIf", bytes(EXIF_BLOCK)[6:]),
}


def odd_frames():
    """PNGs of 8-bit RGB that say more than pixels, or less."""
    whole = PNGS["frame"]
    yield from (whole[:HEAD] + more + whole[HEAD:] for more in ODD.values())
    stream = pixels(FRAME)
    for content in (
        stream[:-4],
        stream[:-30],
        stream + b"more",
        stream[:9] + b"\xff" + stream[10:],
        zlib.compress(b""),
    ):
        yield png(HW[1], HW[0], 2, chunk(b"IDAT", content))  # check sums agree
    yield png(HW[1], HW[0], 2, chunk(b"IDAT", stream[:50]), chunk(b"IDAT", stream[50:]))
    yield png(HW[1], HW[0], 2)


def test_what_was_decoded_before_gives_the_same_picture_when_decoded_alone(monkeypatch):
    pytest.importorskip("pyspng", reason="pyspng is not installed")
    files = [data for _, data in mutated.mutations(PNGS["frame"], 400, "alone")]
    files += [*odd_frames(), *PNGS.values(), *OTHERS.values()]
    pictures = [(data, decoded(data)) for data in files]
    monkeypatch.setattr(imageio, "_plain", None)
    imageio.decode_alone()
    assert imageio._plain is not None
    sound = [(data, picture) for data, picture in pictures if picture is not None]
    for data, picture in sound:
        found = imageio.decode(data, "again", imageio.checked(data, "again"), again=True)
        assert found.dtype == picture.dtype and np.array_equal(found, picture)
    assert len(sound) > 20


ZEROS = zlib.compress(bytes(100000000), 9)


def huge_jpeg():
    at = OTHERS["jpeg"].index(b"\xff\xc0") + 5
    return OTHERS["jpeg"][:at] + struct.pack(">HH", 60000, 60000) + OTHERS["jpeg"][at + 4 :]


def large_jpeg():
    """Within what JPEG allows and OpenCV takes by default: 1.2 GB of pixels in a file of two KB."""
    at = OTHERS["jpeg"].index(b"\xff\xc0") + 5
    return OTHERS["jpeg"][:at] + struct.pack(">HH", 20000, 20000) + OTHERS["jpeg"][at + 4 :]


def large_webp():
    """The largest there is, all black: 0.8 GB of pixels."""
    return encoded(".webp", np.zeros((16383, 16383, 3), np.uint8), cv2.IMWRITE_WEBP_QUALITY, 101)


BOMBS = {
    "claims.png": lambda: png(60000, 60000, 2, chunk(b"IDAT", ZEROS * 4)),
    "huge.jpg": huge_jpeg,
    "large.jpg": large_jpeg,
    "large.webp": large_webp,
    "endless.png": lambda: png(64, 48, 2, chunk(b"IDAT", ZEROS)),
    "text.png": lambda: png(64, 48, 2, chunk(b"zTXt", b"a\0\0" + ZEROS), chunk(b"IDAT", pixels(FRAME))),
    "profile.png": lambda: png(64, 48, 2, chunk(b"iCCP", b"a\0\0" + ZEROS), chunk(b"IDAT", pixels(FRAME))),
}
DECODE = """
import resource, sys
from camvid_tools import imageio
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(imageio.decode(open(sys.argv[1], "rb").read(), sys.argv[1]).shape)
except imageio.ImageFault as fault:
    print(fault)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_small_file_that_would_fill_the_memory_is_a_fault_or_small(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    assert path.stat().st_size < 1 << 20
    command = [sys.executable, "-c", DECODE, str(path)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, cwd=HERE, timeout=60, universal_newlines=True)
    said, grown = ran.stdout.strip().splitlines()
    assert said == "(48, 64, 3)" if name == "endless.png" else said.startswith("%s: " % path), said
    assert int(grown) < 100


def test_a_check_names_the_files_that_would_fill_the_memory_and_ends_at_once(tmp_path):
    folder = drawn.tree(str(tmp_path / "set"), 48, 64)
    hurt = {"claims.png": "train/0006R0_f00930.png", "claims": "train_labels/Seq05VD_f00600_L.png"}
    hurt.update({"huge.jpg": "val/0006R0_f02130.png", "large.webp": "test/0001TP_009000.png"})
    for name, file in hurt.items():
        (tmp_path / "set" / file).write_bytes(BOMBS["claims.png" if name == "claims" else name]())

    def bounded():
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    command = [sys.executable, "-m", "camvid_tools.commands.check", folder]
    start = time.monotonic()
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE, preexec_fn=bounded, universal_newlines=True
    )
    assert (ran.returncode, ran.stderr) == (1, "") and time.monotonic() - start < 30
    assert all("%s: " % file in ran.stdout for file in hurt.values())


def test_a_check_of_frames_that_are_floating_point_names_them(run, tmp_path):
    folder = drawn.tree(str(tmp_path / "set"), 48, 64)
    (tmp_path / "set/train/0006R0_f00930.png").write_bytes(encoded(".tiff", np.ones((48, 64, 3), np.float32)))
    (tmp_path / "set/val_labels/0006R0_f02130_L.png").write_bytes(encoded(".tiff", np.ones((48, 64), np.int32)))
    ran = run(check.main, folder)
    assert (ran.code, ran.err) == (1, "")
    assert (
        "train/0006R0_f00930.png: holds float32" in ran.out and "val_labels/0006R0_f02130_L.png: holds int32" in ran.out
    )
