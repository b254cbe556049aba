"""Batch k in numpy: read, cut, scale, flip, recolour, all in one call."""

import logging
from typing import List, Optional, Tuple

import numpy as np

from augment import apply, choice, draw, foreign, padding
from augment.augmentation import Augmentation
from augment.plan import Plan, plans
from camvid_tools.errors import RunFault, ToolkitError
from camvid_tools.imageio import ImageFault

from .ahead import Ahead
from .pool import BatchPool
from .schedule import Schedule
from .sources import Sample
from .spec import BatchSpec

log = logging.getLogger("camvid.pipeline")

Batch = Tuple[np.ndarray, np.ndarray]
MOST_BYTES = 1 << 31  # of an element
STOP, REPLACE = "stop", "replace"
DAMAGED_REMEDY = "mend the file, or train with --on_damaged replace"


class TrainBatches:
    """Makes training batch k, a pure function of (data, seed, k, rank). Safe to call from several threads.

    A frame that cannot be read stops the run, or is replaced by the next in the list and logged (`on_damaged`). The
    first fault is kept in `fault`, since TensorFlow passes on only its text.
    """

    def __init__(
        self, source, schedule: Schedule, augmentation: Augmentation, spec: BatchSpec, on_damaged: str = STOP
    ) -> None:
        if spec.element_bytes > MOST_BYTES:
            raise ToolkitError(
                "a batch of %d x %d x %d is %.1f GB, at most 2 can be" % (spec[:3] + (spec.element_bytes / 2**30,)),
                remedy="use a smaller batch or crop",
            )
        self.source, self.schedule, self.augmentation, self.spec = source, schedule, augmentation, spec
        self.on_damaged = on_damaged
        self.fault: Optional[Exception] = None
        self._pool = BatchPool(spec)
        self._spare: List[apply.Workspace] = []  # not by thread: TensorFlow's threads are new to Python at each call
        self._steps = foreign.Steps(augmentation.albumentations) if augmentation.albumentations else None
        self._ahead: Optional[Ahead] = None
        self.expect_every(1)

    def expect_every(self, stride: int) -> None:
        """Be ready for numbers that go up by `stride`; any others are made as well, only more slowly."""
        hw, source = (self.spec.height, self.spec.width), self.source
        if source.one_size is not None and not self.augmentation.looks_at_labels and self._steps is None:
            self._ahead = Ahead(self.schedule, self.augmentation, source.one_size, hw, stride)

    def __call__(self, number: int) -> Batch:
        """Batch `number` as (image [N,H,W,3], label [N,H,W]) uint8."""
        try:
            return self._make(int(number))
        except Exception as error:
            self.fault = self.fault or error
            log.info("batch %d cannot be made: %s", number, error)  # a card tells only that none arrived
            raise

    def _make(self, number: int) -> Batch:
        batch = self._pool.take()
        self.write(number, *batch)
        return batch

    def write(self, number: int, images: np.ndarray, labels: np.ndarray) -> None:
        """Write batch `number` into images [N,H,W,3] and labels [N,H,W] uint8."""
        if self._ahead is None:
            self.fill(*self.schedule.batch(number), images, labels)
        else:
            frames, planned = self._ahead(number)
            self._paint(self._read_all(frames), planned, images, labels)

    def fill(self, epochs: np.ndarray, frames: np.ndarray, images: np.ndarray, labels: np.ndarray) -> draw.Draws:
        """Write frames [N] as they come in epochs [N] into images [N,H,W,3] and labels [N,H,W] uint8; their draws."""
        samples = self._read_all(frames.tolist())
        sizes = np.array([ids.shape for _, ids in samples])
        hw = (self.spec.height, self.spec.width)
        draws = draw.draw(self.augmentation, self.schedule.seed, epochs, frames, sizes, hw)
        if self.augmentation.looks_at_labels:
            draws = choice.choose(self.augmentation, draws, [ids for _, ids in samples], self.source.classes.void_ids())
        planned = plans(draws)
        if self._steps is not None:
            pairs = [self._stepped(*one) for one in zip(samples, planned, draws.more.key.tolist())]
            samples, planned = [sample for sample, _ in pairs], [plan for _, plan in pairs]
        self._paint(samples, planned, images, labels)
        return draws

    def _paint(self, samples: List[Sample], planned: List[Plan], images: np.ndarray, labels: np.ndarray) -> None:
        try:
            work = self._spare.pop()
        except IndexError:
            work = apply.Workspace((self.spec.height, self.spec.width))
        for (image, ids), plan, image_out, label_out in zip(samples, planned, images, labels):
            apply.apply(image, ids, plan, image_out, label_out, work)
        self._spare.append(work)

    def _stepped(self, sample: Sample, plan: Plan, key: int) -> Tuple[Sample, Plan]:
        """The window as albumentations made it, now a picture of its own."""
        y, x, height, width = plan.window
        try:
            made = self._steps(*(part[y : y + height, x : x + width] for part in sample), key)
        except ValueError as error:
            raise RunFault(str(error), "augmentation " + self.augmentation.name) from None
        return made, plan._replace(window=(0, 0) + made[1].shape)

    def _read_all(self, frames: List[int]) -> List[Sample]:
        try:
            return [self.source.read(frame) for frame in frames]
        except ImageFault:
            return [self._read(frame) for frame in frames]

    def _read(self, frame: int) -> Sample:
        for offset in range(len(self.source)):
            try:
                return self.source.read((frame + offset) % len(self.source))
            except ImageFault as error:
                if self.on_damaged != REPLACE:
                    raise RunFault(error.what, error.where, DAMAGED_REMEDY) from None
                log.warning("damaged frame replaced by the next: %s", error)
        raise RunFault("no frame of this split can be read", where=self.source.path)

    def memory_bytes(self) -> int:
        """Bytes of all batches made so far and not given back: the feed's bound on buffer memory."""
        return len(self._pool) * self.spec.element_bytes

    def names(self, number: int) -> str:
        """The frames of global batch `number`, for messages."""
        return ", ".join(self.source.names[frame] for frame in self.schedule.whole().batch(number)[1])


