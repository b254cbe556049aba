"""python -m eval.predict: what a trained network says of pictures and videos."""

import argparse
import sys
from typing import Optional, Sequence, Tuple

from camvid_tools import console
from pipeline import sizes

from . import starting
from .forms import FORMS

LEAST = 2 * sizes.MULTIPLE  # smaller tiles could not overlap
TILE = "1088x1920"  # holds a frame of full HD; about 1.5 GB on a processor


def tile(text: str) -> Tuple[int, int]:
    """The type of --tile."""
    height, width = console.size(text)
    near = tuple(max(LEAST, sizes.rounded_up(length)) for length in (height, width))
    if near != (height, width):
        what = "%s: multiples of %d are due, at least %d, such as %dx%d"
        raise argparse.ArgumentTypeError(what % ((text, sizes.MULTIPLE, LEAST) + near))
    return height, width


def build_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = console.parser(
        "python -m eval.predict",
        "Label pictures and videos of any size by a trained network.",
        "python -m eval.predict --run output/0 --src drive.mp4 --out seen",
    )
    starting.add_network(parser)
    parser.add_argument("--src", required=True, metavar="FILE|FOLDER", help="a picture, a video, or a folder of them")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="where the results go, each under its source's name"
    )
    parser.add_argument(
        "--form",
        default="overlay",
        choices=tuple(FORMS),
        help="the frame under its classes' colours; these alone; class ids in grey PNGs, of a video a folder of them; "
        "frame and colours side by side with a legend",
    )
    parser.add_argument(
        "--tile",
        type=tile,
        default=TILE,
        metavar="HEIGHTxWIDTH",
        help="larger pictures are labelled in overlapping parts of this size, which bounds memory",
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "gpu", "npu"), help="where the network runs"
    )
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point."""
    return starting.main(build_parser(), "predicting", argv)


if __name__ == "__main__":
    sys.exit(main())
