"""A made-up CamVid: drawn street scenes under CamVid's own names, drives and splits, in raw or split layout."""

import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Dict, Iterator, List, NamedTuple, Tuple

from . import atomic, classes, imageio, manifest, scene, splits
from .codec import ColourCodec
from .drives import place
from .errors import ToolkitError

MARKER = "synthetic.json"
RAW, SPLIT = "raw", "split"
RAW_FRAMES, RAW_LABELS, RAW_COLOURS = "701_StillsRaw_full", "LabeledApproved_full", "label_colors.txt"


class Plan(NamedTuple):
    """What is to be drawn. `frames`: (name, split of the default preset)."""

    out: str
    layout: str
    frames: List[Tuple[str, str]]
    height: int
    width: int
    seed: int


def choose_frames(count: int) -> List[Tuple[str, str]]:
    """`count` of CamVid's 701 names, evenly from every drive and every list of the default split, sorted."""
    assigned = splits.preset("default")
    groups: Dict[Tuple[str, str], List[str]] = {}
    for name in splits.camvid_names():
        groups.setdefault((place(name).drive, assigned[name]), []).append(name)
    shares = _shares({group: len(names) for group, names in groups.items()}, count)
    chosen = [name for group, names in groups.items() for name in _evenly(names, shares[group])]
    return [(name, assigned[name]) for name in sorted(chosen)]


def _shares(sizes: Dict[Tuple[str, str], int], count: int) -> Dict[Tuple[str, str], int]:
    """Parts of `count` in proportion to sizes, by largest remainder; one at least where there are enough."""
    total = sum(sizes.values())
    least = 1 if count >= len(sizes) else 0
    parts = {group: max(least, size * count // total) for group, size in sizes.items()}
    by_need = sorted(sizes, key=lambda group: (parts[group] - sizes[group] * count / total, group))
    step = 0
    while sum(parts.values()) != count:
        change = 1 if sum(parts.values()) < count else -1
        group = by_need[step % len(by_need)] if change > 0 else by_need[-1 - step % len(by_need)]
        if least <= parts[group] + change <= sizes[group]:
            parts[group] += change
        step += 1
    return parts


def _evenly(names: List[str], count: int) -> List[str]:
    return [names[(2 * i + 1) * len(names) // (2 * count)] for i in range(count)]


def prepare(plan: Plan) -> None:
    """Make the folder ours: new, empty, or an earlier one of the same settings; writes all but the pictures."""
    settings = dict(plan._asdict(), frames=len(plan.frames), schema="camvid-synth/1")
    del settings["out"]
    marker = os.path.join(plan.out, MARKER)
    if os.path.exists(plan.out) and not os.path.isdir(plan.out):
        raise ToolkitError("is a file, a folder is due", where=plan.out, remedy="choose another --out")
    if not atomic.is_unclaimed(plan.out, marker):
        if not os.path.exists(marker):
            raise ToolkitError(
                "holds files that camvid-synth did not write", where=plan.out, remedy="choose another --out"
            )
        with open(marker, "rb") as handle:
            if handle.read() != atomic.json_text(settings).encode("utf-8"):
                remedy = "remove that folder or choose another --out"
                raise ToolkitError("holds frames drawn with other settings", where=plan.out, remedy=remedy)
    atomic.write_json(marker, settings)
    cut_off = "camvid-synth is at work here, or was cut off: run the same command again\n"
    atomic.write_text(os.path.join(plan.out, manifest.UNFINISHED), cut_off)
    table = classes.camvid32()
    if plan.layout == SPLIT:
        atomic.write_text(os.path.join(plan.out, classes.FILE_NAME), table.to_csv())
    else:
        rows = ["%d %d %d\t%s" % (colour + (name,)) for name, colour in zip(table.names, table.colours)]
        atomic.write_text(os.path.join(plan.out, RAW_COLOURS), "\n".join(rows) + "\n")


def write_frames(plan: Plan) -> Iterator[str]:
    """Draw and write every frame on all cores, yielding names in order. Frames that are there already are kept."""
    _folders(plan)
    yield from _written(plan)
    os.remove(os.path.join(plan.out, manifest.UNFINISHED))


def _written(plan: Plan) -> Iterator[str]:
    workers = min(os.cpu_count() or 1, len(plan.frames))
    if len(plan.frames) * plan.height * plan.width < 4 << 20:  # starting processes would take longer than the work
        for frame in plan.frames:
            yield _write_frame((plan, frame))
        return
    with ProcessPoolExecutor(workers, initializer=_serve, initargs=(os.getpid(),)) as pool:
        for name in pool.map(_write_frame, [(plan, frame) for frame in plan.frames], chunksize=4):
            yield name


def _serve(parent: int) -> None:
    """What a worker does first: leave Ctrl-C to the parent, and leave when the parent is gone, even by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _places(plan: Plan, split: str) -> Tuple[str, str]:
    return (RAW_FRAMES, RAW_LABELS) if plan.layout == RAW else (split, split + "_labels")


def _folders(plan: Plan) -> None:
    for folder in sorted({folder for _, split in plan.frames for folder in _places(plan, split)}):
        os.makedirs(os.path.join(plan.out, folder), exist_ok=True)


def _write_frame(job: Tuple[Plan, Tuple[str, str]]) -> str:
    plan, (name, split) = job
    frames, labels = (os.path.join(plan.out, folder) for folder in _places(plan, split))
    image_path, label_path = os.path.join(frames, name + ".png"), os.path.join(labels, name + "_L.png")
    if os.path.exists(image_path) and os.path.exists(label_path):
        return name
    drive, number = place(name)
    image, ids = scene.render(drive, number, plan.seed, plan.height, plan.width)
    imageio.write_png(image_path, image)
    imageio.write_png(label_path, _codec().decode(ids))
    return name


def _codec() -> ColourCodec:
    """One codec a process."""
    if not _CODECS:
        _CODECS.append(ColourCodec(classes.camvid32()))
    return _CODECS[0]


_CODECS: List[ColourCodec] = []
