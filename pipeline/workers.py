"""Batches made in processes of their own. Threads share one interpreter's lock, which OpenCV gives back and takes again
at every call; processes share nothing but the memory that the batches lie in.

They are forked, so that they have the open source and a filled cache at no cost: before TensorFlow's first session,
since its threads do not survive a fork. Each makes every `count`-th batch, some of them ahead.
"""

import contextlib
import sys
import threading
from typing import ContextManager, Dict, List, Optional, Set

from camvid_tools.errors import ToolkitError

from .batches import Batch, TrainBatches
from .pool import SharedBatches
from .worker import Worker

AHEAD = 3  # batches a process is asked for at once, so that it never waits to be asked
KEPT = 6  # batches that TensorFlow may hold: prefetched, in use and not yet given back


def require(count: int) -> None:
    """ToolkitError where the system does not have `count` of them."""
    if count and sys.platform != "linux":
        raise ToolkitError("--workers needs Linux", remedy="use --workers 0, and --threads")


class Workers:
    """`make`'s batches, made by `count` forked processes. To be called for one after another; any other number begins
    anew from there. Use as a context manager, so that the processes end.

    A fault is kept in `make.fault`, as if it had been made here; what is logged there is logged here.
    """

    def __init__(self, make: TrainBatches, count: int) -> None:
        require(count)
        self.make, self.spec = make, make.spec
        self._asked: Dict[int, int] = {}  # number -> place
        self._next = 0
        self._lock = threading.Lock()
        self._places = AHEAD + -(-KEPT // count)  # of each process; what TensorFlow holds is spread over all of them
        self._workers: List[Worker] = []
        self.count = count
        try:
            self._batches = SharedBatches(make.spec, self._places * count)
            for _ in range(count):
                self._workers.append(Worker(self._write, lambda: make.expect_every(count)))
        except OSError as error:
            self.close()
            what = "%d processes that make batches of %.1f MB cannot be had (%s)"
            size = make.spec.element_bytes / 1e6
            raise ToolkitError(what % (count, size, error.strerror or error), remedy="use fewer --workers") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __call__(self, number: int) -> Batch:
        """Batch `number` as (image [N,H,W,3], label [N,H,W]) uint8; their memory is used again once both are let go."""
        with self._lock:
            try:
                return self._take(int(number))
            except Exception as error:
                self.make.fault = self.make.fault or error
                raise

    @property
    def pids(self) -> List[int]:
        """Of the processes."""
        return [worker.pid for worker in self._workers]

    @property
    def fault(self) -> Optional[Exception]:
        """What kept a batch from being made."""
        return self.make.fault

    def memory_bytes(self) -> int:
        """Bytes of all batches."""
        return len(self._batches) * self.spec.element_bytes

    def close(self) -> None:
        """End the processes."""
        while self._workers:
            self._workers.pop().end()

    def _write(self, number: int, place: int) -> None:
        """In a process of its own."""
        self.make.write(number, *self._batches[place])

    def _take(self, number: int) -> Batch:
        if number != next(iter(self._asked), None):  # another one than was to come, or there was no place for it
            self._forget()
            self._next = number
            self._ask()
        place = self._asked[number]
        error = self._answer(number)
        if error is not None:
            raise error
        batch = self._batches[place]
        self._ask()
        if self._has_no_place(number):  # TensorFlow holds all the others of this process
            return batch[0].copy(), batch[1].copy()
        return batch

    def _forget(self) -> None:
        """Let everything that was asked for be made, and pass it over."""
        for number in sorted(self._asked):
            self._answer(number)

    def _answer(self, number: int) -> Optional[Exception]:
        error = self._workers[number % self.count].answer()
        del self._asked[number]
        return error

    def _ask(self) -> None:
        """Ask for the next batches, as many as there are to be at once and room for."""
        while len(self._asked) < AHEAD * self.count:
            place = self._free_place(self._next)
            if place is None:
                return
            self._workers[self._next % self.count].ask(self._next, place)
            self._asked[self._next] = place
            self._next += 1

    def _own(self, number: int) -> range:
        """The places of the process that makes batch `number`."""
        first = number % self.count * self._places
        return range(first, first + self._places)

    def _used(self, number: int) -> Set[int]:
        """Those of them that it was asked to fill; a batch comes every `count` numbers, AHEAD of them at once."""
        near = range(number - AHEAD * self.count, number + (AHEAD + 1) * self.count, self.count)
        return {self._asked[one] for one in near if one in self._asked}

    def _free_place(self, number: int) -> Optional[int]:
        used = self._used(number)
        return next((p for p in self._own(number) if p not in used and self._batches.is_free(p)), None)

    def _has_no_place(self, number: int) -> bool:
        return not self._used(number) and self._free_place(number) is None


def feed(make: TrainBatches, count: Optional[int]) -> ContextManager:
    """What a graph takes `make`'s batches from: `count` processes, or where that is None or 0, `make` itself."""
    return Workers(make, count) if count else contextlib.nullcontext(make)
