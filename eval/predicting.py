"""One prediction command: a run and pictures or videos, to labelled ones."""

import argparse
import functools
import time
from typing import Any, Callable, Dict, Iterator, List

import numpy as np

from camvid_tools import atomic
from camvid_tools.console import Console
from camvid_tools.errors import ToolkitError
from camvid_tools.words import counted
from pipeline import device as devices

from . import footage, forms
from .anysize import AnySize
from .trained import load

SCHEMA = "camvid-predict/1"
MOST_LOST = 0.1  # of a video's frames by its header, which need not be exact


def run(options: argparse.Namespace, out: Console) -> int:
    """python -m eval.predict."""
    atomic.require_folder(options.out, "--out")
    items = footage.items(footage.found(options.src), options.out, as_folders=options.form == forms.IDS)
    trained = load(options.run, options.checkpoint)
    palette = forms.Palette(trained.run.classes, trained.model.predicted)
    shown = functools.partial(forms.FORMS[options.form], palette)
    out.say("%s labels %s of %s" % (trained.title, counted(len(items), "file"), options.src))
    with AnySize(trained, devices.choose(options.device), options.tile) as network:
        labelling = Labelling(lambda frame: shown(frame, network.ids(frame)), out.warn)
        begin = time.perf_counter()
        for _ in out.progress(labelling.all(items), sum(map(footage.expected, items)), "labelling"):
            pass
        seconds = time.perf_counter() - begin
    if not labelling.results:
        raise ToolkitError("none of its %d files can be read" % len(items), where=options.src)
    document = {"schema": SCHEMA, "checkpoint": trained.document, "form": options.form, "tile": list(options.tile)}
    document.update(results=labelling.results, damaged=labelling.damaged, seconds=round(seconds, 3))
    out.say(_closing(document, options.out))
    out.result(document)
    return int(bool(labelling.damaged))


def _closing(document: Dict[str, Any], out: str) -> str:
    frames, seconds = sum(result["frames"] for result in document["results"]), document["seconds"]
    lines = [
        "%s in %.1f s, the first of each size with the making of its network" % (counted(frames, "frame"), seconds)
    ]
    if document["damaged"]:
        lines.append("%s not whole" % counted(len(document["damaged"]), "source"))
    lines.append("made %s in %s" % (counted(len(document["results"]), "result"), out))
    return "\n".join(lines)


class Labelling:
    """Goes through the files. `make`: from a frame [H,W,3] to the picture shown. Of several files, one that cannot be
    read is told and noted, and the rest is done all the same."""

    def __init__(self, make: Callable[[np.ndarray], np.ndarray], tell: Callable[[str], None]) -> None:
        self._make, self._tell = make, tell
        self.results: List[Dict[str, Any]] = []
        self.damaged: List[Dict[str, str]] = []

    def all(self, items: List[footage.Item]) -> Iterator[None]:
        """Label everything; yields after each frame."""
        for item in items:
            try:
                yield from self._one(item)
            except footage.UNREADABLE as fault:
                if len(items) == 1:
                    raise
                self._note(item, str(fault))

    def _one(self, item: footage.Item) -> Iterator[None]:
        done, frames = 0, footage.frames(item)
        with footage.writing(item) as write:
            for frame in frames:
                write(self._make(frame))
                done += 1
                yield
        self.results.append({"source": item.path, "path": item.target, "frames": done})
        due = footage.expected(item)
        what = "%s: ends after %d of the %d frames that its header tells" % (item.path, done, due)
        if done < (1 - MOST_LOST) * due:
            self._note(item, what)
        elif done < due:
            self._tell(what)

    def _note(self, item: footage.Item, what: str) -> None:
        self.damaged.append({"source": item.path, "what": what})
        self._tell(what)
