"""python -m train.closing: the lines with which the model zoo's scripts end, of a run folder.

Speed is the median of all logged windows but the first, in which TensorFlow settles; accuracy and mean IoU are those of
the best validation. Each figure comes from metrics.jsonl, none from text.
"""

import argparse
import os
import statistics
import sys
from typing import Any, Dict, List, Optional, Sequence

from camvid_tools import atomic, console
from camvid_tools.errors import ToolkitError
from eval import runfolder

NETWORK = "BiSeNet_for_TensorFlow"


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "python -m train.closing",
        "Print how a training went, in the lines that the model zoo's tools look for.",
        "python -m train.closing --run output/0 --seconds 1250 --kind acc",
    )
    parser.add_argument("--run", required=True, help="the run folder")
    parser.add_argument("--seconds", type=float, required=True, help="that the whole script took")
    parser.add_argument(
        "--kind", choices=("acc", "perf"), default="acc", help="of the script: accuracy, or speed alone"
    )
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Print the lines, and write them beside the run's log as the model zoo's scripts do."""
    from eval.runfolder import read_metrics

    entries = read_metrics(options.run)
    steps = [entry for entry in entries if entry["kind"] == "train"]
    if not steps:
        raise ToolkitError("no step of it was logged", where=options.run, remedy="train for at least ten steps")
    settings = runfolder.read(options.run).settings
    cards = settings.get("ranks", 1)
    found = figures(entries, settings["batch_size"] * cards)
    found.update(seconds=round(options.seconds), device=settings["device"], batch_size=settings["batch_size"])
    out.say("\n".join(lines(found)))
    case = "%s_bs%d_%dp_%s" % (NETWORK, settings["batch_size"], cards, options.kind)
    atomic.write_text(os.path.join(options.run, case + ".log"), "\n".join(record(found, case)) + "\n")
    losses = "\n".join("%.4f" % entry["loss"] for entry in steps)
    atomic.write_text(os.path.join(options.run, case + "_loss.txt"), losses + "\n")
    out.result(dict(found, schema="closing/1", case=case))
    return 0


def figures(entries: List[Dict[str, Any]], images_a_step: int) -> Dict[str, Any]:
    """Speed as a median, the last loss and the best validation's scores (None where nothing was validated)."""
    steps = [entry for entry in entries if entry["kind"] == "train"]
    rate = statistics.median(entry["images_per_second"] for entry in steps[1:] or steps)
    scored = [entry for entry in entries if entry["kind"] == "validation" and entry["mean_iou"] is not None]
    best = max(scored, key=lambda entry: entry["mean_iou"]) if scored else {}
    return {
        "images_per_second": rate,
        "seconds_per_step": images_a_step / rate if rate else None,
        "loss": steps[-1]["loss"],
        "pixel_accuracy": best.get("pixel_accuracy"),
        "mean_iou": best.get("mean_iou"),
    }


def lines(found: Dict[str, Any]) -> List[str]:
    """For the terminal, by the model zoo's names."""
    return [
        "------------------ Final result ------------------",
        "Final Performance images/sec : %s" % _number(found["images_per_second"], 2),
        "Final Performance sec/step : %s" % _number(found["seconds_per_step"], 4),
        "E2E Training Duration sec : %d" % found["seconds"],
        "Final Train Accuracy : %s" % _number(found["pixel_accuracy"], 4),
        "Final Mean IoU : %s" % _number(found["mean_iou"], 4),
    ]


def record(found: Dict[str, Any], case: str) -> List[str]:
    """For CASE.log, by the model zoo's names."""
    return [
        "Network = %s" % NETWORK,
        "RankSize = %s" % os.environ.get("RANK_SIZE", "1"),
        "BatchSize = %d" % found["batch_size"],
        "DeviceType = %s" % found["device"],
        "CaseName = %s" % case,
        "ActualFPS = %s" % _number(found["images_per_second"], 2),
        "TrainingTime = %s" % _number(found["seconds_per_step"], 4),
        "ActualLoss = %s" % _number(found["loss"], 4),
        "E2ETrainingTime = %d" % found["seconds"],
        "MeanIoU = %s" % _number(found["mean_iou"], 4),
    ]


def _number(value: Optional[float], digits: int) -> str:
    return "-" if value is None else "%.*f" % (digits, value)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of python -m train.closing."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
