"""Decoded frames kept in memory or on disk: a source around a split tree that decodes each frame once."""

import logging
import os
import time
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from camvid_tools import layout
from camvid_tools.digest import frame_digest
from camvid_tools.errors import ToolkitError

from . import cache_file, room
from .survey import Sample, Surveyed
from .watch import Watch

log = logging.getLogger("camvid.pipeline")

Say = Callable[[str], None]
Clock = Callable[[], float]
MEMORY_LEFT = 1 << 30  # bytes that stay free for the training itself
DISK_LEFT = 1 << 28  # and for what else is written
ALIGNMENT = 64


class Slot(NamedTuple):
    """Where a frame's image and, right behind it, its label lie in a store. Height 0: not known, so it is not kept."""

    start: int
    height: int
    width: int

    def views(self, pixels: np.ndarray) -> Sample:
        """The frame's image [h,w,3] and ids [h,w] in the store's bytes, read-only."""
        middle = self.start + 3 * self.height * self.width
        image = pixels[self.start : middle].reshape(self.height, self.width, 3)
        ids = pixels[middle : middle + self.height * self.width].reshape(self.height, self.width)
        image.flags.writeable = ids.flags.writeable = False
        return image, ids


class MemoryStore:
    """Bytes of frames in this process's memory, which is taken page by page as they come."""

    def __init__(self, total: int) -> None:
        self.pixels = np.empty(total, np.uint8)

    def known(self, index: int) -> Optional[bytes]:
        """Nothing is there before this process put it there."""
        return None

    def put(self, index: int, slot: Slot, sample: Sample, digest: bytes) -> bool:
        """Keep a frame; whether that went well."""
        middle = slot.start + sample[0].size
        self.pixels[slot.start : middle] = sample[0].reshape(-1)
        self.pixels[middle : middle + sample[1].size] = sample[1].reshape(-1)
        return True


class CachedSource(Surveyed):
    """A tree's frames, decoded at their first reading and from then on read from a store, as read-only views.

    Frames that the store holds from an earlier run are compared with their digest at their first reading. RunFault
    where a file of the tree is seen to have changed; one that is gone is not needed any more.
    """

    def __init__(self, source: Any, slots: Sequence[Slot], store: Any, clock: Clock = time.monotonic) -> None:
        super().__init__(source.names, source.classes, source.tolerant)
        self.kind, self.path, self.split, self.drives = source.kind, source.path, source.split, source.drives
        self.decode = source.read  # past the cache
        sizes = {(slot.height, slot.width) for slot in slots}
        self.one_size = sizes.pop() if len(sizes) == 1 else None
        self._slots, self._store, self._clock = slots, store, clock
        self._kept: List[Optional[Sample]] = [None] * len(slots)
        self._digests: List[Optional[bytes]] = [None] * len(slots)
        self._watch = Watch([file for files in source.files() for file in files], may_go=True, clock=clock)

    def read(self, index: int) -> Sample:
        """image [h,w,3] uint8 RGB and ids [h,w] uint8 of one frame, read-only; ImageFault or RunFault name a file."""
        if self._clock() >= self._watch.due:
            self._watch.look()
        kept = self._kept[index]
        return self._first(index) if kept is None else kept

    def frame_digest(self, index: int, sample: Sample) -> bytes:
        """The digest of a frame that was just read: known, where it is kept."""
        return self._digests[index] or super().frame_digest(index, sample)

    def _first(self, index: int) -> Sample:
        """A frame at its first reading; two threads that meet here put the same bytes there."""
        slot, known = self._slots[index], self._store.known(index)
        kept = slot.views(self._store.pixels)
        if known is None or known != frame_digest(self.names[index], *kept):
            if known is not None:
                log.warning("frame %s is damaged in the cache and made anew", self.names[index])
            sample = self.decode(index)
            if sample[1].shape != (slot.height, slot.width):
                return sample
            known = frame_digest(self.names[index], *sample)
            if not self._store.put(index, slot, sample, known):
                return sample
        self._digests[index], self._kept[index] = known, kept
        return kept


def in_memory(
    source: Any, say: Say, free: Callable[[], Optional[int]] = room.memory, clock: Clock = time.monotonic
) -> CachedSource:
    """Keep a tree's frames in memory; ToolkitError where there are not `free()` bytes for it. Says how large it is."""
    slots, total = _slots(source)
    left = free()
    if left is not None and total + MEMORY_LEFT > left:
        what = "a cache of %s does not fit in memory: %s are free, %s have to stay free"
        remedy = "--cache DIR keeps them on disk; camvid-encode makes a packed file, which needs no cache"
        raise ToolkitError(what % (_frames(slots, total), _size(left), _size(MEMORY_LEFT)), source.path, remedy)
    say("cache: %s in memory" % _frames(slots, total))
    return CachedSource(source, slots, MemoryStore(total), clock)


def on_disk(
    source: Any, folder: str, say: Say, free: Callable[[str], int] = room.disk, clock: Clock = time.monotonic
) -> CachedSource:
    """Keep a tree's frames in a file in `folder`, for this and later runs; ToolkitError where the folder cannot be used
    or has not `free(folder)` bytes for it. Says how large it is, and where one is made anew, why."""
    if layout.is_inside(folder, source.path):
        raise ToolkitError("is inside the data, which is only read", where=folder, remedy="choose another --cache")
    slots, total = _slots(source)
    try:
        os.makedirs(folder, exist_ok=True)
        store = cache_file.open_store(folder, source, slots, total, _room(folder, slots, total, free), say)
    except OSError as error:
        what = "cannot hold a cache (%s)" % (error.strerror or error)
        raise ToolkitError(what, where=folder, remedy="choose another --cache") from None
    there = store.count()
    found = ", %d of them there" % there if there else ""
    say("cache: %s in %s%s" % (_frames(slots, total), store.path, found))
    return CachedSource(source, slots, store, clock)


def _room(folder: str, slots: Sequence[Slot], total: int, free: Callable[[str], int]) -> Callable[[], None]:
    def require() -> None:
        left = free(folder)
        if total + DISK_LEFT > left:
            what = "has no room for a cache of %s: %s are free, %s have to stay free"
            remedy = "choose a folder on another disk, or --cache none"
            raise ToolkitError(what % (_frames(slots, total), _size(left), _size(DISK_LEFT)), folder, remedy)

    return require


def _slots(source: Any) -> Tuple[List[Slot], int]:
    """A place for every frame, and the bytes of all of them."""
    slots, start = [], 0
    for height, width in source.sizes():
        slots.append(Slot(start, height, width))
        start += -(-4 * height * width // ALIGNMENT) * ALIGNMENT
    return slots, start


def _frames(slots: Sequence[Slot], total: int) -> str:
    return "%d frames, %s" % (len(slots), _size(total))


def _size(count: int) -> str:
    return "%.2f GB" % (count / 1e9) if count >= 1e7 else "%.2f MB" % (count / 1e6)
