"""What the scripts of all systems share: the work that is due, the clock, the check, one line of JSON.

A script hands `main` one function a source, which takes a Work and gives batches for ever. It is started as

python benchmarks/systems/SYSTEM.py --folder DIR --source png|arrays [--seconds 5]

by the interpreter of the system's own environment, where DIR was made by benchmarks/compare.py.
"""

import argparse
import itertools
import json
import os
import sys
import time
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

WARM_UP = 12  # batches before the clock starts; these are the ones that are checked
Batch = Tuple[Any, Any]


class Work:
    """The work of one folder: `work.json` as attributes, its sources, and what every image has to go through.

    height, width: of the output; frame_height, frame_width: of the frames; images, labels: paths of the PNG files;
    scale, contrast: (low, high); flip: probability; brightness: grey levels; pad_colour: RGB; pad_label: id.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with open(os.path.join(folder, "work.json"), encoding="utf-8") as file:
            self.__dict__.update(json.load(file))

    def arrays(self) -> Tuple[np.ndarray, np.ndarray]:
        """Memory maps of the decoded frames: images [F,h,w,3] and ids [F,h,w], uint8."""
        images, labels = (os.path.join(self.folder, name + ".npy") for name in ("images", "labels"))
        return np.load(images, mmap_mode="r"), np.load(labels, mmap_mode="r")

    def id_table(self) -> np.ndarray:
        """[2**24] uint8: id of the colour r * 65536 + g * 256 + b; the padding's id for colours of no class."""
        table = np.full(1 << 24, self.pad_label, np.uint8)
        for number, (red, green, blue) in enumerate(self.colours):
            table[red << 16 | green << 8 | blue] = number
        return table


def read_png(image: str, label: str, table: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Image [h,w,3] RGB and ids [h,w] of two PNG files, as a careful user of OpenCV reads them."""
    import cv2

    colours = cv2.cvtColor(cv2.imread(label), cv2.COLOR_BGR2BGRA)  # four bytes a pixel are one number: 0xFFRRGGBB
    ids = table[colours.view("<u4")[..., 0] & 0xFFFFFF]
    return cv2.imread(image, cv2.IMREAD_COLOR_RGB), ids


def check(batches: List[Batch], work: Work, pads: bool, labelled: bool) -> None:
    """ValueError where batches are not what the work asks for: shapes, ids, and padding of the right colour."""
    shape = (work.batch_size, work.height, work.width)
    padded = 0
    for images, labels in batches:
        images, labels = np.asarray(images), np.asarray(labels)
        if images.dtype != np.uint8 or images.shape != shape + (3,):
            raise ValueError("images are %s %s" % (images.dtype, images.shape))
        if not labelled:
            continue
        if labels.dtype != np.uint8 or labels.shape != shape:
            raise ValueError("labels are %s %s" % (labels.dtype, labels.shape))
        wrong = (labels >= len(work.colours)) & (labels != work.pad_label)
        if wrong.any():
            raise ValueError("%d label pixels are no ids" % wrong.sum())
        padding = images[labels == work.pad_label]
        padded += len(padding)
        if pads and len(padding) and (padding == work.pad_colour).all(axis=1).mean() < 0.99:
            raise ValueError("the padding is not %s" % (work.pad_colour,))
    if pads and labelled and not padded:
        raise ValueError("nothing was padded in %d batches" % len(batches))


def measure(batches: Iterable[Batch], work: Work, seconds: float) -> Dict[str, float]:
    """Images a second of wall time and of CPU time over about `seconds`; checks the batches of the warm-up."""
    images, started, used = 0, time.perf_counter(), time.process_time()
    for _ in batches:
        images += work.batch_size
        elapsed = time.perf_counter() - started
        if elapsed >= seconds:
            break
    cpu = time.process_time() - used
    return {
        "images_per_second": round(images / elapsed, 2),
        "images_per_cpu_second": round(images / cpu, 2),
        "share_of_core": round(cpu / elapsed, 3),
    }


def main(
    sources: Dict[str, Callable[[Work], Iterable[Batch]]],
    versions: Callable[[], Dict[str, str]],
    unpadded: Sequence[str] = (),
    unlabelled: Sequence[str] = (),
    argv: Optional[Sequence[str]] = None,
) -> None:
    """Measure one source and print the JSON line; `unpadded` and `unlabelled` name the sources that do less work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, metavar="DIR", help="made by benchmarks/compare.py")
    parser.add_argument("--source", required=True, choices=sorted(sources))
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args(argv)
    work = Work(options.folder)
    batches = iter(sources[options.source](work))
    warm_up = list(itertools.islice(batches, WARM_UP))
    check(warm_up, work, options.source not in unpadded, options.source not in unlabelled)
    del warm_up
    found = dict(measure(batches, work, options.seconds), versions=dict(versions(), python=sys.version.split()[0]))
    print(json.dumps(found))
