"""How long a whole check takes beside decoding the same PNGs alone: same files, same cores, in turn.

Both keep freed memory, as every command does: without it either takes up to a fifth longer.

python benchmarks/check_speed.py [--data SPLITDIR] [--frames 701] [--rounds 5]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from camvid_tools import memory  # noqa: E402
from camvid_tools.checks import survey  # noqa: E402
from camvid_tools.commands import synth  # noqa: E402


def decode_all(found):
    """Read and decode every frame and label on all cores, and nothing else."""

    def one(file):
        with open(os.path.join(found.root, file), "rb") as handle:
            return cv2.imdecode(np.frombuffer(handle.read(), np.uint8), cv2.IMREAD_UNCHANGED).shape

    files = [file for pair in found.pairs for file in (pair.image, pair.label)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(1 for _ in pool.map(one, files))


def seconds(work):
    """Wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="SPLITDIR", help="default: drawn frames of 720 x 960 in a temporary folder")
    parser.add_argument("--frames", type=int, default=701)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    memory.keep_freed()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or os.path.join(folder, "drawn")
        if options.data is None:
            synth.main(["--out", data, "--layout", "split", "--frames", str(options.frames), "--quiet"])
        found = survey.scan(data)
        checks, decodes = [], []
        for number in range(options.rounds + 1):
            pair = seconds(lambda: survey.survey(found)), seconds(lambda: decode_all(found))
            if number:  # the first round fills the page cache
                checks.append(pair[0])
                decodes.append(pair[1])
    ratios = [check / decode for check, decode in zip(checks, decodes)]
    print("%d frames with labels, %d cores, %d rounds" % (len(found.pairs), os.cpu_count(), options.rounds))
    print("%-22s %8s %8s %8s" % ("seconds", "min", "median", "max"))
    for name, values in (("decoding alone", decodes), ("the whole check", checks), ("ratio, round by round", ratios)):
        print("%-22s %8.2f %8.2f %8.2f" % (name, min(values), statistics.median(values), max(values)))


if __name__ == "__main__":
    main()
