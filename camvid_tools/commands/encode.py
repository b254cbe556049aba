"""camvid-encode: a split folder decoded once into a packed file, or as palette PNGs; and a packed file back to PNGs."""

import argparse
import os
import sys
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

from .. import console, encoding, groups, layout, origin, packed, pngtree, verifying
from ..errors import ToolkitError
from ..splitfolder import SplitFolder
from ..words import counted, typed

SCHEMA = "camvid-encode/1"
NAMED = 10  # frames in a warning
FILE_ENDINGS = (".h5", ".hdf5")


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "camvid-encode",
        "Decode a split folder once: frames and class ids in one HDF5 file that training maps into memory.\n"
        "Or write its labels as palette PNGs: colours to look at, ids to programs that read indices.",
        "camvid-encode --src CamVid_split --verify\n"
        "  camvid-encode --src CamVid_split --form png --groups segnet11\n"
        "  camvid-encode --src CamVid_split.h5 --form unpack --out CamVid_again",
    )
    parser.add_argument(
        "--src", required=True, metavar="SPLITDIR", help="a folder made by camvid-split, or alike; to unpack: FILE.h5"
    )
    parser.add_argument(
        "--out",
        metavar="FILE.h5|DIR",
        help="what to write (default: SPLITDIR.h5, or the folders SPLITDIR_png, FILE_unpacked)",
    )
    parser.add_argument(
        "--form",
        choices=("packed", "png", "unpack"),
        default="packed",
        help="packed: one file, left alone while it is up to date; png: a split folder, frames copied, labels as "
        "palette PNGs, 255 in a colour of no class; unpack: such a folder from a packed file",
    )
    parser.add_argument(
        "--groups",
        default="none",
        metavar="NAME|FILE.csv",
        help="merge classes: none, %s, or rows of name,group" % ", ".join(groups.columns()),
    )
    parser.add_argument("--resize", type=console.size, metavar="HEIGHTxWIDTH", help="bring all frames to this size")
    parser.add_argument(
        "--verify", action="store_true", help="read it back, compare every pixel; exit 1 and names where they differ"
    )
    return parser


class Made(NamedTuple):
    """What a form made (or left, being up to date), and which frames of it are wrong (None: not verified)."""

    target: str
    groups: str
    counts: Dict[str, int]
    digests: Dict[str, str]
    unknown: Dict[str, int]
    wrong: Optional[List[str]]
    up_to_date: bool = False


def run(options: argparse.Namespace, out: console.Console) -> int:
    """Refuse what makes no sense, make the form, tell what was made."""
    _refuse_senseless(options)
    made = {"packed": _packed, "png": _png, "unpack": _unpack}[options.form](options, out)
    for name, pixels in sorted(made.unknown.items(), key=lambda item: -item[1])[:NAMED]:
        out.warn("%s: %s of unknown colour became 255 and are ignored" % (name, counted(pixels, "pixel")))
    if len(made.unknown) > NAMED:
        out.warn("and so in %d more; camvid-check tells why" % (len(made.unknown) - NAMED))
    wrong = made.wrong or []
    if wrong:
        more = " and %d more" % (len(wrong) - NAMED) if len(wrong) > NAMED else ""
        named = ", ".join(wrong[:NAMED]) + more
        out.warn("not equal to the source: %s; remove %s, encode again" % (named, made.target))
    elif made.wrong is not None:
        out.say("verified: all %d frames and labels equal the source" % sum(made.counts.values()))
    if not wrong:
        out.say("next: " + typed(["python", "-m", "train", "--data_path", made.target]))
    out.result(
        {
            "schema": SCHEMA,
            "form": options.form,
            "out": made.target,
            "counts": made.counts,
            "data_digests": made.digests,
            "groups": made.groups,
            "unknown_pixels": made.unknown,
            "up_to_date": made.up_to_date,
            "verified": made.wrong == [],
            "different": wrong,
        }
    )
    return 1 if wrong else 0


def _refuse_senseless(options: argparse.Namespace) -> None:
    """ToolkitError for flags that contradict each other or the kind of --src."""
    if options.form == "unpack":
        given = [flag for flag, said in (("--groups", options.groups != "none"), ("--resize", options.resize)) if said]
        if given:
            what = "--form unpack gives back what is in the file, so %s cannot be given" % " and ".join(given)
            raise ToolkitError(what, remedy="unpack first, then encode the folder with it")
        if os.path.isdir(options.src):
            remedy = "give a FILE.h5, or choose --form packed or png"
            raise ToolkitError("is a folder, --form unpack takes a packed file", where=options.src, remedy=remedy)
    elif packed.is_packed(options.src):
        remedy = "turn it into a folder first: " + typed(["camvid-encode", "--form", "unpack", "--src", options.src])
        raise ToolkitError("is a packed file, a split folder is due", where=options.src, remedy=remedy)
    if options.out is None:
        return
    if options.form == "packed" and os.path.isdir(options.out):
        raise ToolkitError("is a folder, a file is due", where=options.out, remedy="name a file: --out FILE.h5")
    if options.form != "packed" and options.out.lower().endswith(FILE_ENDINGS):
        what = "is named like a file, --form %s makes a folder" % options.form
        raise ToolkitError(what, where=options.out, remedy="name a folder: --out DIR")


