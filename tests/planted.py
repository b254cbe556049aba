"""One planted case for each kind of problem that camvid-check knows, on a drawn set: what is done, and what is told."""

import shutil
from typing import Callable, Dict, NamedTuple

import cv2
import numpy as np

import drawn
from camvid_tools import classes, imageio
from tools import FRAME, LABEL, PALETTE, odd_colour, rewrite

HELD_OUT = "val/0006R0_f02130.png"
TWIN, TWIN_LABEL = "train/0006R0_f00930.png", "train_labels/0006R0_f00930_L.png"
TURNED = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00%s\x00\x00\x00\x00\x00\x00\x00"
STILL = ["0016E5_%05d" % number for number in range(7959, 7981, 2)]


class Case(NamedTuple):
    """`plant(folder)` on a clean set leads to exactly one problem, at `file`."""

    file: str
    plant: Callable
    severity: str = "error"


def truncate(folder, path, size):
    with open(str(folder / path), "r+b") as file:
        file.truncate(size)


def store(folder, path, picture, **options):
    """Write a picture of any depth and channels by OpenCV itself."""
    assert cv2.imwrite(str(folder / path), picture, **options)


def sixteen(folder):
    store(folder, FRAME, imageio.read_raw(str(folder / FRAME)).astype(np.uint16) * 257)


def with_alpha(folder):
    store(folder, FRAME, np.dstack([imageio.read_raw(str(folder / FRAME)), np.full((48, 64), 255, np.uint8)]))


def lossy(folder):
    picture = imageio.read_raw(str(folder / LABEL))
    store(folder, LABEL.replace(".png", ".jpg"), picture[..., ::-1], params=[cv2.IMWRITE_JPEG_QUALITY, 60])
    (folder / LABEL).unlink()


def turned(folder, path=FRAME, orientation=3):
    bgr = cv2.imread(str(folder / path))
    block = np.frombuffer(TURNED.replace(b"%s", bytes([orientation])), np.uint8)
    _, data = cv2.imencodeWithMetadata(".png", bgr, [cv2.IMAGE_METADATA_EXIF], [block])
    (folder / path).write_bytes(data.tobytes())


def stored_anew(folder):
    """The held-out frame becomes a training frame that went through JPEG and back, a little brighter."""
    picture = cv2.imread(str(folder / TWIN))
    _, data = cv2.imencode(".jpg", cv2.add(picture, (4, 4, 4, 0)), [cv2.IMWRITE_JPEG_QUALITY, 90])
    store(folder, HELD_OUT, cv2.imdecode(data, cv2.IMREAD_COLOR))


def shifted(picture):
    ids = PALETTE.encode(picture)
    return PALETTE.decode(((ids.astype(int) + 1) % 32).astype(np.uint8))


def border(picture):
    picture[-3:] = 0
    return picture


def beside_its_frame(folder):
    """A stretch of video in which little moves, and one label in it that is moved sideways by a quarter."""
    shutil.rmtree(str(folder))
    drawn.tree(str(folder), 96, 128, {"train": STILL})
    rewrite(folder, "train_labels/%s_L.png" % STILL[4], lambda p: np.roll(p, 32, axis=1))


def known_by_name(folder):
    shutil.rmtree(str(folder))
    drawn.tree(str(folder), 48, 64, {"train": ["0016E5_00390"], "test": ["Seq05VD_f02610"]})
    rewrite(folder, "test_labels/Seq05VD_f02610_L.png", blend_edges)


def blend_edges(picture):
    picture[10:20, 20:37] = (26, 26, 26)
    picture[10:20:2, 20:37] = (128, 128, 26)
    return picture


def neighbours(folder):
    """Frames a second apart in training and test."""
    shutil.rmtree(str(folder))
    drawn.tree(str(folder), 48, 64, {"train": ["0016E5_00390", "0006R0_f00930"], "test": ["0016E5_00420"]})


def outside(folder):
    shutil.move(str(folder / FRAME), str(folder.parent / "elsewhere.png"))
    (folder / FRAME).symlink_to(folder.parent / "elsewhere.png")


def misfiled(folder):
    names = {"train": "0006R0_f01530", "val": "0016E5_05010"}
    for split, name in names.items():
        (folder / (split + ".txt")).write_text(
            "/SegNet/CamVid/%s/%s.png /SegNet/CamVid/x/%s.png\n" % (split, name, name)
        )
    with (folder / "val.txt").open("a") as out:
        out.write("/SegNet/CamVid/val/0016E5_00390.png\n")


def unlisted(folder):
    (folder / "test.txt").write_text("test/0001TP_009000.png\ntest/0001TP_009030.png\n")


PLANTED: Dict[str, Case] = {
    "missing-label": Case(FRAME, lambda f: (f / LABEL).unlink()),
    "missing-frame": Case(LABEL, lambda f: (f / FRAME).unlink()),
    "undecodable": Case(FRAME, lambda f: (f / FRAME).write_bytes(b"no picture at all")),
    "truncated": Case(FRAME, lambda f: truncate(f, FRAME, 900)),
    "empty-file": Case(LABEL, lambda f: truncate(f, LABEL, 0)),
    "size-differs": Case(
        FRAME, lambda f: (rewrite(f, FRAME, lambda p: p[:40]), rewrite(f, LABEL, lambda p: p[:40])), "warning"
    ),
    "alpha-channel": Case(FRAME, with_alpha, "warning"),
    "sixteen-bit": Case(FRAME, sixteen),
    "grey-image": Case(FRAME, lambda f: rewrite(f, FRAME, lambda p: p[..., 0])),
    "exif-rotation": Case(FRAME, turned),
    "duplicate-frame": Case(HELD_OUT, lambda f: rewrite(f, HELD_OUT, lambda _: imageio.read_raw(str(f / TWIN)))),
    "near-duplicate": Case(HELD_OUT, stored_anew, "warning"),
    "size-mismatch": Case(LABEL, lambda f: rewrite(f, LABEL, lambda p: p[:40])),
    "label-form": Case(LABEL, lambda f: rewrite(f, LABEL, lambda p: PALETTE.encode(p))),
    "lossy-label": Case(LABEL.replace(".png", ".jpg"), lossy),
    "unknown-colour": Case(LABEL, lambda f: rewrite(f, LABEL, odd_colour)),
    "shifted-ids": Case(LABEL, lambda f: rewrite(f, LABEL, shifted)),
    "blank-label": Case(LABEL, lambda f: rewrite(f, LABEL, lambda p: np.full_like(p, (128, 64, 128))), "warning"),
    "unwritten-border": Case(LABEL, lambda f: rewrite(f, LABEL, border), "warning"),
    "known-bad-label": Case("train_labels/%s_L.png" % STILL[4], beside_its_frame, "warning"),
    "stray-file": Case("train/notes.txt", lambda f: (f / "train" / "notes.txt").write_text("x"), "warning"),
    "mixed-suffixes": Case("train_labels", lambda f: (f / LABEL).rename(f / LABEL.replace("_L", "_P")), "warning"),
    "class-dict": Case("class_dict.csv", lambda f: (f / "class_dict.csv").open("a").write("Lane,1,2\n")),
    "split-leak": Case("test", neighbours, "warning"),
    "wrong-split": Case("val.txt", misfiled),
    "manifest-mismatch": Case("test.txt", unlisted),
    "path-outside": Case(FRAME, outside),
}
VOID = classes.camvid32().names.index("Void")
