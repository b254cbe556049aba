"""The results in docs/results: takes a finished run in, and keeps the tables of docs/results.md as the records say.

python benchmarks/results.py                           # write the tables anew
python benchmarks/results.py --add output/best --name NAME [--split val]   # score a run, keep its record, then that
python benchmarks/results.py --check                   # 1 where the page and the records differ
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from camvid_tools import atomic, drawing, imageio
from pipeline.quiet import import_tensorflow

import_tensorflow()

from eval import cli, pictures, trained  # noqa: E402
from eval.runfolder import read_metrics  # noqa: E402

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORDS, PAGE = os.path.join(REPOSITORY, "docs", "results"), os.path.join(REPOSITORY, "docs", "results.md")
BEGIN, END = "<!-- made by benchmarks/results.py -->", "<!-- end -->"
PLACES = ("data_path", "output_path")  # where things lie, of one machine
ROWS, COLUMNS = 2, 3  # of predictions shown


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Do what the flags say; 1 where the check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--add", metavar="RUN", help="run folder to score and keep")
    parser.add_argument("--name", help="of its record")
    parser.add_argument("--split", default="val", help="to score it on")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(argv)
    if bool(options.add) != bool(options.name):
        parser.error("--add and --name go together")
    if options.add:
        add(options.add, os.path.join(RECORDS, options.name), options.split)
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    wanted = filled(page, tables(records()))
    if options.check:
        print("the page is as the records say" if page == wanted else "docs/results.md is not as its records say")
        return int(page != wanted)
    atomic.write_text(PAGE, wanted)
    return 0


def add(run: str, folder: str, split: str) -> None:
    """Score a run's best checkpoint and keep what is worth keeping of it in `folder`."""
    with tempfile.TemporaryDirectory() as scored:
        flags = ["--run", os.path.abspath(run), "--split", split, "--out", scored]
        subprocess.run([sys.executable, "-m", "eval"] + flags, check=True, cwd=REPOSITORY)
        os.makedirs(folder, exist_ok=True)
        document = read(os.path.join(scored, "eval.json"))
        document["checkpoint"]["path"] = os.path.basename(document["checkpoint"]["path"])
        atomic.write_json(os.path.join(folder, "eval.json"), document)
        shutil.copy(os.path.join(scored, "confusion.png"), folder)
    imageio.write_png(os.path.join(folder, "predictions.png"), predictions(run, split))
    shutil.copy(os.path.join(run, "curves.png"), folder)
    atomic.write_json(os.path.join(folder, "run.json"), record(run))


def record(run: str) -> Dict[str, Any]:
    """What was trained, and how it went."""
    about = read(os.path.join(run, "settings.json"))
    settings = {key: _placeless(value) for key, value in about["settings"].items() if key not in PLACES}
    entries = [entry for entry in read_metrics(run) if entry["kind"] == "validation"]
    validations = [{key: entry[key] for key in ("step", "cpu_s", "mean_iou")} for entry in entries]
    return {"settings": settings, "versions": about["versions"], "validations": validations}


def predictions(run: str, split: str) -> np.ndarray:
    """[H,W,3] uint8 RGB: what the network says of frames taken evenly from the split. CamVid's frames and labels are
    not for handing on, so these stand alone."""
    subject = trained.subject(cli.build_parser().parse_args(["--split", split]), run)
    table = subject.source.classes
    wanted = np.linspace(0, len(subject.source) - 1, ROWS * COLUMNS).astype(int)
    with subject.predictions() as found:
        ids = [one.prediction for one in found if one.frame in wanted]
    grid = np.vstack([np.hstack(ids[row * COLUMNS :][:COLUMNS]) for row in range(ROWS)])
    items = drawing.legend_items((grid,), table.colour_array(), table.names, pictures.LEFT_OUT_NAME)
    legend = drawing.legend(items, grid.shape[1], drawing.text_size(grid.shape[1] // COLUMNS))
    return np.vstack([drawing.paint(grid, table.colour_array()), legend])


def _placeless(value: Any) -> Any:
    """Of a path, its last part."""
    return os.path.basename(value) if isinstance(value, str) and os.path.isabs(value) else value


def read(path: str) -> Any:
    """A JSON file."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def records() -> Dict[str, Dict[str, Any]]:
    """By name: run.json and eval.json of every record."""
    names = sorted(name for name in os.listdir(RECORDS) if os.path.isdir(os.path.join(RECORDS, name)))
    return {name: {p: read(os.path.join(RECORDS, name, p + ".json")) for p in ("run", "eval")} for name in names}


def tables(found: Dict[str, Dict[str, Any]]) -> str:
    """The runs, then the classes of each class table, in Markdown."""
    lines = ["| run | frontend | TensorFlow | steps | CPU minutes | scored on | mean IoU (95 %) | pixel accuracy |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    lines += ["| %s |" % " | ".join(_row(name, one)) for name, one in found.items()]
    for classes in sorted({_classes(one) for one in found.values()}):
        names = [name for name, one in found.items() if _classes(one) == classes]
        lines += ["", "| IoU | %s |" % " | ".join(names), "|---" * (1 + len(names)) + "|"]
        for place, label in enumerate(classes):
            cells = [_share(found[name]["eval"]["classes"][place]["iou"]) for name in names]
            lines.append("| %s | %s |" % (label, " | ".join(cells)))
    return "\n".join(lines)


def _row(name: str, one: Dict[str, Any]) -> List[str]:
    settings, scores = one["run"]["settings"], one["eval"]
    last = one["run"]["validations"][-1]
    interval = " to ".join(_share(end) for end in scores["mean_iou_interval"])
    return [
        "[%s](results/%s/run.json)" % (name, name),
        settings["frontend"],
        one["run"]["versions"]["tensorflow"],
        "%d of %d" % (settings["total_steps"], settings["batch_size"]),
        "%.0f" % (last["cpu_s"] / 60),
        "%s, %d frames at %d x %d" % ((scores["split"], scores["frames"]) + tuple(scores["size"])),
        "%s (%s)" % (_share(scores["mean_iou"]), interval),
        _share(scores["pixel_accuracy"]),
    ]


def _classes(one: Dict[str, Any]) -> Tuple[str, ...]:
    return tuple(row["name"] for row in one["eval"]["classes"])


def _share(value: Optional[float]) -> str:
    return "no pixel" if value is None else "%.3f" % value


def filled(page: str, made: str) -> str:
    """The page with `made` between its two marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return "%s%s\n\n%s\n\n%s%s" % (before, BEGIN, made, END, after)


if __name__ == "__main__":
    sys.exit(main())
