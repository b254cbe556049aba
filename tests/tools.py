"""What the tests of the data tools' commands share."""

import hashlib
import json
import os

import drawn
from camvid_tools import classes, imageio
from camvid_tools.codec import ColourCodec
from camvid_tools.commands import check

FRAME, LABEL = "train/0016E5_00390.png", "train_labels/0016E5_00390_L.png"
PALETTE = ColourCodec(classes.camvid32())


def tree_digest(folder):
    """Names and bytes of everything in a folder."""
    digest = hashlib.sha256()
    for root, folders, files in os.walk(str(folder)):
        folders.sort()
        for name in sorted(files):
            with open(os.path.join(root, name), "rb") as file:
                digest.update(os.path.relpath(os.path.join(root, name), str(folder)).encode() + file.read())
    return digest.hexdigest()


def run(command, *arguments):
    """The exit code of a command module's `main`."""
    return command.main([str(argument) for argument in arguments])


def problems(folder, tmp_path, code=1, *flags):
    assert run(check, folder, "--json", tmp_path / "check.json", "--quiet", *flags) == code
    document = json.loads((tmp_path / "check.json").read_text())
    assert document["schema"] == "camvid-check/1"
    return document


def rewrite(folder, path, change):
    picture = imageio.read_raw(str(folder / path))
    imageio.write_png(str(folder / path), change(picture))


def drown(folder, change):
    """Change every label of a drawn set."""
    for split_name, names in drawn.LISTS.items():
        for name in names:
            rewrite(folder, "%s_labels/%s_L.png" % (split_name, name), change)


def odd_colour(picture):
    picture[5, 7:10] = (1, 2, 3)
    return picture
