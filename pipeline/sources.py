"""Where frames come from: a split tree or a packed file, behind one interface."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional, Tuple

import numpy as np

from camvid_tools import imageio, packed, splitfolder
from camvid_tools.classes import ClassTable
from camvid_tools.digest import DataDigest, frame_digest
from camvid_tools.errors import ToolkitError

Sample = Tuple[np.ndarray, np.ndarray]
_NOTHING = np.empty((0, 0), np.uint8)


class TreeSource:
    """Frames of one split of a folder, decoded and encoded on every read. `tolerant`: some may be damaged."""

    kind = "tree"

    def __init__(self, folder: splitfolder.SplitFolder, split: str, tolerant: bool = False) -> None:
        self._folder, self._frames, self._tolerant = folder, folder.frames(split), tolerant
        self.path, self.split, self.classes = folder.path, split, folder.classes
        self.names = [frame.name for frame in self._frames]
        self.drives = [frame.drive for frame in self._frames]
        self.damaged: List[str] = []  # names of frames that the survey of a tolerant source could not read
        self._digest: Optional[str] = None
        self._sizes: List[Tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> Sample:
        """image [h,w,3] uint8 RGB and ids [h,w] uint8 of one frame; raises ImageFault naming the file."""
        image, label = self._folder.read(self._frames[index])
        return image, label.ids

    decode = read  # what a cache around this source must not answer

    def size(self, index: int) -> Tuple[int, int]:
        """Height and width of one frame."""
        self.survey()
        return self._sizes[index]

    def survey(self) -> Tuple[str, Tuple[int, int]]:
        """(data digest, largest height and width): reads every frame once, on all cores, the first time asked.

        Raises ImageFault for a damaged frame unless tolerant, since nobody wants to hear of it hours later.
        """
        if self._digest is None:
            digest, self._sizes = DataDigest(self.classes), []
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for one, size in pool.map(self._survey_frame, range(len(self))):
                    digest.add_frame(one)
                    self._sizes.append(size)
            self._digest = digest.hexdigest()
        return self._digest, tuple(np.max(self._sizes, axis=0).tolist())

    def _survey_frame(self, index: int) -> Tuple[bytes, Tuple[int, int]]:
        try:
            image, ids = self.read(index)
        except imageio.ImageFault:
            if not self._tolerant:
                raise
            self.damaged.append(self.names[index])
            return frame_digest(self.names[index], _NOTHING, _NOTHING), (1, 1)
        return frame_digest(self.names[index], image, ids), ids.shape


class PackedSource:
    """Frames of one split of a packed file, as views of a memory map."""

    kind = "packed"
    damaged: List[str] = []

    def __init__(self, file: packed.PackedFile, split: str) -> None:
        opened = file.open(split)
        self.path, self.split, self.classes = file.path, split, file.classes
        self.names, self.drives = opened.names, opened.drives
        self._images, self._labels, self._digest = opened.images, opened.labels, opened.data_digest

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> Sample:
        """image [h,w,3] uint8 RGB and ids [h,w] uint8 of one frame, read-only views."""
        return self._images[index], self._labels[index]

    def size(self, index: int) -> Tuple[int, int]:
        """Height and width of one frame: all are alike."""
        return self._labels.shape[1:]

    def survey(self) -> Tuple[str, Tuple[int, int]]:
        """(data digest, height and width of every frame)."""
        return self._digest, self._labels.shape[1:]


class MemorySource:
    """Another source's frames, kept in memory from their first reading on."""

    def __init__(self, source: "TreeSource") -> None:
        self._source = source
        self._kept: List[Optional[Sample]] = [None] * len(source)
        self.kind, self.path, self.split, self.classes = (
            source.kind,
            source.path,
            source.split,
            source.classes,
        )
        self.names, self.drives, self.damaged = source.names, source.drives, source.damaged
        self.survey, self.size, self.decode = source.survey, source.size, source.decode

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, index: int) -> Sample:
        """As the source's `read`, decoded at most once a frame (twice where two threads meet)."""
        if self._kept[index] is None:
            self._kept[index] = self._source.read(index)
        return self._kept[index]


class ArraySource:
    """Frames that are in memory already: for self-tests and benchmarks."""

    kind = "arrays"

    def __init__(self, names: List[str], samples: List[Sample], classes: ClassTable) -> None:
        self.names, self._samples, self.classes = list(names), list(samples), classes
        self.drives, self.path, self.split = ["memory"] * len(names), "memory", "train"

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


def open_source(path: str, split: str, cache: str = "none", tolerant: bool = False):
    """The source for `--data_path`: a packed file or a split folder. cache: `none` or `memory`; tolerant: of frames
    that cannot be read, which TrainBatches replaces."""
    if cache not in ("none", "memory"):
        raise ToolkitError("no cache '%s'" % cache, remedy="there are none, memory")
    if not os.path.exists(path):
        raise ToolkitError(
            "no such file or folder", where=path, remedy="--data_path takes a split folder or a packed file"
        )
    if os.path.isfile(path):
        return PackedSource(packed.PackedFile(path), split)
    source = TreeSource(splitfolder.SplitFolder(path), split, tolerant)
    return MemorySource(source) if cache == "memory" else source


def splits_of(path: str) -> List[str]:
    """The splits that a split folder or packed file holds."""
    if os.path.isfile(path):
        return packed.PackedFile(path).splits()
    return splitfolder.SplitFolder(path).splits()


def class_table(path: str) -> ClassTable:
    """The class table of a split folder or packed file."""
    return packed.PackedFile(path).classes if os.path.isfile(path) else splitfolder.SplitFolder(path).classes
