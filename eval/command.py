"""One evaluation: a run or a folder of predictions, and data, to scores, JSON and pictures."""

import argparse
import os
import time
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from camvid_tools import atomic, imageio, layout, words
from camvid_tools.console import Console
from camvid_tools.errors import ToolkitError

from . import cli, explain, pictures, protocols, referee, report, runfolder, scoring, tables
from .subject import Prediction, Subject

SCHEMA, SCHEMA_OF_SEVERAL = "camvid-eval/1", "camvid-eval-runs/1"


def run(options: argparse.Namespace, out: Console) -> int:
    """python -m eval."""
    _check(options)
    subjects = _subjects(options)
    if options.out or options.predictions:
        layout.refuse_inside(options.out or options.predictions)
    scored = [_evaluated(subject, options, out) for subject in subjects]
    if options.html:
        atomic.write_text(options.html, report.page(scored, _typed(options)))
        out.say("made %s" % options.html)
    documents = [one.document for one in scored]
    out.result(documents[0] if len(documents) == 1 else {"schema": SCHEMA_OF_SEVERAL, "runs": documents})
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.batch_size < 1 or options.pictures < 0:
        raise ToolkitError("--batch_size %d and --pictures %d: too few" % (options.batch_size, options.pictures))
    atomic.require_folder(options.out, "--out")
    if len(options.run or []) > 1 and (options.out or options.predictions):
        raise ToolkitError(
            "several runs are scored, each into its own folder", remedy="leave out --out and --predictions"
        )
    if options.predictions:
        _refuse_a_networks(options)
    atomic.refuse_other(options.html, atomic.HTML_STARTS)


def _refuse_a_networks(options: argparse.Namespace) -> None:
    """Flags that say nothing of pictures."""
    known = cli.build_parser()
    for name in ("checkpoint", "device", "batch_size"):
        if getattr(options, name) != known.get_default(name):
            remedy = "leave it out, or score a --run"
            raise ToolkitError("--%s is of a network, --predictions has none" % name, remedy=remedy)
    if options.run and options.data_path:
        raise ToolkitError("--run says nothing beside --predictions and --data_path", remedy="leave one of them out")


def _subjects(options: argparse.Namespace) -> List[Subject]:
    """What the flags name, all of the same frames."""
    if options.predictions:
        return [referee.subject(options)]
    from . import trained  # TensorFlow is not needed to read PNGs

    subjects = [trained.subject(options, path) for path in options.run or [None]]
    first = subjects[0].source
    for subject in subjects[1:]:
        if subject.source.classes != first.classes or subject.source.survey()[0] != first.survey()[0]:
            remedy = "name one with --data_path; runs of different class tables cannot be compared"
            raise ToolkitError("its data is not that of %s" % subjects[0].folder, where=subject.folder, remedy=remedy)
    return subjects


def _typed(options: argparse.Namespace) -> str:
    given = [("--run", path) for path in options.run or []]
    given += [("--checkpoint", options.checkpoint)] * (options.checkpoint != runfolder.BEST)
    given += [("--predictions", options.predictions), ("--data_path", options.data_path), ("--split", options.split)]
    given += [("--protocol", name) for name in options.protocol or []] + [("--html", options.html)]
    return words.typed(["python", "-m", "eval"] + [word for pair in given if pair[1] for word in pair])


def _evaluated(subject: Subject, options: argparse.Namespace, out: Console) -> report.Scored:
    """Score one and leave everything in its folder."""
    source, folder = subject.source, options.out or subject.folder
    chosen = _protocols(options.protocol, source)
    out.say("%s on %d %s frames of %s" % (subject.title, len(source), options.split, source.path))
    gallery, frames = _Gallery(source, options.pictures, os.path.join(folder, runfolder.PICTURES)), report.Frames()

    def look(prediction: Prediction, confusion: np.ndarray) -> None:
        gallery.look(prediction, confusion)
        if options.html:
            frames.add(prediction)

    counted, seconds = _count(subject, chosen, look, out)
    blocks = scoring.blocks(counted, chosen)
    document = _document(subject, options.split, blocks, len(source) / seconds)
    if options.explain:
        document["explained"] = explain.explained(counted.confusions, chosen[0])
    scores = blocks[0].scores
    heat = pictures.confusion_picture(scores.confusion, scores.names, scores.other)
    imageio.write_png(os.path.join(folder, runfolder.CONFUSION), heat)
    atomic.write_json(os.path.join(folder, runfolder.SCORES), document)
    for block in blocks:
        out.say(tables.table(block))
    if options.explain:
        out.say(explain.text(document["explained"], chosen[0], scores.mean_iou))
    out.say(_closing(document, gallery, folder))
    return report.Scored(_shown(subject.folder), source, subject.run, document, counted, blocks[0], frames)


