"""python -m eval.export: a trained network in a form that other programs run."""

import argparse
import sys
from typing import Optional, Sequence

from camvid_tools import console

from . import starting

SAVED_MODEL, FROZEN, ONNX = FORMS = ("saved_model", "frozen", "onnx")
ENDINGS = {FROZEN: ".pb", ONNX: ".onnx"}  # of those that are files


def build_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = console.parser(
        "python -m eval.export",
        "Write a trained network for other programs, and prove that it answers as its checkpoint does.",
        "python -m eval.export --run output/0 --form frozen --out bisenet.pb",
    )
    starting.add_network(parser)
    parser.add_argument(
        "--form",
        required=True,
        choices=FORMS,
        help="a folder of TensorFlow's, one .pb with the weights as constants, or ONNX (needs the extra `export`)",
    )
    parser.add_argument("--out", required=True, metavar="X", help="the file, or for saved_model the folder, to make")
    parser.add_argument("--height", type=int, help="of the frames it is to take (default: the data's)")
    parser.add_argument("--width", type=int, help="of the frames it is to take (default: the data's)")
    parser.add_argument("--dynamic", action="store_true", help="take frames of any size; not for Ascend")
    parser.add_argument(
        "--soc_version",
        metavar="NAME",
        help="of the Ascend card that atc is to compile for, of --form frozen and a fixed size (default: Ascend310P3)",
    )
    parser.add_argument("--data_path", metavar="D", help="frames to compare on (default: the run's)")
    parser.add_argument("--split", help="the split that they are taken from (default: val, where there is one)")
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point."""
    return starting.main(build_parser(), "exporting", argv)


if __name__ == "__main__":
    sys.exit(main())
