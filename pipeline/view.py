"""camvid-view: a contact sheet of frames and labels, as they are or as training gets them."""

import argparse
import difflib
import os
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from camvid_tools import atomic, console, drawing, imageio, layout
from camvid_tools.errors import RunFault, ToolkitError

from . import augmentations, recipe_feed, replay, sheet, sources
from .batches import TrainBatches
from .schedule import Schedule
from .sizes import training_size
from .spec import BatchSpec

SCHEMA = "camvid-view/1"
SPREAD = 8  # frames shown where none are named
MOST_TILES = 200
LAST = 2**48  # far beyond any training, and no counter of frames overflows
OF_TRAINING = ("augment", "recipe", "seed", "batch_size", "height", "width")
WINDOW_COLOURS = ((25, 25, 25), (255, 230, 0))  # a dark rim and a light line: seen on any frame
PADDING = "padding or no class"


class View(NamedTuple):
    """What goes on the sheet, and how it is told: seen, the ids that occur; entries, the tiles as JSON."""

    heading: str
    tiles: List[sheet.Tile]
    seen: np.ndarray
    entries: List[Dict[str, Any]]
    lines: List[str]
    what: str


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-view",
        "Look at frames beside their labels: as they are, or exactly as training gets them (--step, --epoch; from 0).\n"
        "--epoch with one name in --frames replays that sample and prints its whole draw.",
        "camvid-view --data_path CamVid_split.h5 --step 0",
    )
    parser.add_argument("--data_path", required=True, metavar="X", help="a split folder or a packed file")
    parser.add_argument("--split", default="train", help="the split to read")
    parser.add_argument("--frames", metavar="NAME,...", help="names of frames (default: %d, evenly spread)" % SPREAD)
    parser.add_argument("--step", type=int, metavar="K", help="the samples of training batch K")
    parser.add_argument("--epoch", type=int, metavar="E", help="the frames as they come in epoch E")
    parser.add_argument("--recipe", metavar="NAME|FILE", help="of the training (default: %s)" % recipe_feed.RECIPE)
    parser.add_argument("--augment", metavar="NAME|FILE", help="the augmentation (default: the recipe's)")
    parser.add_argument("--seed", type=int, help="of order and draws (default: %d)" % recipe_feed.SEED)
    parser.add_argument("--batch_size", type=int, help="images a batch (default: %d)" % recipe_feed.BATCH_SIZE)
    parser.add_argument("--height", type=int, help="of the crop (default: the recipe's, or by the data)")
    parser.add_argument("--width", type=int, help="of the crop (default: the recipe's, or by the data)")
    parser.add_argument("--out", metavar="FILE.png", help="the sheet (default: by data, split, step or epoch, here)")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Choose, make, draw, tell."""
    _check(options)
    target = _target(options)
    _refuse_data(target, options.data_path)
    source = sources.open_source(options.data_path, options.split, tolerant=True)
    try:
        view = _view(source, options)
    except RunFault as fault:
        remedy = "restore it, or choose others by --frames; camvid-check %s finds all" % options.data_path
        raise ToolkitError(fault.what, fault.where, remedy) from None
    items = drawing.legend_items(
        [np.array(view.seen, np.uint8)], source.classes.colour_array(), source.classes.names, PADDING
    )
    imageio.write_png(target, sheet.sheet(view.heading, view.tiles, items))
    out.say("\n".join(view.lines))
    out.say("made %s: %s" % (target, view.what))
    out.result({"schema": SCHEMA, "out": target, "tiles": view.entries})
    return 0


def _check(options: argparse.Namespace) -> None:
    for name, least, most in (("step", 0, LAST), ("epoch", 0, LAST), ("batch_size", 1, MOST_TILES)):
        value = getattr(options, name)
        if value is not None and not least <= value <= most:
            raise ToolkitError("--%s %d is not from %d to %d" % (name, value, least, most))
    if options.step is not None and options.epoch is not None:
        raise ToolkitError("--step and --epoch are both given", remedy="give one of them")
    if options.step is not None and options.frames is not None:
        remedy = "give --frames with --epoch, or --step alone"
        raise ToolkitError("--step and --frames are both given, but a batch has its own frames", remedy=remedy)
    for name in OF_TRAINING:
        if options.step is None and options.epoch is None and getattr(options, name) is not None:
            remedy = "add --step K, or --epoch E: --epoch 0 is the first"
            raise ToolkitError("--%s changes nothing about the frames as they are" % name, remedy=remedy)


def _target(options: argparse.Namespace) -> str:
    """The file to write."""
    if options.out is None:
        name = os.path.basename(os.path.abspath(options.data_path))
        name = os.path.splitext(name)[0] if os.path.isfile(options.data_path) else name
        which = [("step", options.step), ("epoch", options.epoch)]
        return "_".join([name, options.split] + ["%s%d" % pair for pair in which if pair[1] is not None]) + ".png"
    if os.path.isdir(options.out) or not options.out.lower().endswith(".png"):
        raise ToolkitError("a sheet is a PNG file", where=options.out, remedy="name it: --out FILE.png")
    return options.out


def _refuse_data(target: str, data: str) -> None:
    """ToolkitError where the sheet would lie in the data, or replace what is no picture."""
    if layout.is_inside(target, data):
        raise ToolkitError("is inside the data, which is only read", where=target, remedy="choose another --out")
    atomic.refuse_other(target, (imageio.PNG_START,))


def _view(source, options: argparse.Namespace) -> View:
    if options.step is None and options.epoch is None:
        return _plain(source, _chosen(source, options))
    make = _batches(source, options)
    if options.step is not None:
        found = replay.batch(make, options.step)
        titles = ["%s, epoch %d" % (one.name, one.epoch) for one in found]
        what = "%d samples of training batch %d" % (len(found), options.step)
        return _drawn(make, found, titles, "batch %d" % options.step, what)
    frames = _chosen(source, options)
    found = replay.samples(make, [options.epoch] * len(frames), frames)
    where = "epoch %d" % options.epoch
    if len(found) == 1 and options.frames is not None:
        return _replayed(make, found[0], where)
    titles = ["%s, batch %d" % (one.name, one.step) for one in found]
    return _drawn(make, found, titles, where, "%d frames as they come in epoch %d" % (len(found), options.epoch))


def _batches(source, options: argparse.Namespace) -> TrainBatches:
    """The batches of the training that these flags would start."""
    feed = recipe_feed.read(recipe_feed.RECIPE if options.recipe is None else options.recipe)
    chosen = augmentations.named(feed.augment if options.augment is None else options.augment)
    height = feed.height if options.height is None else options.height
    width = feed.width if options.width is None else options.width
    height, width = training_size(source, height, width)
    batch_size = recipe_feed.BATCH_SIZE if options.batch_size is None else options.batch_size
    seed = recipe_feed.SEED if options.seed is None else options.seed
    spec = BatchSpec(batch_size, height, width, len(source.classes))
    return TrainBatches(source, Schedule(len(source), batch_size, seed), chosen, spec)


def _chosen(source, options: argparse.Namespace) -> List[int]:
    """Indices of the frames that were named, else of some taken evenly from the split."""
    if options.frames is None:
        return np.linspace(0, len(source) - 1, min(SPREAD, len(source))).round().astype(int).tolist()
    names = list(dict.fromkeys(name.strip() for name in options.frames.split(",") if name.strip()))
    if not names:
        raise ToolkitError("--frames names no frame", remedy="give names, such as %s" % source.names[0])
    if len(names) > MOST_TILES:
        raise ToolkitError("--frames names %d frames, a sheet shows at most %d" % (len(names), MOST_TILES))
    places = {name: index for index, name in enumerate(source.names)}
    for name in names:
        if name not in places:
            near = difflib.get_close_matches(name, source.names, 3, cutoff=0.0)
            what = "no frame '%s' in the split '%s'" % (name, source.split)
            raise ToolkitError(what, where=source.path, remedy="nearest: %s" % ", ".join(near))
    return [places[name] for name in names]


def _plain(source, frames: Sequence[int]) -> View:
    """Frames beside their labels, untouched."""
    tiles, entries, seen = [], [], np.empty(0, np.uint8)
    for frame in frames:
        image, ids = source.read(frame)
        tiles.append(sheet.Tile(source.names[frame], "%d x %d" % ids.shape, _pair(source, image, ids)))
        entries.append({"name": source.names[frame], "frame": frame, "epoch": None, "draw": None})
        seen = np.union1d(seen, ids)
    heading = "%s, %s: %d of %d frames" % (_name(source), source.split, len(frames), len(source))
    return View(heading, tiles, seen, entries, [tile.title for tile in tiles], "%d frames" % len(frames))


def _drawn(make: TrainBatches, found: Sequence[replay.Replayed], titles: Sequence[str], where: str, what: str) -> View:
    """Samples as training gets them, beside their labels."""
    panels = [_pair(make.source, one.image, one.ids) for one in found]
    tiles = [sheet.Tile(title, one.summary(), pair) for title, one, pair in zip(titles, found, panels)]
    lines = ["%s: %s" % (tile.title, tile.line) for tile in tiles]
    seen = np.unique([one.ids for one in found])
    return View(_heading(make, where), tiles, seen, [one.document() for one in found], lines, what)


def _replayed(make: TrainBatches, one: replay.Replayed, where: str) -> View:
    """One sample with its source: the frame with the drawn window, the image, the label."""
    image, _ = make.source.read(one.frame)
    panels = [_with_window(image, one.window)] + _pair(make.source, one.image, one.ids)
    captions = ("frame and drawn window", "as training gets it", "its label")
    tile = sheet.Tile(one.name, one.summary(), panels, captions)
    lines = ["%s in epoch %d: in training batch %d" % (one.name, one.epoch, one.step)]
    lines += ["  " + line for line in one.details()]
    what = "%s as it comes in epoch %d" % (one.name, one.epoch)
    return View(_heading(make, where), [tile], np.unique(one.ids), [one.document()], lines, what)


def _heading(make: TrainBatches, where: str) -> str:
    parts = (_name(make.source), make.source.split, where, make.augmentation.name, make.schedule.seed)
    return "%s, %s, %s: augmentation %s, seed %d" % parts + ", batches of %d x %d x %d" % make.spec[:3]


def _name(source) -> str:
    return os.path.basename(os.path.abspath(source.path))


def _pair(source, image: np.ndarray, ids: np.ndarray) -> List[np.ndarray]:
    return [image, drawing.overlay(image, ids, source.classes.colour_array())]


def _with_window(image: np.ndarray, window: replay.Box) -> np.ndarray:
    """A copy of the frame [h,w,3] with the window (y, x, height, width) as a rectangle on its border."""
    shown, line = image.copy(), max(1, image.shape[1] // 240)
    top, left, height, width = window
    bottom, right = top + height - 1, left + width - 1
    for inset, colour in zip((0, line), WINDOW_COLOURS):
        corners = (left + inset, top + inset), (right - inset, bottom - inset)
        cv2.rectangle(shown, corners[0], corners[1], colour, line)
    return shown


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-view."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