def _packed(options: argparse.Namespace, out: console.Console) -> Made:
    folder = SplitFolder(options.src)
    target = options.out or layout.beside(options.src, ".h5")
    if layout.is_inside(target, folder.path):
        raise ToolkitError("lies in the source, which is never changed", where=target, remedy="choose another --out")
    if os.path.isdir(target):
        raise ToolkitError("is a folder, a file is due", where=target, remedy="name a file: --out FILE.h5")
    if os.path.exists(target) and not packed.is_packed(target):
        remedy = "remove it, or choose another --out"
        raise ToolkitError("is no packed file and is not overwritten", where=target, remedy=remedy)
    merged = encoding.merge(folder.classes, options.groups)
    kept = _kept(target, folder, merged, options, out)
    planned = _planned(folder, options, mixed=False)
    if kept is None:
        source = origin.record(folder.scan, target)
        made = encoding.encoded_frames(folder, planned, merged, options.resize)
        frames = _arrays(out.progress(made, sum(len(plan.names) for plan in planned), "encoding"))
        recipe = merged.recipe(folder.classes, options.resize)
        packed.write(target, merged.table, recipe, planned, frames, source)
    file = packed.PackedFile(target, check_source=False)
    size = (planned[0].height, planned[0].width)
    said = "%d classes, %.0f MB" % (len(file.classes), os.path.getsize(target) / 1e6)
    counts = _counts(planned)
    verb = "made %s" % target if kept is None else "up to date: %s" % target
    out.say("%s: %s frames of %d x %d, %s" % ((verb, _told(counts)) + size + (said,)))
    wrong = None
    if options.verify:
        checks = verifying.packed_with_folder(file, folder, planned, merged, options.resize)
        wrong = verifying.different(checks, out.progress)
    opened = {split: file.open(split) for split in file.splits()}
    unknown = {n: p for held in opened.values() for n, p in zip(held.names, held.unknown) if p}
    digests = {split: held.data_digest for split, held in opened.items()}
    return Made(target, file.groups, counts, digests, unknown, wrong, kept is not None)


def _kept(
    target: str, folder: SplitFolder, merged: encoding.Merge, options: argparse.Namespace, out: console.Console
) -> Optional[packed.PackedFile]:
    """The packed file that is there already, if it is what would be made; else why it is made anew is said."""
    if not os.path.exists(target):
        return None
    try:
        file = packed.PackedFile(target, check_source=False)
    except ToolkitError as error:
        out.say("%s %s: making it anew" % (target, error.what))
        return None
    if file.origin is None or not _same_place(origin.folder_of(file.origin, target), folder.path):
        why = "it was made from another folder"
    elif (file.recipe, file.classes) != (merged.recipe(folder.classes, options.resize), merged.table):
        why = "it was made with other --groups or another --resize"
    else:
        why = origin.difference(file.origin, folder.path)
    if why is not None:
        out.say("%s is out of date (%s): making it anew" % (target, why))
        return None
    return file


def _same_place(path: str, other: str) -> bool:
    return os.path.exists(path) and os.path.samefile(path, other)


def _planned(folder: SplitFolder, options: argparse.Namespace, mixed: bool) -> List[packed.Plan]:
    planned = encoding.plans(folder, options.resize, mixed)
    if not planned:
        raise ToolkitError("no frames to encode", where=options.src)
    return planned


def _arrays(encoded: Iterable[encoding.Encoded]) -> Iterator:
    for item in encoded:
        yield item.image, item.ids, item.unknown


def _counts(planned: List[packed.Plan]) -> Dict[str, int]:
    return {plan.split: len(plan.names) for plan in planned}


def _told(counts: Dict[str, int]) -> str:
    return ", ".join("%d %s" % (number, split) for split, number in counts.items())


def _png(options: argparse.Namespace, out: console.Console) -> Made:
    folder = SplitFolder(options.src)
    target = options.out or layout.beside(options.src, "_png")
    for source in (options.src, folder.path):
        pngtree.refuse_foreign(source, target)
    merged = encoding.merge(folder.classes, options.groups)
    planned = _planned(folder, options, mixed=True)
    jobs = pngtree.jobs_of_folder(folder, planned, merged, options.resize)
    recipe = merged.recipe(folder.classes, options.resize)
    made = pngtree.write(target, merged.table, jobs, options.form, recipe, out.progress)
    counts = _counts(planned)
    out.say("made %s: %s frames, labels as palette PNGs of %d classes" % (target, _told(counts), len(merged.table)))
    wrong = None
    if options.verify:
        checks = verifying.tree_with_folder(SplitFolder(target), folder, planned, merged, options.resize)
        wrong = verifying.different(checks, out.progress)
    return Made(target, recipe.groups, counts, made.digests, made.unknown, wrong)


def _unpack(options: argparse.Namespace, out: console.Console) -> Made:
    file = packed.PackedFile(options.src)
    target = options.out or os.path.splitext(options.src)[0] + "_unpacked"
    pngtree.refuse_foreign(options.src, target)
    jobs = pngtree.jobs_of_packed(file)
    expected = {split: file.open(split).data_digest for split in file.splits()}
    made = pngtree.write(target, file.classes, jobs, options.form, file.recipe, out.progress, expected)
    counts = {split: len(file.open(split).names) for split in file.splits()}
    out.say("made %s: %s frames, labels as palette PNGs of %d classes" % (target, _told(counts), len(file.classes)))
    wrong = None
    if options.verify:
        wrong = verifying.different(verifying.tree_with_packed(SplitFolder(target), file), out.progress)
    return Made(target, file.groups, counts, made.digests, {}, wrong)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of camvid-encode."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
