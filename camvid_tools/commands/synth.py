"""camvid-synth: a made-up CamVid, to try every tool without the real data."""

import argparse
import sys
from collections import Counter
from typing import Optional, Sequence

from .. import console, imageio, splits, synthesis
from ..errors import ToolkitError
from ..words import typed

SCHEMA = "camvid-synth/1"
LEAST_PIXELS = 32


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-synth",
        "Draw street scenes under CamVid's own 701 names, drives and 32 classes. The same seed draws the same frames.",
        "camvid-synth --out CamVid_made --frames 100 --height 360 --width 480",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--layout", choices=(synthesis.RAW, synthesis.SPLIT), default=synthesis.RAW, help="as published, or 421/112/168"
    )
    parser.add_argument(
        "--frames", type=int, default=701, help="how many; fewer are taken evenly from drives and lists"
    )
    parser.add_argument("--height", type=int, default=720, help="of the frames")
    parser.add_argument("--width", type=int, default=960, help="of the frames")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws another town")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Choose names, draw, write."""
    most = len(splits.camvid_names())
    if not 1 <= options.frames <= most:
        raise ToolkitError("--frames %d is not in 1..%d" % (options.frames, most))
    for name in ("height", "width"):
        if getattr(options, name) < LEAST_PIXELS:
            raise ToolkitError("--%s %d is below %d" % (name, getattr(options, name), LEAST_PIXELS))
    if options.height * options.width > imageio.MAX_PIXELS:
        raise ToolkitError("%d x %d pixels are more than any frame has" % (options.height, options.width))
    frames = synthesis.choose_frames(options.frames)
    plan = synthesis.Plan(options.out, options.layout, frames, options.height, options.width, options.seed)
    synthesis.prepare(plan)
    for _ in out.progress(synthesis.write_frames(plan), len(frames), "drawing"):
        pass
    counts = Counter(split for _, split in frames)
    text = "made %s: %d frames of %d x %d, layout '%s'"
    out.say(text % (options.out, len(frames), options.height, options.width, options.layout))
    out.say(_next(options, len(frames) < most))
    out.result(
        {
            "schema": SCHEMA,
            "out": options.out,
            "layout": options.layout,
            "frames": len(frames),
            "counts": {split: counts[split] for split in splits.SPLITS},
        }
    )
    return 0


def _next(options: argparse.Namespace, partial: bool) -> str:
    if options.layout == synthesis.SPLIT:
        return "next: " + typed(["camvid-check", options.out])
    flags = ["--allow_partial"] if partial else []
    return "next: " + typed(["camvid-split", "--src", options.out] + flags)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-synth."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
