"""Pictures and videos, one frame at a time: what is to be labelled, and where the results go."""

import contextlib
import os
import re
from typing import Callable, Dict, Iterator, List, NamedTuple

import numpy as np

from camvid_tools import atomic, exif, imageio, layout, videoio
from camvid_tools.errors import ToolkitError

ENDINGS = ", ".join(ending[1:] for ending in imageio.EXTENSIONS + videoio.EXTENSIONS)
UNREADABLE = (imageio.ImageFault, videoio.VideoFault)
MARK = ".python-m-eval.predict"  # in a folder of numbered pictures that are ours to replace

Take = Callable[[np.ndarray], None]


class Item(NamedTuple):
    """A picture or video, and the path of its result: of a video one of the same rate, or a folder of pictures."""

    path: str
    target: str
    is_video: bool
    as_folder: bool


def found(place: str) -> List[str]:
    """The file `place`, or all pictures and videos directly in the folder, by name; ToolkitError if there are none."""
    if os.path.isdir(place):
        names = [name for name in sorted(os.listdir(place)) if _is_known(name)]
        names = [name for name in names if os.path.isfile(os.path.join(place, name))]
        if not names:
            raise ToolkitError("holds no picture and no video", where=place, remedy="known endings: " + ENDINGS)
        return [os.path.join(place, name) for name in names]
    if not os.path.exists(place):
        raise ToolkitError("no such file or folder", where=place, remedy="--src takes a picture, a video or a folder")
    if not _is_known(os.path.basename(place)):
        raise ToolkitError("is no picture and no video by its name", where=place, remedy="known endings: " + ENDINGS)
    return [place]


def _is_known(name: str) -> bool:
    return imageio.is_picture(name) or videoio.is_video(name)


def items(paths: List[str], out: str, as_folders: bool) -> List[Item]:
    """Each path with that of its result: OUT/STEM.png; of a video OUT/STEM.mp4, or OUT/STEM where it is to be a folder
    of pictures. ToolkitError where two would have the same, or one would replace what is not ours."""
    layout.refuse_inside(out)
    sources = {os.path.realpath(path) for path in paths}
    if os.path.realpath(out) in {os.path.realpath(os.path.dirname(path)) for path in paths}:
        raise ToolkitError("holds the sources, which are never changed", where=out, remedy="choose another --out")
    made: Dict[str, Item] = {}
    for path in paths:
        stem, is_video = os.path.splitext(os.path.basename(path))[0], videoio.is_video(os.path.basename(path))
        ending = ("" if as_folders else videoio.WRITTEN) if is_video else ".png"
        item = Item(path, os.path.join(out, stem + ending), is_video, is_video and as_folders)
        if os.path.realpath(item.target) in sources:
            raise ToolkitError("is a source, which is never changed", where=item.target, remedy="choose another --out")
        if item.target in made:
            what = "would be the result of both %s and %s" % (made[item.target].path, path)
            raise ToolkitError(what, where=item.target, remedy="rename one of them, or give them one at a time")
        if item.as_folder and not _is_ours(item.target):
            raise ToolkitError("is there already and holds something else", item.target, "choose another --out")
        made[item.target] = item
    return list(made.values())


def _is_ours(folder: str) -> bool:
    """Whether numbered pictures may be written there."""
    return not os.path.isdir(folder) or not os.listdir(folder) or os.path.exists(os.path.join(folder, MARK))


def expected(item: Item) -> int:
    """Frames to expect of it, 1 where it cannot be read."""
    with contextlib.suppress(*UNREADABLE):
        return videoio.header(item.path).frames if item.is_video else 1
    return 1


def frames(item: Item) -> Iterator[np.ndarray]:
    """Its frames, [H,W,3] uint8 RGB and upright; one of UNREADABLE if there is not even one."""
    if item.is_video:
        return videoio.frames(item.path)
    data = imageio.read_bytes(item.path)
    return iter([exif.upright(imageio.as_rgb(imageio.decode(data, item.path)), exif.orientation(data))])


@contextlib.contextmanager
def writing(item: Item) -> Iterator[Take]:
    """Yield a function that takes the frames of its result."""
    if not item.is_video:
        yield lambda picture: imageio.write_png(item.target, picture)
    elif item.as_folder:
        with _numbered(item.target) as take:
            yield take
    else:
        with videoio.writing(item.target, videoio.header(item.path).rate) as take:
            yield take


@contextlib.contextmanager
def _numbered(folder: str) -> Iterator[Take]:
    """000000.png and so on. What an earlier video left goes first, so that frames of two are never mixed."""
    count = 0

    def path(number: int) -> str:
        return os.path.join(folder, "%06d.png" % number)

    def take(picture: np.ndarray) -> None:
        nonlocal count
        if not count:
            atomic.write_text(os.path.join(folder, MARK), "unfinished\n")
            for name in os.listdir(folder):
                if re.fullmatch(r"\d{6,}\.png", name):
                    os.remove(os.path.join(folder, name))
        imageio.write_png(path(count), picture)
        count += 1

    yield take
    atomic.write_text(os.path.join(folder, MARK), "%d pictures, which the next video of this name replaces\n" % count)
