"""What reading every frame of a source once tells: its digest, its sizes, which frames are damaged."""

import abc
import os
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional, Tuple

import numpy as np

from camvid_tools.classes import ClassTable
from camvid_tools.digest import DataDigest, frame_digest
from camvid_tools.imageio import ImageFault

Sample = Tuple[np.ndarray, np.ndarray]
_NOTHING = np.empty((0, 0), np.uint8)


class Surveyed(abc.ABC):
    """The base of sources whose frames cost time to read. `tolerant`: some of them may be damaged."""

    def __init__(self, names: List[str], classes: ClassTable, tolerant: bool) -> None:
        self.names, self.classes, self.tolerant = names, classes, tolerant
        self.damaged: List[str] = []  # names of frames that the survey of a tolerant source could not read
        self._digest: Optional[str] = None
        self._sizes: List[Tuple[int, int]] = []
        self._counts: List[np.ndarray] = []

    def __len__(self) -> int:
        return len(self.names)

    @abc.abstractmethod
    def read(self, index: int) -> Sample:
        """image [h,w,3] uint8 RGB and ids [h,w] uint8 of one frame; raises ImageFault naming the file."""

    def frame_digest(self, index: int, sample: Sample) -> bytes:
        """The digest of a frame that was just read."""
        return frame_digest(self.names[index], *sample)

    def size(self, index: int) -> Tuple[int, int]:
        """Height and width of one frame."""
        self.survey()
        return self._sizes[index]

    def survey(self) -> Tuple[str, Tuple[int, int]]:
        """(data digest, largest height and width): reads every frame once, on all cores, the first time asked.

        Raises ImageFault for a damaged frame unless tolerant, since nobody wants to hear of it hours later.
        """
        if self._digest is None:
            digest, self._sizes, self._counts = DataDigest(self.classes), [], []
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for one, size, counts in pool.map(self._survey_frame, range(len(self))):
                    digest.add_frame(one)
                    self._sizes.append(size)
                    self._counts.append(counts)
            self._digest = digest.hexdigest()
        return self._digest, tuple(np.max(self._sizes, axis=0).tolist())

    def label_counts(self) -> np.ndarray:
        """Pixels of each id in each frame, [frames,256] int64; a damaged frame has none."""
        self.survey()
        return np.stack(self._counts)

    def _survey_frame(self, index: int) -> Tuple[bytes, Tuple[int, int], np.ndarray]:
        try:
            sample = self.read(index)
        except ImageFault:
            if not self.tolerant:
                raise
            self.damaged.append(self.names[index])
            return frame_digest(self.names[index], _NOTHING, _NOTHING), (1, 1), counted(_NOTHING)
        return self.frame_digest(index, sample), sample[1].shape, counted(sample[1])


def counted(ids: np.ndarray) -> np.ndarray:
    """Pixels of each id of a label, [256] int64."""
    return np.bincount(ids.ravel(), minlength=256)
