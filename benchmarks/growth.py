"""Whether a batch costs more in a large data set: milliseconds a batch for packed files of 100, 1,000, 10,000 frames.

The frames are drawn once and repeated under other names, so all files hold the same pixels. One thread on one core.

python benchmarks/growth.py [--frames 100,1000,10000] [--height 96] [--width 128] [--seconds 5] [--rounds 3]
"""

import argparse
import os
import shutil
import statistics
import sys
from typing import Dict, List, Optional, Sequence

from comparing import data, runs

DRAWN = 100  # different frames, and the names of their files


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Prepare, measure in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", default="100,1000,10000", help="of the packed files")
    parser.add_argument("--height", type=int, default=96, help="of frames and crops, a multiple of 32")
    parser.add_argument("--width", type=int, default=128, help="of frames and crops, a multiple of 32")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=os.path.join("output", "growth"), metavar="DIR", help="for the frames")
    options = parser.parse_args(argv)
    hw = options.height, options.width
    work = os.path.abspath(os.path.join(options.work, "%dx%d" % hw))
    files = {count: packed(work, count, hw) for count in map(int, options.frames.split(","))}
    found: Dict[int, List[float]] = {count: [] for count in files}
    for _ in range(options.rounds):
        for count, path in files.items():
            one = runs.toolkit(sys.executable, path, "packed", hw[0], hw[1], options.seconds)
            found[count].append(1000 * data.BATCH_SIZE / one["images_per_second"])
    print(table(found, files, hw))


def packed(work: str, count: int, frame_hw: Sequence[int]) -> str:
    """A packed file of `count` training frames, made where it is not there yet."""
    path = os.path.join(work, "%d.h5" % count)
    if not os.path.exists(path):
        drawn, tree = os.path.join(work, "drawn"), os.path.join(work, "tree")
        if not os.path.exists(drawn):
            data.draw_tree(drawn, data.NAMES, tuple(frame_hw))
        repeat(drawn, tree, count)
        print("packing %d frames" % count, file=sys.stderr, flush=True)
        data.pack(tree, path)
        shutil.rmtree(tree)
    return path


def repeat(drawn: str, tree: str, count: int) -> None:
    """A split folder of `count` training frames: the first DRAWN of `drawn`, again and again, as hard links."""
    shutil.rmtree(tree, ignore_errors=True)
    for part in ("train", "train_labels"):
        os.makedirs(os.path.join(tree, part))
        names = sorted(os.listdir(os.path.join(drawn, part)))[:DRAWN]
        for number in range(count):
            name = names[number % len(names)]
            again = "%05d_%s" % (number // len(names), name)
            os.link(os.path.join(drawn, part, name), os.path.join(tree, part, again))
    shutil.copy(os.path.join(drawn, "class_dict.csv"), tree)


def table(found: Dict[int, List[float]], files: Dict[int, str], hw: Sequence[int]) -> str:
    """The table in Markdown."""
    lines = [
        "Batches of %d, frames and crops of %d x %d, one thread, %d rounds in turn:"
        % (data.BATCH_SIZE, hw[0], hw[1], min(map(len, found.values()))),
        "",
        "| frames | packed file, MB | ms a batch: min | median | max |",
        "|---|---|---|---|---|",
    ]
    for count, values in found.items():
        cells = (min(values), statistics.median(values), max(values))
        size = os.path.getsize(files[count]) / 1e6
        lines.append("| {:,} | {:.0f} | {:.3f} | {:.3f} | {:.3f} |".format(count, size, *cells))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
