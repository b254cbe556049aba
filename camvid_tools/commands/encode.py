"""camvid-encode: a split folder as one packed file of decoded frames and id labels, for fast reading."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

from .. import console, encoding, groups, imageio, layout, packed
from ..errors import ToolkitError
from ..splitfolder import SplitFolder

SCHEMA = "camvid-encode/1"


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-encode",
        "Decode a split folder once: frames and class ids in one HDF5 file that training maps into memory.",
        "camvid-encode --src CamVid_split --verify",
    )
    parser.add_argument("--src", required=True, metavar="SPLITDIR", help="a folder made by camvid-split, or alike")
    parser.add_argument("--out", metavar="FILE.h5", help="the file to write (default: SPLITDIR.h5)")
    parser.add_argument("--form", choices=("packed",), default="packed", help="what to write")
    parser.add_argument(
        "--groups",
        default="none",
        metavar="NAME|FILE.csv",
        help="merge classes: none, %s" % ", ".join(groups.columns()),
    )
    parser.add_argument("--resize", type=_size, metavar="HEIGHTxWIDTH", help="bring all frames to this size")
    parser.add_argument("--verify", action="store_true", help="read the file back and compare every pixel")
    return parser


def _size(text: str) -> Tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError("%r is not of the form 360x480" % text)
    if int(parts[0]) * int(parts[1]) > imageio.MAX_PIXELS:
        raise argparse.ArgumentTypeError("%s pixels are more than any frame has" % text)
    return int(parts[0]), int(parts[1])


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Plan, write whole or not at all, verify on request."""
    folder = SplitFolder(options.src)
    target = options.out or layout.beside(options.src, ".h5")
    if os.path.isdir(target):
        raise ToolkitError("is a folder, a file is due", where=target, remedy="name a file: --out FILE.h5")
    if os.path.exists(target) and not packed.is_packed(target):
        raise ToolkitError("is no packed file and is not overwritten", where=target, remedy="choose another --out")
    merged = encoding.merge(folder.classes, options.groups)
    planned = encoding.plans(folder, options.resize)
    total = sum(len(plan.names) for plan in planned)
    if not total:
        raise ToolkitError("no frames to encode", where=options.src)
    unknown: List[Tuple[str, int]] = []
    made = encoding.encoded_frames(folder, planned, merged, options.resize)
    frames = _arrays(out.progress(made, total, "encoding"), unknown)
    digests = packed.write(target, merged.table, merged.name, planned, frames)
    for name, pixels in unknown:
        out.warn("%s: %d pixels of unknown colour became 255 and are ignored" % (name, pixels))
    out.say(_closing(target, planned, len(merged.table)))
    wrong = _verify(folder, target, planned, merged, options, out) if options.verify else []
    out.say("next: python -m train --data_path %s" % target)
    out.result(
        {
            "schema": SCHEMA,
            "out": target,
            "counts": {plan.split: len(plan.names) for plan in planned},
            "data_digests": digests,
            "groups": merged.name,
            "unknown_pixels": dict(unknown),
            "verified": options.verify and not wrong,
            "different": wrong,
        }
    )
    return 1 if wrong else 0


def _arrays(encoded: Iterable[encoding.Encoded], unknown: List[Tuple[str, int]]) -> Iterator:
    for item in encoded:
        if item.unknown:
            unknown.append((item.frame.name, item.unknown))
        yield item.image, item.ids


def _closing(target: str, planned: List[packed.Plan], classes: int) -> str:
    counts = ", ".join("%d %s" % (len(plan.names), plan.split) for plan in planned)
    size = (planned[0].height, planned[0].width)
    megabytes = os.path.getsize(target) / 1e6
    return "made %s: %s frames of %d x %d, %d classes, %.0f MB" % ((target, counts) + size + (classes, megabytes))


def _verify(
    folder: SplitFolder,
    target: str,
    planned: List[packed.Plan],
    merged: encoding.Merge,
    options: argparse.Namespace,
    out: console.Console,
) -> List[str]:
    """Names of frames whose stored pixels, decoded to colours again, are not the source's."""
    opened = packed.PackedFile(target)
    stored = []
    for plan in planned:
        split = opened.open(plan.split)
        frames = zip(folder.frames(plan.split), split.images, split.labels)
        stored.extend((plan, encoding.Encoded(frame, image, ids, 0)) for frame, image, ids in frames)
    total, wrong = len(stored), []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        checked = pool.map(lambda it: encoding.equals_source(folder, it[0], merged, options.resize, it[1]), stored)
        for (_, item), same in zip(stored, out.progress(checked, total, "verifying")):
            if not same:
                wrong.append(item.frame.name)
    if wrong:
        out.warn("not equal to the source: %s" % ", ".join(wrong[:10]))
    else:
        out.say("verified: all %d frames and labels equal the source" % total)
    return wrong


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-encode."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
