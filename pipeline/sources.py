"""Where frames come from: a split tree, with or without a cache, or a packed file, behind one interface."""

import logging
import os
import time
from typing import Callable, List, Optional, Tuple

import numpy as np

from camvid_tools import imageio, packed, splitfolder
from camvid_tools.classes import ClassTable
from camvid_tools.digest import DataDigest
from camvid_tools.errors import ToolkitError

from . import cache as caches
from .survey import Sample, Surveyed, counted
from .watch import Pictures, State, Watch, state_of

log = logging.getLogger("camvid.pipeline")

NONE, MEMORY = "none", "memory"


class TreeSource(Surveyed):
    """Frames of one split of a folder, decoded and encoded on every read. `tolerant`: some may be damaged."""

    kind = "tree"
    one_size: Optional[Tuple[int, int]] = None  # height and width of all frames, where that is known unread

    def __init__(self, folder: splitfolder.SplitFolder, split: str, tolerant: bool = False) -> None:
        self._folder, self._frames, self._pictures = folder, folder.frames(split), Pictures()
        super().__init__([frame.name for frame in self._frames], folder.classes, tolerant)
        self.path, self.split = folder.path, split
        self.drives = [frame.drive for frame in self._frames]

    def read(self, index: int) -> Sample:
        """image [h,w,3] uint8 RGB and ids [h,w] uint8 of one frame; ImageFault names the file, and RunFault one that is
        no longer as it was when it was first read."""
        image, label = self._folder.read(self._frames[index], self._pictures.read)
        return image, label.ids

    decode = read  # what a cache around this source does not answer

    def files(self) -> List[List[Tuple[str, State]]]:
        """Of each frame the paths of image and label, and their states, from which on a change is a RunFault."""
        state = self._pictures.state
        return [[(path, state(path)) for path in (frame.image, frame.label)] for frame in self._frames]

    def sizes(self) -> List[Tuple[int, int]]:
        """Height and width that the files' headers say, without decoding them; (0, 0) of a frame that is damaged."""
        return [self._header_size(index) for index in range(len(self))]

    def _header_size(self, index: int) -> Tuple[int, int]:
        frame = self._frames[index]
        size = imageio.png_size(frame.label) or imageio.png_size(frame.image)
        if size is None:  # neither is a PNG
            try:
                size = self.read(index)[1].shape
            except imageio.ImageFault:
                size = (0, 0)
        return size


class PackedSource:
    """Frames of one split of a packed file, as views of a memory map."""

    kind = "packed"
    damaged: List[str] = []

    def __init__(self, file: packed.PackedFile, split: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._watch = clock, Watch([(file.path, state_of(file.path))], may_go=False, clock=clock)
        opened = file.open(split)
        self.path, self.split, self.classes = file.path, split, file.classes
        self.names, self.drives, self._digest = opened.names, opened.drives, opened.data_digest
        self.one_size: Optional[Tuple[int, int]] = opened.labels.shape[1:]
        # a view of a plain array costs a fifth of one of a memmap
        self._images, self._labels = opened.images.view(np.ndarray), opened.labels.view(np.ndarray)

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> Sample:
        """image [h,w,3] uint8 RGB and ids [h,w] uint8 of one frame, read-only views.

        RunFault where the file was changed or replaced since it was opened, which is looked at once a second.
        """
        if self._clock() >= self._watch.due:
            self._watch.look()
        return self._images[index], self._labels[index]

    def size(self, index: int) -> Tuple[int, int]:
        """Height and width of one frame: all are alike."""
        return self._labels.shape[1:]

    def survey(self) -> Tuple[str, Tuple[int, int]]:
        """(data digest, height and width of every frame)."""
        return self._digest, self._labels.shape[1:]

    def label_counts(self) -> np.ndarray:
        """Pixels of each id in each frame, [frames,256] int64."""
        return np.stack([counted(ids) for ids in self._labels])


class ArraySource:
    """Frames that are in memory already: for self-tests and benchmarks."""

    kind = "arrays"
    damaged: List[str] = []

    def __init__(self, names: List[str], samples: List[Sample], classes: ClassTable) -> None:
        self.names, self._samples, self.classes = list(names), list(samples), classes
        self.drives, self.path, self.split = ["memory"] * len(names), "memory", "train"
        sizes = {ids.shape for _, ids in samples}
        self.one_size: Optional[Tuple[int, int]] = sizes.pop() if len(sizes) == 1 else None

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> Sample:
        """The arrays as given: image [h,w,3] and ids [h,w], uint8."""
        return self._samples[index]

    def size(self, index: int) -> Tuple[int, int]:
        """Height and width of one frame."""
        return self._samples[index][1].shape

    def survey(self) -> Tuple[str, Tuple[int, int]]:
        """(data digest, largest height and width)."""
        digest = DataDigest(self.classes)
        for name, (image, ids) in zip(self.names, self._samples):
            digest.add(name, image, ids)
        return digest.hexdigest(), tuple(np.max([ids.shape for _, ids in self._samples], axis=0).tolist())

    def label_counts(self) -> np.ndarray:
        """Pixels of each id in each frame, [frames,256] int64."""
        return np.stack([counted(ids) for _, ids in self._samples])


def open_source(
    path: str, split: str, cache: str = NONE, tolerant: bool = False, say: Callable[[str], None] = log.info
):
    """The source for `--data_path`: a packed file or a split folder; ToolkitError where it cannot be used.

    cache: `none`, `memory`, or a folder where decoded frames of a split folder are kept; `say` gets a line or two about
    it. tolerant: of frames that cannot be read, which TrainBatches replaces.
    """
    if cache not in (NONE, MEMORY):
        _require_folder(cache)
    if not os.path.exists(path):
        raise ToolkitError(
            "no such file or folder", where=path, remedy="--data_path takes a split folder or a packed file"
        )
    if os.path.isfile(path):
        source = PackedSource(packed.PackedFile(path), split)
        if cache != NONE:
            say("no cache is needed: a packed file is mapped into memory as it is")
        return source
    tree = TreeSource(splitfolder.SplitFolder(path), split, tolerant)
    if cache == NONE:
        return tree
    return caches.in_memory(tree, say) if cache == MEMORY else caches.on_disk(tree, cache, say)


def _require_folder(cache: str) -> None:
    """ToolkitError for what can be no folder. A bare word has to be one already: it may be a mistyped `memory`."""
    if os.path.isdir(cache):
        return
    if os.path.exists(cache):
        raise ToolkitError("is a file, --cache takes a folder", where=cache)
    if os.path.basename(cache) == cache:
        raise ToolkitError("no cache '%s'" % cache, remedy="there are none, memory, or a folder such as ./%s" % cache)


def splits_of(path: str) -> List[str]:
    """The splits that a split folder or packed file holds."""
    if os.path.isfile(path):
        return packed.PackedFile(path).splits()
    return splitfolder.SplitFolder(path).splits()


def class_table(path: str) -> ClassTable:
    """The class table of a split folder or packed file."""
    return packed.PackedFile(path).classes if os.path.isfile(path) else splitfolder.SplitFolder(path).classes