def _shown(folder: str) -> str:
    """A folder as people know it: from here, where it lies below."""
    near = os.path.relpath(folder)
    return os.path.abspath(folder) if near.startswith(os.pardir) else near


def _protocols(names: Any, source: Any) -> List[protocols.Protocol]:
    try:
        wanted = list(dict.fromkeys(names or [None]))
        return [protocols.resolve(name, source.classes.names, source.classes.colours) for name in wanted]
    except ValueError as error:
        raise ToolkitError(str(error)) from None


def _count(subject: Subject, chosen: List, look: Callable, out: Console) -> Tuple[scoring.Counted, float]:
    """All counts, and the seconds from the first frame to the last; building the graph is no part of them."""
    source = subject.source
    with subject.predictions() as predictions:
        begin = time.perf_counter()
        watched = out.progress(predictions, len(source), "scoring")
        counted = scoring.count(watched, len(source.classes), chosen, look)
        seconds = time.perf_counter() - begin
    if len(counted.confusions) != len(source):
        raise AssertionError("%d frames scored of %d" % (len(counted.confusions), len(source)))
    return counted, seconds


class _Gallery:
    """Writes pictures of frames taken evenly from the split."""

    def __init__(self, source: Any, count: int, folder: str) -> None:
        self._source, self.folder = source, folder
        count = min(count, len(source))
        self._wanted = set(np.linspace(0, len(source) - 1, count).round().astype(int).tolist()) if count > 0 else set()
        self.written: List[str] = []

    def look(self, prediction: Prediction, confusion: np.ndarray) -> None:
        """Write the picture of this frame if it is one of those wanted."""
        if prediction.frame not in self._wanted:
            return
        name, table = self._source.names[prediction.frame], self._source.classes
        image, _ = self._source.read(prediction.frame)
        correct = confusion.trace() / max(1, confusion.sum())
        titles = (name, "label", "prediction, %.1f %% of pixels right" % (100 * correct))
        picture = pictures.side_by_side(
            image, (prediction.truth, prediction.prediction), table.colour_array(), table.names, titles
        )
        path = os.path.join(self.folder, name + ".png")
        imageio.write_png(path, picture)
        self.written.append(path)


def _document(subject: Subject, split: str, blocks: List[tables.Block], rate: float) -> Dict[str, Any]:
    first, others = blocks[0], blocks[1:]
    document = {"schema": SCHEMA, "split": split, "frames": len(subject.source)}
    document.update(subject.about, data_digest=subject.source.survey()[0])
    document.update(tables.scores_json(first))
    document.update(subject.speed())
    document["images_per_second"] = round(rate, 2)
    if others:
        document["others"] = {block.protocol.name: tables.scores_json(block) for block in others}
    return document


def _closing(document: Dict[str, Any], gallery: _Gallery, folder: str) -> str:
    lines = []
    unknown = document.get("predictions", {}).get("unknown_pixels")
    if unknown:
        lines.append("%d predicted pixels are of no class: each is a miss" % unknown)
    if "latency_ms" in document:
        delay = document["latency_ms"]
        said = "one frame takes %(median).0f ms (median, %(device)s), the 95th percentile %(p95).0f ms" % delay
        beside = (delay["without_upsampling"]["median"], delay["with_reading"]["median"])
        lines.append(said + "; %.0f ms without upsampling, %.0f ms with reading" % beside)
    lines.append("made %s and %s" % tuple(os.path.join(folder, n) for n in (runfolder.SCORES, runfolder.CONFUSION)))
    if gallery.written:
        lines.append("made %d pictures in %s" % (len(gallery.written), gallery.folder))
    return "\n".join(lines)
