"""Anybody's predictions as the subject of an evaluation: a folder of PNGs, scored by the same rules."""

import argparse
import contextlib
import os
from typing import Any, Dict, Iterator, List

import numpy as np

from camvid_tools import imageio, labels
from camvid_tools.classes import UNKNOWN
from camvid_tools.codec import ColourCodec
from camvid_tools.errors import ToolkitError
from camvid_tools.layout import LABEL_SUFFIXES
from pipeline import sizes, sources

from . import runfolder
from .subject import Prediction, Subject

FORMS = "PNGs of class ids, or of the data's class colours, each of its frame's size"


def subject(options: argparse.Namespace) -> Subject:
    """The folder of `--predictions` against the data's split; ToolkitError names files that are missing."""
    folder = options.predictions
    if not os.path.isdir(folder):
        raise ToolkitError("no such folder", where=folder, remedy="--predictions takes a folder of " + FORMS)
    source = sources.open_source(_data_path(options), options.split)
    files = _files(folder, source)
    codec = ColourCodec(source.classes)
    about: Dict[str, Any] = {"path": os.path.abspath(folder), "files": len(files), "unknown_pixels": 0}

    @contextlib.contextmanager
    def predictions() -> Iterator[Iterator[Prediction]]:
        yield (_prediction(file, index, source, codec, about) for index, file in enumerate(files))

    title = "scoring the predictions in %s" % os.path.relpath(folder)
    document = {"size": list(sizes.evaluation_size(source)), "predictions": about}
    return Subject(title, None, source, folder, document, predictions, dict)


def _data_path(options: argparse.Namespace) -> str:
    if options.data_path is None and options.run is None:
        raise ToolkitError(
            "--predictions needs --data_path", remedy="name the split folder or packed file of the truth"
        )
    return options.data_path or runfolder.read(options.run[0]).settings["data_path"]


def _files(folder: str, source: Any) -> List[str]:
    """The prediction of every frame: NAME.png, NAME_L.png or NAME_P.png."""
    there = set(os.listdir(folder))
    found, missing = [], []
    for name in source.names:
        names = [name + suffix + ".png" for suffix in LABEL_SUFFIXES if name + suffix + ".png" in there]
        found += [os.path.join(folder, names[0])] if len(names) == 1 else []
        missing += [name] if not names else []
        if len(names) > 1:
            raise ToolkitError("holds two predictions of one frame: %s" % ", ".join(names), where=folder)
    if missing:
        text = "lacks %d of %d predictions, the first is %s.png" % (len(missing), len(source), missing[0])
        raise ToolkitError(text, where=folder, remedy="every frame of the split is scored; --split names another one")
    return found


def _prediction(file: str, index: int, source: Any, codec: ColourCodec, about: Dict[str, Any]) -> Prediction:
    """`about` counts the pixels of no class."""
    truth = source.read(index)[1]
    picture = labels.to_8_bits(imageio.read_raw(file))
    read_as = labels.interpret(picture, codec)
    if read_as.unknown and labels.holds_grey_ids(picture, len(source.classes)):
        read_as = labels.interpret(np.ascontiguousarray(picture[..., 0]), codec)
    ids = read_as.ids
    if ids.shape != truth.shape:
        raise ToolkitError(
            "is %d x %d, its frame %d x %d" % (ids.shape + truth.shape),
            where=file,
            remedy="resize predictions to their frames, by the nearest pixel",
        )
    unknown = ids == UNKNOWN
    if unknown.any():
        about["unknown_pixels"] += int(unknown.sum())
        ids = np.where(unknown, _nothing(file, unknown, truth, source), ids).astype(np.uint8)
    return Prediction(index, truth, ids)


def _nothing(file: str, unknown: np.ndarray, truth: np.ndarray, source: Any) -> np.ndarray:
    """What pixels of no class are taken for, [h,w]: Void, and where that is true another class, since it is no hit."""
    void = source.classes.void_ids()
    if not void:
        row, column = (int(i) for i in np.argwhere(unknown)[0])
        text = "has a pixel of no class at row %d, column %d" % (row, column)
        raise ToolkitError(text, where=file, remedy="expected " + FORMS)
    return np.where(truth == void[0], (void[0] + 1) % len(source.classes), void[0])
