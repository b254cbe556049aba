"""How long one label takes from colours to ids, beside its PNG decoding, on one core.

python benchmarks/label_encoding.py [--labels 20] [--rounds 9]
"""

import argparse
import os
import statistics
import sys
import time

import cv2
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from camvid_tools import classes, imageio, scene  # noqa: E402
from camvid_tools.codec import ColourCodec  # noqa: E402

SIZES = ((360, 480), (720, 960))


def arbitrary(count, seed=1):
    """A table of `count` colours without any pattern."""
    codes = np.random.RandomState(seed).permutation(1 << 24)[:count]
    colours = tuple((int(c) & 255, int(c) >> 8 & 255, int(c) >> 16) for c in codes)
    return classes.ClassTable(tuple("class%d" % i for i in range(count)), colours)


def milliseconds(work, items, rounds):
    """Median over rounds of the time an item."""
    work(items[0])
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        for item in items:
            work(item)
        found.append((time.perf_counter() - start) / len(items) * 1e3)
    return statistics.median(found)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("%-12s %-22s %12s %12s" % ("size", "palette", "decode, ms", "encode, ms"))
    for height, width in SIZES:
        ids = [scene.render("0016E5", 390 + 30 * i, 0, height, width)[1] for i in range(options.labels)]
        for name, table in (("CamVid's 32", classes.camvid32()), ("255 arbitrary colours", arbitrary(255))):
            codec = ColourCodec(table)
            spread = [(one.astype(int) * 7 % len(table)).astype(np.uint8) for one in ids]
            colours = [codec.decode(one) for one in spread]
            assert all(np.array_equal(codec.encode(a), b) for a, b in zip(colours, spread))
            files = [np.frombuffer(imageio.png_bytes(one), np.uint8) for one in colours]
            decode = milliseconds(lambda data: cv2.imdecode(data, cv2.IMREAD_UNCHANGED), files, options.rounds)
            encode = milliseconds(codec.encode, colours, options.rounds)
            print("%-12s %-22s %12.2f %12.2f" % ("%d x %d" % (height, width), name, decode, encode))


if __name__ == "__main__":
    main()
