"""One export: a checkpoint to a file of a form, compared with the checkpoint before it takes its name."""

import argparse
import os
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

import numpy as np

from camvid_tools.console import Console
from camvid_tools.errors import RunFault, ToolkitError
from pipeline import canvas, sources
from pipeline import device as devices

from . import atc, exported, places
from .anysize import AnySize
from .export import FROZEN
from .exported import FORMS, Run
from .serving import IMAGE, Serving
from .trained import Trained, load

SCHEMA = "export/1"
FRAMES = 4  # compared
MOST_DIFFERENT = 1e-4  # of a score, as a part of the largest
MOST_DISAGREEING = 1e-4  # of all pixels: where two scores are as good as equal
LONGEST = 1 << 14  # pixels a side
Size = Optional[Tuple[int, int]]  # None: any


class Comparison(NamedTuple):
    """Of the file with its checkpoint: frames, pixels, the largest score and the largest difference of one, pixels of
    another id."""

    frames: int
    pixels: int
    largest: float
    max_difference: float
    disagreeing_pixels: int


def run(options: argparse.Namespace, out: Console) -> int:
    """python -m eval.export."""
    exported.require(options.form)
    if options.soc_version is not None and (options.form != FROZEN or options.dynamic):
        raise ToolkitError("--soc_version is for atc, which takes --form frozen of a fixed size", remedy="leave it out")
    form, target = FORMS[options.form], os.path.realpath(options.out)
    places.refuse_other(target, options.form)
    trained = load(options.run, options.checkpoint)
    source = _source(options, trained)
    size = _size(options, source)
    frames = _frames(source, size)
    out.say("exporting %s as %s, for frames of %s" % (trained.title, options.form, _words(size)))
    with Serving(trained, size) as serving, places.made(target, lambda path: form.write(serving, path)) as part:
        with form.read(part) as network:
            found = compared(network, serving, trained, out.progress(frames, len(frames), "comparing"))
        if not is_close(found):
            raise RunFault("what was exported differs from its checkpoint: " + _difference(found), where=options.out)
    document = _document(options, trained, size, found)
    out.say("it answers as the checkpoint does: " + _difference(found))
    out.say("made %s: input %s, outputs %s and %s" % ((options.out,) + form.names))
    out.say(atc.text(document["atc"]))
    out.result(document)
    return 0


def _source(options: argparse.Namespace, trained: Trained) -> Any:
    """The frames to compare on: by default the first of the splits that there are, those kept back first."""
    path = options.data_path or trained.run.settings["data_path"]
    there = sources.splits_of(path)
    default = next((name for name in ("val", "test", "train") if name in there), "val")
    return sources.open_source(path, options.split or default)


def _size(options: argparse.Namespace, source: Any) -> Size:
    given = (options.height, options.width)
    if options.dynamic:
        if given != (None, None):
            raise ToolkitError("--dynamic takes frames of any size", remedy="leave out --height and --width")
        return None
    height, width = (own if one is None else one for one, own in zip(given, source.survey()[1]))
    if not (1 <= height <= LONGEST and 1 <= width <= LONGEST):
        what = "frames of %d x %d cannot be" % (height, width)
        raise ToolkitError(what, remedy="--height and --width go from 1 to %d" % LONGEST)
    return height, width


def _frames(source: Any, size: Size) -> List[np.ndarray]:
    """Real frames of the size, cut or padded where theirs is another; for any, as they are and ever smaller."""
    chosen = np.linspace(0, len(source) - 1, min(FRAMES, len(source))).astype(int)
    frames = [source.read(int(index))[0] for index in chosen]
    if size is not None:
        return [canvas.padded(frame[: size[0], : size[1]], *size) for frame in frames]
    return [frame[i * len(frame) // 16 :, : -(-frame.shape[1] * (16 - i) // 16)] for i, frame in enumerate(frames)]


def compared(network: Run, serving: Serving, trained: Trained, frames: Iterable[np.ndarray]) -> Comparison:
    """Scores with the live graph's, ids with those that `python -m eval` would count."""
    count = pixels = disagreeing = 0
    largest = different = 0.0
    with AnySize(trained, devices.choose("cpu"), (LONGEST, LONGEST)) as scored:
        for frame in frames:
            answer, live = network(frame[np.newaxis]), serving(frame[np.newaxis])
            found, wanted = (one.scores[..., trained.model.predicted] for one in (answer, live))
            different = float(np.maximum(different, np.abs(found - wanted).max()))
            largest = max(largest, float(np.abs(wanted).max()))
            disagreeing += int((answer.ids[0] != scored.ids(frame)).sum())
            count, pixels = count + 1, pixels + answer.ids.size
    return Comparison(count, pixels, largest, different, disagreeing)


def is_close(found: Comparison) -> bool:
    """Whether it may be called the same network; a difference that is no number is none."""
    agree = found.disagreeing_pixels <= MOST_DISAGREEING * found.pixels
    return found.max_difference <= MOST_DIFFERENT * found.largest and agree


def _difference(found: Comparison) -> str:
    texts = (found.frames, found.max_difference, found.largest, found.disagreeing_pixels, found.pixels)
    return "over %d frames, scores differ by at most %.1e (the largest is %.3g), ids in %d of %d pixels" % texts


def _words(size: Size) -> str:
    return "any size" if size is None else "%d x %d" % size


def _document(options: argparse.Namespace, trained: Trained, size: Size, found: Comparison) -> Dict[str, Any]:
    shape, names = [1, *(size or (None, None))], FORMS[options.form].names
    document = {"schema": SCHEMA, "form": options.form, "path": options.out, "checkpoint": trained.document}
    document["input"] = {"name": names.image, "shape": shape + [3], "dtype": "uint8"}
    document["outputs"] = {
        "ids": {"name": names.ids, "shape": shape, "dtype": "uint8"},
        "scores": {"name": names.scores, "shape": shape + [trained.model.classes], "dtype": "float32"},
    }
    document.update(frames_compared=found.frames, max_difference=found.max_difference)
    document.update(disagreeing_pixels=found.disagreeing_pixels, atc=None)
    if options.form == FROZEN and size is not None:
        outputs = (names.ids, names.scores)
        document["atc"] = atc.command(options.out, IMAGE, size, outputs, options.soc_version or atc.SOC_VERSION)
    return document
