"""The floor of one core (pipeline/floor.py) on the frames of a folder; runs in the toolkit's own environment.

python benchmarks/systems/floor.py --folder DIR [--seconds 5]
"""

import argparse
import json
import os
import sys
import time

import harness

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from pipeline import floor  # noqa: E402
from pipeline.spec import BatchSpec  # noqa: E402


def main() -> None:
    """Measure and print one line of JSON, as harness.py does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, metavar="DIR", help="made by benchmarks/compare.py")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    work = harness.Work(options.folder)
    spec = BatchSpec(work.batch_size, work.height, work.width, len(work.colours))
    samples = list(zip(*work.arrays()))
    started, used = time.perf_counter(), time.process_time()
    rate = floor.images_per_second(samples, spec, options.seconds)
    share = (time.process_time() - used) / (time.perf_counter() - started)
    print(json.dumps({"images_per_second": round(rate, 2), "share_of_core": round(share, 3)}))


if __name__ == "__main__":
    main()
