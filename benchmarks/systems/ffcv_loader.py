"""FFCV on images alone: it has no way to give a mask the crop of its image, so no labels are made.

The window comes first, scaled by a factor from 1 to 2, and nothing is padded. Its brightness is a factor, whose range
is what 32 grey levels are of mid-grey. arrays-plain leaves brightness and contrast out. Frames are stored raw.
"""

import os
from typing import Iterable

import cv2
import ffcv
import harness
import numba
import numpy as np
from ffcv.fields import RGBImageField
from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import RandomBrightness, RandomContrast, RandomHorizontalFlip, ToTensor
from ffcv.writer import DatasetWriter

MID_GREY = 128
PASSES = 10000  # over the frames before the loader has to be started again


class Frames:
    """Decoded images as FFCV's writer wants them."""

    def __init__(self, work: harness.Work) -> None:
        self._images = work.arrays()[0]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int):
        return (np.asarray(self._images[index]),)


def written(work: harness.Work) -> str:
    """FFCV's own file of the frames, made where it is not there yet."""
    path = os.path.join(work.folder, "frames.beton")
    if not os.path.exists(path):
        writer = DatasetWriter(path + ".part", {"image": RGBImageField(write_mode="raw")}, num_workers=1)
        writer.from_indexed_dataset(Frames(work))
        os.replace(path + ".part", path)
    return path


def loader(work: harness.Work, colour: bool) -> Iterable[harness.Batch]:
    """Batches (images, None), in practice without end."""
    cv2.setNumThreads(1)
    ratio = work.width / work.height
    areas = 1 / work.scale[1] ** 2, 1.0  # parts of the frame's area
    steps = [
        RandomResizedCropRGBImageDecoder((work.height, work.width), scale=areas, ratio=(ratio, ratio)),
        RandomHorizontalFlip(work.flip),
    ]
    if colour:
        steps += [RandomBrightness(work.brightness / MID_GREY, p=1.0), RandomContrast(work.contrast[1] - 1, p=1.0)]
    batches = Loader(
        written(work),
        work.batch_size,
        num_workers=1,
        os_cache=True,
        order=OrderOption.RANDOM,
        indices=np.tile(np.arange(work.frames), PASSES),
        pipelines={"image": steps + [ToTensor()]},
    )
    return ((images.numpy(), None) for (images,) in batches)


def versions():
    """Of what decides the speed."""
    return {"ffcv": getattr(ffcv, "__version__", "?"), "numba": numba.__version__, "opencv": cv2.__version__}


if __name__ == "__main__":
    sources = {"arrays": lambda work: loader(work, True), "arrays-plain": lambda work: loader(work, False)}
    harness.main(sources, versions, unpadded=sorted(sources), unlabelled=sorted(sources))
