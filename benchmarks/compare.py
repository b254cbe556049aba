"""The input pipeline beside those of other systems: the same work on one core, as a fraction of the floor beside it.

Draws the frames, makes an environment for each system, runs each as a process of its own with the floor
(pipeline/floor.py) directly before and after it, and writes compare.json, compare.md and compare.png. A system that
does not install is a line that says why.

python benchmarks/compare.py [--systems toolkit,dali] [--sizes small,large] [--seconds 5] [--rounds 3] [--add]
"""

import argparse
import json
import os
import platform
import statistics
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from comparing import chart, data, environments, report, rows, runs

from camvid_tools import atomic

SCHEMA = "benchmark-compare/1"
HERE = os.path.dirname(os.path.abspath(__file__))
FLOOR_SHARE = 0.5  # of a measurement's seconds


class Job(NamedTuple):
    """A row, the interpreter that runs it, and the toolkit's TensorFlow where the row depends on it."""

    row: rows.Row
    python: str
    tensorflow: str


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Prepare, measure, write after every round."""
    options = _parser().parse_args(argv)
    options.out = options.out or options.work
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, "compare.json")
    folders = prepare(options)
    document = _document(options, folders, path)
    jobs = list(_jobs(options, document["failures"]))
    for number in range(options.rounds):
        for size, folder in folders.items():
            for found in measure(jobs, size, folder, options.seconds, document["failures"]):
                document["measurements"].append(found)
                _say(found)
        _write(document, path)
        print("round %d of %d done" % (number + 1, options.rounds), file=sys.stderr, flush=True)
    print(report.markdown(document))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", type=_names(rows.SYSTEMS), default=list(rows.SYSTEMS), help="default: all")
    parser.add_argument("--sizes", type=_names(data.SIZES), default=list(data.SIZES), help="of the drawn frames")
    parser.add_argument("--data", metavar="SPLITDIR", help="frames of your own, all of one size; labels in colours")
    parser.add_argument("--frames", type=int, default=100, help="how many training frames are drawn, about")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=os.path.join("output", "compare"), metavar="DIR", help="frames, environments")
    parser.add_argument("--out", metavar="DIR", help="for the results (default: the folder of --work)")
    parser.add_argument("--add", action="store_true", help="add rounds to the results that are there")
    parser.add_argument("--python", nargs="+", default=[], metavar="PY", help="interpreters that have the toolkit")
    parser.add_argument("--interpreter", metavar="PY", help="a Python 3.11 or 3.12 for the other systems")
    return parser


def _names(known: Dict[str, Any]):
    def read(text: str) -> List[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError("no '%s'; there are %s" % (unknown[0], ", ".join(known)))
        return names

    return read


def prepare(options: argparse.Namespace) -> Dict[str, str]:
    """{size: folder with the frames and work.json}"""
    if options.data:
        folder = os.path.abspath(os.path.join(options.work, data.OWN))
        data.own(folder, options.data)
        return {data.OWN: folder}
    folders = {size: os.path.abspath(os.path.join(options.work, "drawn-" + size)) for size in options.sizes}
    for size, folder in folders.items():
        data.drawn(folder, size, options.frames)
    return folders


def _jobs(options: argparse.Namespace, failures: Dict[str, str]) -> Iterator[Job]:
    ours = environments.toolkit(options.python)
    for name in options.systems:
        system = rows.SYSTEMS[name]
        pythons = ours if not system.requirements else _own_environment(options, name, failures)
        for row in rows.ROWS:
            if row.system == name:
                yield from (Job(row, python, version) for version, python in pythons.items())


def _own_environment(options: argparse.Namespace, name: str, failures: Dict[str, str]) -> Dict[str, str]:
    folder = os.path.abspath(os.path.join(options.work, "env-" + name))
    try:
        python = environments.interpreter(options.interpreter)
        found = {"": environments.environment(folder, rows.SYSTEMS[name].requirements, python)}
    except environments.NotInstalled as error:
        failures[name] = str(error)
        print("%s: %s" % (name, error), file=sys.stderr)
        return {}
    failures.pop(name, None)
    return found


def measure(jobs: Sequence[Job], size: str, folder: str, seconds: float, failures: Dict[str, str]) -> Iterator[Dict]:
    """One figure of every job on one size, each between two floors; a job that failed is not tried again."""

    def floor() -> Dict[str, Any]:
        return runs.steady(lambda: runs.floor(folder, seconds * FLOOR_SHARE))

    work, before = data.read_work(folder), floor()
    for job in jobs:
        title = "%s from %s" % (job.row.system, job.row.source) + (" " + job.tensorflow if job.tensorflow else "")
        if title in failures:
            continue
        try:
            found = runs.steady(lambda: _run(job, folder, work, seconds, before))  # noqa: B023
        except runs.Failed as error:
            failures[title] = str(error)
            print("%s: %s" % (title, error), file=sys.stderr)
            continue
        after = floor()
        yield _measurement(job, size, found, (before, after))
        before = after


def _run(job: Job, folder: str, work: Dict[str, Any], seconds: float, floor: Dict[str, Any]) -> Dict[str, Any]:
    if job.row.system == "toolkit":
        path = runs.toolkit_source(folder, work, job.row.source)
        found = runs.toolkit(job.python, path, job.row.source, work["height"], work["width"], seconds)
        share = found["floor_images_per_second"] / floor["images_per_second"]
        return dict(found, share_of_core=round(min(1.0, share), 3))
    return runs.script(job.python, rows.SYSTEMS[job.row.system].script, folder, job.row.source, seconds)


def _measurement(job: Job, size: str, found: Dict[str, Any], floors: Tuple[Dict, Dict]) -> Dict[str, Any]:
    rates = [one["images_per_second"] for one in floors]
    return {
        "system": job.row.system,
        "source": job.row.source,
        "tensorflow": job.tensorflow,
        "size": size,
        "images_per_second": found["images_per_second"],
        "floors": rates,
        "fraction_of_floor": round(found["images_per_second"] / statistics.mean(rates), 4),
        "share_of_core": min([found["share_of_core"]] + [one["share_of_core"] for one in floors]),
        "versions": found.get("versions", {}),
        "own_fraction_of_floor": found.get("fraction_of_floor"),  # python -m pipeline measures a floor of its own
    }


def _document(options: argparse.Namespace, folders: Dict[str, str], path: str) -> Dict[str, Any]:
    works = {size: data.read_work(folder) for size, folder in folders.items()}
    sizes = {
        size: {
            "frames": work["frames"],
            "frame_hw": [work["frame_height"], work["frame_width"]],
            "output_hw": [work["height"], work["width"]],
        }
        for size, work in works.items()
    }
    fresh = {
        "schema": SCHEMA,
        "machine": _machine(),
        "data": "own" if options.data else "drawn",
        "batch_size": data.BATCH_SIZE,
        "sizes": sizes,
        "measurements": [],
        "failures": {},
    }
    if not (options.add and os.path.exists(path)):
        return fresh
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    if any(kept[key] != fresh[key] for key in ("schema", "machine", "data", "batch_size")):
        raise SystemExit(
            "compare: %s is of another machine or other data; leave --add out or name another --out" % path
        )
    order = list(data.SIZES) + [data.OWN]
    both = dict(kept["sizes"], **sizes)
    sizes = {size: both[size] for size in order if size in both}
    failures = {name: why for name, why in kept["failures"].items() if name.split()[0] not in options.systems}
    return dict(fresh, measurements=kept["measurements"], sizes=sizes, failures=failures)


def _machine() -> str:
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return "%s, %d cores" % (model, os.cpu_count() or 1)


def _write(document: Dict[str, Any], path: str) -> None:
    base = os.path.splitext(path)[0]
    atomic.write_json(path, document)
    atomic.write_text(base + ".md", report.markdown(document))
    if document["measurements"]:
        chart.draw(document, base + ".png")


def _say(found: Dict[str, Any]) -> None:
    print(
        "%-10s %-14s %-7s %-6s %9.1f images/s  %.3f of the floor, share of the core %.2f"
        % (
            found["system"],
            found["source"],
            found["tensorflow"],
            found["size"],
            found["images_per_second"],
            found["fraction_of_floor"],
            found["share_of_core"],
        ),
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    main()
