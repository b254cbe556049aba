"""A split folder of frames and palette-PNG labels, written so that a cut-off one never looks whole."""

import os
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence

import numpy as np

from . import atomic, classes, encoding, imageio, manifest, packed, packed_header, targets
from .digest import DataDigest, frame_digest
from .errors import ToolkitError
from .palette_png import palette_png_bytes
from .resplit import target_path
from .splitfolder import Frame, SplitFolder
from .splits import SPLITS

RECORD = "encoded.json"
SCHEMA = "camvid-encoded/1"
COMMAND = "camvid-encode"
Progress = Callable[[Iterable, int, str], Iterable]


class Picture(NamedTuple):
    """One frame ready to be written: image [H,W,3] and ids [H,W] uint8, the bytes of its file, unknown pixels."""

    image: np.ndarray
    ids: np.ndarray
    data: bytes
    unknown: int


class Job(NamedTuple):
    """One frame of the folder: its split, name, file names of frame and label, and how to get it."""

    split: str
    name: str
    image: str
    label: str
    load: Callable[[], Picture]

    def files(self) -> List[str]:
        """Both files, relative to the folder."""
        return [target_path(self.split, self.image, False), target_path(self.split, self.label, True)]


class Written(NamedTuple):
    """What was written: each split's data digest, and unknown pixels by name."""

    digests: Dict[str, str]
    unknown: Dict[str, int]


def jobs_of_folder(folder: SplitFolder, planned: List[packed.Plan], merged: encoding.Merge, size: Any) -> List[Job]:
    """A split folder's frames, copied byte for byte unless they are resized, with their labels merged."""

    def job(plan: packed.Plan, frame: Frame) -> Job:
        image = os.path.basename(frame.image) if size is None else frame.name + ".png"
        label = os.path.splitext(os.path.basename(frame.label))[0] + ".png"
        return Job(plan.split, frame.name, image, label, lambda: load(plan, frame))

    def load(plan: packed.Plan, frame: Frame) -> Picture:
        made = encoding.encode(folder, frame, plan, merged, size)
        data = imageio.read_bytes(frame.image) if size is None else imageio.png_bytes(made.image)
        return Picture(made.image, made.ids, data, made.unknown)

    return [job(plan, frame) for plan in planned for frame in folder.frames(plan.split)]


def jobs_of_packed(file: packed.PackedFile) -> List[Job]:
    """A packed file's frames as PNG; ToolkitError where a name in it is none of a file, so leads out of a folder."""

    def job(split: str, opened: packed.PackedSplit, index: int) -> Job:
        name = opened.names[index]
        return Job(split, name, name + ".png", name + "_L.png", lambda: load(opened, index))

    def load(opened: packed.PackedSplit, index: int) -> Picture:
        image, ids = opened.images[index], opened.labels[index]
        return Picture(image, ids, imageio.png_bytes(image), opened.unknown[index])

    held = {split: file.open(split) for split in file.splits()}
    for split, opened in held.items():
        if len(set(opened.names)) < len(opened.names):
            raise ToolkitError("names a frame of %s twice" % split, where=file.path, remedy=packed_header.REMEDY)
    return [job(split, opened, index) for split, opened in held.items() for index in range(len(opened.names))]


def refuse_foreign(source: str, out: str) -> None:
    """ToolkitError unless `out` is new, empty or an earlier folder of this command, and lies outside the source."""
    marker = os.path.join(out, manifest.UNFINISHED)
    ours = os.path.exists(os.path.join(out, RECORD)) or manifest.cut_off_command(out) == COMMAND
    targets.refuse_foreign(out, ours, marker, COMMAND, source)


def write(
    out: str,
    table: classes.ClassTable,
    jobs: Sequence[Job],
    form: str,
    recipe: packed.Recipe,
    progress: Progress,
    expected: Optional[Dict[str, str]] = None,
) -> Written:
    """Write the folder; cut off and repeated, it ends in the same state.

    `expected` are the data digests that it must have: ToolkitError, and no whole folder, where it has others.
    """
    os.makedirs(out, exist_ok=True)
    marker = os.path.join(out, manifest.UNFINISHED)
    atomic.write_text(marker, COMMAND + " is at work here, or was cut off: run the same command again\n")
    colours = table.colour_array()
    done = encoding.ahead(lambda job: _write_frame(out, job, colours), jobs)
    digests = {job.split: DataDigest(table) for job in jobs}
    unknown = {}
    for job, (digest, pixels) in zip(jobs, progress(done, len(jobs), "writing")):
        digests[job.split].add_frame(digest)
        if pixels:
            unknown[job.name] = pixels
    made = Written({split: digest.hexdigest() for split, digest in digests.items()}, unknown)
    if expected is not None and made.digests != expected:
        wrong = [split for split in expected if made.digests[split] != expected[split]]
        raise _changed_pixels(", ".join(wrong), out)
    _remove_left_over(out, jobs)
    atomic.write_text(os.path.join(out, classes.FILE_NAME), table.to_csv())
    about = {"schema": SCHEMA, "form": form, "groups": recipe.groups, "resize": recipe.resize}
    atomic.write_json(os.path.join(out, RECORD), dict(about, data_digests=made.digests))
    os.remove(marker)
    return made


def _write_frame(out: str, job: Job, colours: np.ndarray) -> Any:
    picture = job.load()
    try:
        label = palette_png_bytes(picture.ids, colours)
    except ValueError as error:
        raise _changed_pixels("%s: %s" % (job.name, error), out) from None
    for file, data in zip(job.files(), (picture.data, label)):
        atomic.write_bytes(os.path.join(out, file), data)
    return frame_digest(job.name, picture.image, picture.ids), picture.unknown


def _changed_pixels(what: str, out: str) -> ToolkitError:
    told = "the packed file's pixels are not those that were written (%s)" % what
    return ToolkitError(told, where=out, remedy="restore that file, or make it again with camvid-encode")


def _remove_left_over(out: str, jobs: Sequence[Job]) -> None:
    """Pictures of an earlier folder that this one does not have, and folders that are empty then."""
    planned = {file for job in jobs for file in job.files()}
    for split in SPLITS:
        for folder in (split, split + "_labels"):
            inside = os.path.join(out, folder)
            for name in sorted(os.listdir(inside)) if os.path.isdir(inside) else []:
                if imageio.is_picture(name) and folder + "/" + name not in planned:
                    os.remove(os.path.join(inside, name))
            if os.path.isdir(inside) and not os.listdir(inside):
                os.rmdir(inside)
