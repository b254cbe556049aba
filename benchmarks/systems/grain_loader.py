"""grain with albumentations 2: a MapDataset, shuffled and repeated, read in the caller's thread."""

from typing import Callable, Iterable, Tuple

import albumentations as A
import cv2
import grain
import harness
import numpy as np

Read = Callable[[int], Tuple[np.ndarray, np.ndarray]]


def transform(work: harness.Work) -> A.Compose:
    """All of the work. Colour comes first, since the padding must keep its own."""
    (low, high), (dull, vivid) = work.scale, work.contrast
    size = work.height, work.width
    return A.Compose(
        [
            A.RandomBrightnessContrast(work.brightness / 255, (dull - 1, vivid - 1), p=1),
            A.RandomScale((low - 1, high - 1), p=1),
            A.PadIfNeeded(*size, position="random", fill=tuple(work.pad_colour), fill_mask=work.pad_label),
            A.RandomCrop(*size),
            A.HorizontalFlip(p=work.flip),
        ]
    )


def dataset(work: harness.Work, read: Read) -> Iterable[harness.Batch]:
    """Batches without end; reading threads would only take turns on the one core."""
    cv2.setNumThreads(1)
    augment = transform(work)

    def sample(index: int) -> Tuple[np.ndarray, np.ndarray]:
        image, ids = read(index)
        made = augment(image=image, mask=ids)
        return made["image"], made["mask"]

    order = grain.MapDataset.range(work.frames).shuffle(seed=0).repeat()
    return order.map(sample).batch(work.batch_size).to_iter_dataset(grain.ReadOptions(num_threads=0))


def png(work: harness.Work) -> Iterable[harness.Batch]:
    """From the PNG tree."""
    table = work.id_table()
    return dataset(work, lambda i: harness.read_png(work.images[i], work.labels[i], table))


def arrays(work: harness.Work) -> Iterable[harness.Batch]:
    """From decoded frames."""
    images, labels = work.arrays()
    return dataset(work, lambda i: (images[i], labels[i]))


def versions():
    """Of what decides the speed."""
    return {"grain": grain.__version__, "albumentations": A.__version__, "opencv": cv2.__version__}


if __name__ == "__main__":
    harness.main({"png": png, "arrays": arrays}, versions)