class EvalBatches:
    """Makes evaluation batch k: frames in the order of their names, whole, padded below and to the right.

    Every frame comes exactly once; places left over in the last batch hold padding and labels of 255.
    """

    def __init__(self, source, spec: BatchSpec) -> None:
        self.source, self.spec = source, spec
        self.fault: Optional[Exception] = None
        self._pool, self._padding = BatchPool(spec), padding.padding_row(spec.width)

    def __len__(self) -> int:
        return -(-len(self.source) // self.spec.batch_size)

    def frames(self, number: int) -> range:
        """The indices of the frames in batch `number`."""
        first = number * self.spec.batch_size
        return range(first, min(first + self.spec.batch_size, len(self.source)))

    def __call__(self, number: int) -> Batch:
        """Batch `number` as (image [N,H,W,3], label [N,H,W]) uint8."""
        try:
            return self._make(int(number))
        except Exception as error:
            self.fault = self.fault or error
            raise

    def _make(self, number: int) -> Batch:
        images, labels = self._pool.take()
        frames = self.frames(number)
        for place in range(self.spec.batch_size):
            size = self._put(frames[place], images[place], labels[place]) if place < len(frames) else (0, 0)
            padding.pad(images[place], labels[place], self._padding, (0, 0) + size)
        return images, labels

    def _put(self, frame: int, image_out: np.ndarray, label_out: np.ndarray) -> Tuple[int, int]:
        image, ids = self.source.read(frame)
        height, width = ids.shape
        if height > self.spec.height or width > self.spec.width:
            raise RunFault(
                "%s is %d x %d, larger than the %d x %d that this run evaluates at"
                % (self.source.names[frame], height, width, self.spec.height, self.spec.width)
            )
        image_out[:height, :width], label_out[:height, :width] = image, ids
        return height, width
