"""NVIDIA DALI, operators of the CPU only: the window is cut and scaled in one resize, then padded and mirrored.

PNG labels are colours and become ids by a table in Python, since DALI's own lookup table takes numbers below 65,536.
"""

from typing import Any, Iterable, Tuple

import cv2
import harness
import numpy as np
import nvidia.dali as dali
from nvidia.dali import fn, math, types

SEED = 1


def augment(image: Any, ids: Any, work: harness.Work) -> Tuple[Any, Any]:
    """All of the work on a batch of frames [h,w,3] and ids [h,w,1]."""
    window = _window(work)
    image = fn.resize(image, interp_type=types.INTERP_LINEAR, antialias=False, **window)
    ids = fn.resize(ids, interp_type=types.INTERP_NN, antialias=False, **window)
    low, high = work.contrast
    shift = work.brightness / 255
    image = fn.brightness_contrast(
        image,
        contrast=fn.random.uniform(range=[low, high]),
        brightness_shift=fn.random.uniform(range=[-shift, shift]),
    )
    place = {
        "crop": (work.height, work.width),
        "crop_pos_y": fn.random.uniform(range=[0.0, 1.0]),
        "crop_pos_x": fn.random.uniform(range=[0.0, 1.0]),
        "mirror": fn.random.coin_flip(probability=work.flip),
        "out_of_bounds_policy": "pad",
        "output_layout": "HWC",
        "dtype": types.UINT8,
    }
    image = fn.crop_mirror_normalize(image, fill_values=list(work.pad_colour), **place)
    return image, fn.crop_mirror_normalize(ids, fill_values=[work.pad_label], **place)


def _window(work: harness.Work) -> dict:
    """Arguments of a resize that cuts a random window and scales it by a random factor, at most to the output."""
    scale = fn.random.uniform(range=list(work.scale))
    starts, ends, lengths = [], [], []
    for frame, output in ((work.frame_height, work.height), (work.frame_width, work.width)):
        length = math.min(math.floor(scale * frame + 0.5), float(output))
        window = math.min(length / scale, float(frame))
        start = fn.random.uniform(range=[0.0, 1.0]) * (frame - window)
        starts.append(start)
        ends.append(start + window)
        lengths.append(length)
    return {"roi_start": fn.stack(*starts), "roi_end": fn.stack(*ends), "size": fn.stack(*lengths)}


def batches(pipeline: Any) -> Iterable[harness.Batch]:
    """Batches without end: images [N,H,W,3] and ids [N,H,W]."""
    pipeline.build()
    while True:
        images, ids = pipeline.run()
        yield images.as_array(), ids.as_array()[..., 0]


def png(work: harness.Work) -> Iterable[harness.Batch]:
    """From the PNG tree."""
    table = work.id_table()

    def to_ids(colours: np.ndarray) -> np.ndarray:
        packed = cv2.cvtColor(colours, cv2.COLOR_RGB2BGRA).view("<u4")[..., 0] & 0xFFFFFF
        return table[packed][..., np.newaxis]

    @dali.pipeline_def(batch_size=work.batch_size, num_threads=1, device_id=None, seed=SEED, exec_dynamic=True)
    def pipeline():
        read = [fn.readers.file(files=names, random_shuffle=True, seed=SEED)[0] for names in (work.images, work.labels)]
        image, colours = (fn.decoders.image(file, device="cpu", output_type=types.RGB) for file in read)
        ids = fn.python_function(colours, function=to_ids, output_layouts="HWC")
        return augment(image, ids, work)

    return batches(pipeline())


def arrays(work: harness.Work) -> Iterable[harness.Batch]:
    """From decoded frames, which are handed over without a copy."""
    images, labels = work.arrays()
    rng = np.random.default_rng(SEED)

    def frames():
        while True:
            chosen = rng.integers(0, work.frames, work.batch_size)
            yield [images[i] for i in chosen], [labels[i][..., np.newaxis] for i in chosen]

    @dali.pipeline_def(batch_size=work.batch_size, num_threads=1, device_id=None, seed=SEED)
    def pipeline():
        image, ids = fn.external_source(source=frames(), num_outputs=2, layout="HWC", no_copy=True)
        return augment(image, ids, work)

    return batches(pipeline())


def versions():
    """Of what decides the speed."""
    return {"dali": dali.__version__, "opencv": cv2.__version__}


if __name__ == "__main__":
    harness.main({"png": png, "arrays": arrays}, versions)
