"""The flags of python -m eval."""

import argparse

from camvid_tools import console

from .protocols import PROTOCOLS


def build_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = console.parser(
        "python -m eval",
        "Score a trained run on a split: table, eval.json, confusion.png, pictures.",
        "python -m eval --run output/0 --split test --pictures 8",
    )
    parser.add_argument(
        "--run",
        action="append",
        metavar="RUNFOLDER",
        help="the training's --output_path (default: newest under output/); several may be given, to compare them",
    )
    parser.add_argument("--checkpoint", default="best", help="best, last, or a checkpoint's name")
    parser.add_argument("--data_path", metavar="X", help="split folder or packed file (default: the run's)")
    parser.add_argument("--split", default="test", help="the split to score")
    parser.add_argument(
        "--protocol",
        action="append",
        choices=sorted(PROTOCOLS),
        help="way of scoring, may be given several times (default: by the data)",
    )
    parser.add_argument(
        "--explain", action="store_true", help="score by other tools' rules too, and say why the figures differ"
    )
    parser.add_argument(
        "--predictions",
        metavar="DIR",
        help="score this folder's PNGs, named as the frames, of class ids or colours, not a run; scores go there",
    )
    parser.add_argument(
        "--pictures", type=int, default=0, metavar="N", help="write N pictures: frame, label, prediction"
    )
    parser.add_argument(
        "--html",
        type=console.file_name,
        metavar="FILE",
        help="write everything as a page to look at: scores, curves, "
        "confusions, best and worst frames, settings; of several runs, which differences are larger than the noise",
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "gpu", "npu"), help="where the network runs"
    )
    parser.add_argument("--batch_size", type=int, default=4, help="frames at a time; changes speed, not scores")
    parser.add_argument(
        "--out", metavar="DIR", help="where eval.json, confusion.png and pictures/ go (default: the run folder)"
    )
    return parser
