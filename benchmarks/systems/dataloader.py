"""PyTorch's DataLoader with albumentations 2: one process, default collation.

arrays-window is the nearest that albumentations has to cutting the window before it is scaled: factors from 1 to 2
only and no padding, so less work than the rest.
"""

from typing import Callable, Iterable, Tuple

import albumentations as A
import cv2
import harness
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler

Read = Callable[[int], Tuple[np.ndarray, np.ndarray]]


def colour(work: harness.Work) -> A.BasicTransform:
    """Brightness and contrast with the ranges of the work."""
    low, high = work.contrast
    return A.RandomBrightnessContrast(work.brightness / 255, (low - 1, high - 1), p=1)


def whole(work: harness.Work) -> A.Compose:
    """All of the work. Colour comes first, since the padding must keep its own."""
    low, high = work.scale
    size = work.height, work.width
    pad = A.PadIfNeeded(*size, position="random", fill=tuple(work.pad_colour), fill_mask=work.pad_label)
    steps = [A.RandomScale((low - 1, high - 1), p=1), pad, A.RandomCrop(*size), A.HorizontalFlip(p=work.flip)]
    return A.Compose([colour(work)] + steps)


def window(work: harness.Work) -> A.Compose:
    """The window first, then scaled by a factor from 1 to 2: no frame is made smaller, nothing is padded."""
    low = round(work.height / work.scale[1])
    size = work.height, work.width
    crop = A.RandomSizedCrop((low, work.height), size, w2h_ratio=work.width / work.height)
    return A.Compose([crop, A.HorizontalFlip(p=work.flip), colour(work)])


class Frames(Dataset):
    """Augmented samples (image, ids); `read` gives the pixels of one frame."""

    def __init__(self, count: int, read: Read, transform: A.Compose) -> None:
        self._count, self._read, self._transform = count, read, transform

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Tuple[np.ndarray, np.ndarray]:
        image, ids = self._read(index)
        made = self._transform(image=image, mask=ids)
        return made["image"], made["mask"]


def loader(work: harness.Work, read: Read, transform: A.Compose) -> Iterable[harness.Batch]:
    """Batches without end, frames drawn with replacement so that no epoch has to be started again."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    frames = Frames(work.frames, read, transform)
    return DataLoader(frames, work.batch_size, sampler=RandomSampler(frames, replacement=True, num_samples=1 << 24))


def png(work: harness.Work) -> Iterable[harness.Batch]:
    """From the PNG tree."""
    table = work.id_table()
    return loader(work, lambda i: harness.read_png(work.images[i], work.labels[i], table), whole(work))


def arrays(work: harness.Work) -> Iterable[harness.Batch]:
    """From decoded frames."""
    images, labels = work.arrays()
    return loader(work, lambda i: (images[i], labels[i]), whole(work))


def arrays_window(work: harness.Work) -> Iterable[harness.Batch]:
    """From decoded frames, with less work."""
    images, labels = work.arrays()
    return loader(work, lambda i: (images[i], labels[i]), window(work))


def versions():
    """Of what decides the speed."""
    return {"torch": torch.__version__, "albumentations": A.__version__, "opencv": cv2.__version__}


if __name__ == "__main__":
    sources = {"png": png, "arrays": arrays, "arrays-window": arrays_window}
    harness.main(sources, versions, unpadded=("arrays-window",))
