"""python -m train.graph_check: whether the training's graph, or another one, does on an Ascend card what it says."""

import argparse
import sys
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from camvid_tools import classes, console
from camvid_tools.errors import ToolkitError
from camvid_tools.words import counted
from pipeline import npu_options
from pipeline.quiet import import_tensorflow
from pipeline.sources import ArraySource, open_source

from . import flags

MOST_PIXELS = 1 << 26  # of a crop
SHOWN = 5  # findings of a rule that are printed


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "python -m train.graph_check",
        "Check a training graph for an Ascend card, without one: ops, shapes, data, sink mode, session, memory.",
        "python -m train.graph_check --frontend xception39 --height 800 --width 800 --iterations_per_loop 100",
    )
    parser.add_argument("--data_path", metavar="X", help="take classes and size from it (default: CamVid's 32 classes)")
    parser.add_argument("--frontend", help="network of the context path (default: the recipe's)")
    parser.add_argument("--recipe", default="default", help="named training settings, or a JSON file")
    parser.add_argument("--batch_size", type=flags.positive, default=8, help="images a step")
    parser.add_argument(
        "--height", type=flags.positive, help="of the crop, a multiple of 32 (default: 800, or the data's)"
    )
    parser.add_argument(
        "--width", type=flags.positive, help="of the crop, a multiple of 32 (default: 800, or the data's)"
    )
    parser.add_argument("--iterations_per_loop", type=flags.positive, default=1, metavar="N", help="steps a call")
    parser.add_argument("--precision", choices=("mixed", "float32"), default="mixed", help="on the card")
    parser.add_argument(
        "--npu_option", action="append", default=[], metavar="KEY=VALUE", help="a further option of the adapter"
    )
    parser.add_argument("--graph", metavar="FILE", help="check this GraphDef instead, .pb or .pbtxt")
    parser.add_argument("--fetch", metavar="NAME", help="the node of --graph that a training step runs")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Build or read, check, print; exit code 1 if anything is wrong."""
    if (options.graph is None) != (options.fetch is None):
        raise ToolkitError("--graph and --fetch come together", remedy="name the file and the node that a step runs")
    import_tensorflow()
    import tensorflow.compat.v1 as tf

    from .card_graphs import is_the_cards_stack

    if not is_the_cards_stack():
        raise ToolkitError(
            "TensorFlow %s builds other graphs than the card's 1.15" % tf.VERSION,
            remedy="run it with TensorFlow 1.15 (make env on a machine with Python 3.7)",
        )
    document = _of_file(options) if options.graph else _of_training(options)
    out.say(_text(document))
    out.result(document)
    return 0 if document["verdict"] == "ready" else 1


def _of_file(options: argparse.Namespace) -> Dict[str, Any]:
    from pipeline.graph_check import reading, rules

    subject = reading.from_file(options.graph, options.fetch, options.iterations_per_loop)
    return rules.document(subject, rules.findings(subject))


def _of_training(options: argparse.Namespace) -> Dict[str, Any]:
    from . import card_graphs
    from . import settings as settings_module

    names = ("frontend", "recipe", "batch_size", "height", "width", "iterations_per_loop", "precision")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    source = _source(options)
    settings = settings_module.resolve(dict(given, data_path=source.path, output_path=""), source)
    settings_module.require_frontend(settings.frontend)
    further = npu_options.parse_all(options.npu_option)
    return card_graphs.document(settings, len(source.classes), further)


def _source(options: argparse.Namespace) -> Any:
    if options.data_path:
        return open_source(options.data_path, "train")
    height, width = options.height or 800, options.width or 800
    if height * width > MOST_PIXELS:
        raise ToolkitError("crops of %d x %d cannot be" % (height, width), remedy="give a smaller --height and --width")
    blank = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    return ArraySource(["blank"], [blank], classes.camvid32())


def _text(document: Dict[str, Any]) -> str:
    lines = _part("training", document)
    if "evaluation" in document:
        lines += _part("evaluation", document["evaluation"])
    return "\n".join(lines + ["%s for the card, as far as can be told without one" % document["verdict"]])


def _part(name: str, document: Dict[str, Any]) -> List[str]:
    memory = ", ".join("%s %.2f" % (use, size / 2**30) for use, size in document["memory_bytes"].items())
    lines = [
        "%s: %s of %s" % (name, counted(sum(document["ops"].values()), "node"), counted(len(document["ops"]), "kind")),
        "  an element has %.1f MB, the card keeps %d waiting"
        % (document["element_bytes"] / 1e6, document["queue_depth"]),
        "  memory in GiB: %s" % memory,
        "  on the card's slow processor: %s" % (", ".join(document["ai_cpu_ops"]) or "nothing"),
    ]
    seen: Dict[Tuple[str, str], int] = {}
    for one in document["findings"]:
        key = one["rule"], one["detail"]
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= SHOWN:
            place = " ".join(part for part in (one["node"], one["source"] and "(%s)" % one["source"]) if part)
            lines.append(
                "  %-7s %s: %s%s; %s"
                % (one["severity"], one["rule"], place + ": " if place else "", one["detail"], one["remedy"])
            )
    for (rule, detail), count in seen.items():
        if count > SHOWN:
            lines.append("  ... and %d more of %s: %s" % (count - SHOWN, rule, detail))
    return lines


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of python -m train.graph_check."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
