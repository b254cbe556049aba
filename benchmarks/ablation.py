"""What each part of the default recipe is worth: trainings of equal length that differ in one thing.

Every training is a run folder below --work; a command that was cut off goes on where it stopped. The score is the
last validation's, so that no row may choose its best moment.

python benchmarks/ablation.py --data CamVid_split.h5 [--steps 230] [--rows plain,no_ema] [--seeds 1,2,3]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from pipeline.quiet import import_tensorflow

import_tensorflow()

from eval.runfolder import read_metrics  # noqa: E402
from train import recipes  # noqa: E402

ROWS: Dict[str, Dict[str, Any]] = {
    "plain": {},
    "frozen_norms": {"frozen_norms": "frontend"},
    "no_class_weights": {"class_weights": None},
    "no_ohem": {"ohem_kept": 0.0},
    "no_ema": {"ema_decay": 0.0},
    "base_augmentation": {"augment": "base"},
    "sgd": {"optimiser": "sgd", "learning_rate": 0.05, "weight_decay": 5e-4, "frontend_rate": 0.2},
    "no_logit_adjustment": {"logit_adjustment": 0.0},
}


class Found(NamedTuple):
    """Of one training: the last validation's mean IoU, CPU minutes of the whole run."""

    mean_iou: float
    cpu_minutes: float


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="FILE.h5|SPLITDIR")
    parser.add_argument("--steps", type=int, default=230)
    parser.add_argument("--rows", default=",".join(ROWS), help="some of " + ", ".join(ROWS))
    parser.add_argument("--seeds", default="123", help="separated by commas")
    parser.add_argument("--base", default="pretrained", help="recipe that the rows change")
    parser.add_argument("--work", default=os.path.join("output", "ablation"), metavar="DIR")
    options = parser.parse_args(argv)
    rows = options.rows.split(",")
    unknown = sorted(set(rows) - set(ROWS))
    if unknown:
        parser.error("no row %s; there are %s" % (unknown[0], ", ".join(ROWS)))
    found: Dict[str, List[Found]] = {row: [] for row in rows}
    for seed in options.seeds.split(","):  # all rows once before any twice
        for row in rows:
            found[row].append(trained(options, row, seed))
    print(table(found, options))


def trained(options: argparse.Namespace, row: str, seed: str) -> Found:
    """The result of a training, which is begun, gone on with, or only read."""
    run = os.path.join(options.work, "%s_%d_%s" % (row, options.steps, seed))
    recipe = run + ".json"
    os.makedirs(options.work, exist_ok=True)
    changed = dict(recipes.read(options.base).document(), name=row, **ROWS[row])
    with open(recipe, "w", encoding="utf-8") as file:
        json.dump(changed, file)
    flags = ["--data_path", options.data, "--output_path", run, "--recipe", recipe, "--seed", seed]
    flags += ["--train_steps", str(options.steps), "--validate_every", str(options.steps), "--resume"]
    print("%s, seed %s" % (row, seed), file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "train"] + flags, check=True, stdout=sys.stderr)
    last = [entry for entry in read_metrics(run) if entry["kind"] == "validation"][-1]
    return Found(last["mean_iou"], last["cpu_s"] / 60)


def table(found: Dict[str, List[Found]], options: argparse.Namespace) -> str:
    """The table in Markdown, the best row first."""
    lines = ["Recipe %s, %d steps, seeds %s:" % (options.base, options.steps, options.seeds.replace(",", ", ")), ""]
    lines += ["| row | what differs | mean IoU on val | spread | CPU minutes |", "|---|---|---|---|---|"]
    for row, results in sorted(found.items(), key=lambda item: -_mean(item[1])):
        scores = [result.mean_iou for result in results]
        differs = ", ".join("%s %s" % pair for pair in ROWS[row].items())
        spread = "%.3f to %.3f" % (min(scores), max(scores)) if len(scores) > 1 else "one seed"
        minutes = statistics.mean(result.cpu_minutes for result in results)
        lines.append("| %s | %s | %.3f | %s | %.1f |" % (row, differs or "nothing", _mean(results), spread, minutes))
    return "\n".join(lines)


def _mean(results: List[Found]) -> float:
    return statistics.mean(result.mean_iou for result in results)


if __name__ == "__main__":
    main()
