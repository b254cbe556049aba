"""Batches made in processes of their own. Threads share one interpreter's lock, which OpenCV gives back and takes again
at every call; processes share nothing but the memory that the batches lie in.

They are forked, so that they have the open source and a filled cache at no cost: before TensorFlow's first session,
since its threads do not survive a fork. Each makes every `count`-th batch, some of them ahead.
"""

import contextlib
import logging
import logging.handlers
import os
import pickle
import signal
import struct
import sys
import threading
import warnings
from typing import BinaryIO, ContextManager, Dict, List, NamedTuple, NoReturn, Optional, Tuple

from camvid_tools import imageio
from camvid_tools.errors import RunFault, ToolkitError, one_line_reason

from .batches import Batch, TrainBatches
from .pool import SharedBatches

log = logging.getLogger("camvid.pipeline")

AHEAD = 3  # batches a process is asked for at once, so that it never waits to be asked
KEPT = 6  # batches that TensorFlow may hold: prefetched, in use and not yet given back
MESSAGE = struct.Struct("<qq")  # number of the batch, and its place (asked) or the bytes of what is told (answered)


OUT_OF_MEMORY = "see whether memory ran out; fewer --workers need less of it"
REMEDIES = {signal.SIGBUS: "the packed file was cut short in place, or its disk fails: restore it, and --resume"}


class Worker(NamedTuple):
    """One process, and the pipes by which it is asked and answers."""

    pid: int
    requests: BinaryIO
    replies: BinaryIO


class Workers:
    """`make`'s batches, made by `count` forked processes. To be called for one after another; any other
    number begins anew from there. Use as a context manager, so that the processes end.

    A fault is kept in `make.fault`, as if it had been made here; what is logged there is logged here.
    """

    def __init__(self, make: TrainBatches, count: int) -> None:
        if sys.platform != "linux":
            raise ToolkitError("--workers needs Linux", remedy="use --threads")
        self.make, self.spec = make, make.spec
        self._asked: Dict[int, int] = {}  # number -> place
        self._next = 0
        self._lock = threading.Lock()
        self._workers: List[Worker] = []
        try:
            self._batches = SharedBatches(make.spec, AHEAD * count + KEPT)
            for _ in range(count):
                self._workers.append(self._fork())
        except OSError as error:
            self.close()
            what = "%d processes that make batches of %.1f MB cannot be had (%s)"
            size = make.spec.element_bytes / 1e6
            raise ToolkitError(what % (count, size, error.strerror or error), remedy="use fewer --workers") from None

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
    def fault(self) -> Optional[Exception]:
        """What kept a batch from being made."""
        return self.make.fault

    def memory_bytes(self) -> int:
        """Bytes of all batches."""
        return len(self._batches) * self.spec.element_bytes

    def close(self) -> None:
        """End the processes, which hold nothing that could be lost."""
        while self._workers:
            worker = self._workers.pop()
            with contextlib.suppress(OSError):  # what it was asked last cannot be sent any more
                worker.requests.close()
            worker.replies.close()
            with contextlib.suppress(OSError):  # it has ended already, and its end was seen
                os.kill(worker.pid, signal.SIGKILL)
                os.waitpid(worker.pid, 0)

    def _take(self, number: int) -> Batch:
        if number not in self._asked:
            while self._asked:
                self._answer(min(self._asked), heed=False)
            self._next = number
            self._ask()
        place = self._asked[number]
        self._answer(number)
        batch = self._batches[place]
        self._ask()
        if not self._asked:  # TensorFlow holds all the others
            return batch[0].copy(), batch[1].copy()
        return batch

    def _ask(self) -> None:
        """Ask for the next batches, as many as there are to be at once and room for."""
        while len(self._asked) < AHEAD * len(self._workers):
            place = self._batches.free(self._asked.values())
            if place is None:
                return
            worker = self._of(self._next)
            try:
                worker.requests.write(MESSAGE.pack(self._next, place))
                worker.requests.flush()
            except OSError:
                raise _ended(worker) from None
            self._asked[self._next] = place
            self._next += 1

    def _answer(self, number: int, heed: bool = True) -> None:
        """Wait until batch `number` is made. `heed`: raise what kept it from being made."""
        worker = self._of(number)
        header = worker.replies.read(MESSAGE.size)
        if len(header) < MESSAGE.size:
            raise _ended(worker)
        del self._asked[number]
        size = MESSAGE.unpack(header)[1]
        if size:
            records, error = pickle.loads(worker.replies.read(size))
            for record in records:
                logging.getLogger(record.name).handle(record)
            if heed and error is not None:
                raise error

    def _of(self, number: int) -> Worker:
        return self._workers[number % len(self._workers)]

    def _fork(self) -> Worker:
        request, reply = os.pipe(), os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any thread there is
            pid = os.fork()
        if pid == 0:
            self._serve(request, reply)
        os.close(request[0])
        os.close(reply[1])
        return Worker(pid, os.fdopen(request[1], "wb"), os.fdopen(reply[0], "rb"))

    def _serve(self, request: Tuple[int, int], reply: Tuple[int, int]) -> NoReturn:
        """The process that was just forked, until the other one lets go of the pipes or ends."""
        try:
            for number in (signal.SIGINT, signal.SIGTERM):  # it ends with the run, which saves its state first
                signal.signal(number, signal.SIG_IGN)
            for descriptor in (request[1], reply[0]):  # a pipe is at its end when nobody holds the other one
                os.close(descriptor)
            self._work(os.fdopen(request[0], "rb"), os.fdopen(reply[1], "wb"))
        finally:
            os._exit(0)  # past everything that the other process has to do at its end

    def _work(self, requests: BinaryIO, replies: BinaryIO) -> None:
        told = _Told.instead_of_all()
        imageio.decode_alone()
        for message in iter(lambda: requests.read(MESSAGE.size), b""):
            number, place = MESSAGE.unpack(message)
            error: Optional[Exception] = None
            try:
                self.make.write(number, *self._batches[place])
            except Exception as fault:
                error = fault
            text = _pickled(told.taken(), error)
            replies.write(MESSAGE.pack(number, len(text)) + text)
            replies.flush()


def feed(make: TrainBatches, count: Optional[int]) -> ContextManager:
    """What a graph takes `make`'s batches from: `count` processes, or where that is None, `make` itself."""
    return contextlib.nullcontext(make) if count is None else Workers(make, count)


class _Told(logging.handlers.QueueHandler):
    """Keeps what is logged, to be told where the log is."""

    @classmethod
    def instead_of_all(cls) -> "_Told":
        told = cls([])
        for name in ("", "camvid"):
            logging.getLogger(name).handlers = []
        logging.getLogger("camvid").addHandler(told)
        return told

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.append(record)

    def taken(self) -> List[logging.LogRecord]:
        records, self.queue = self.queue, []
        return records


def _pickled(records: List[logging.LogRecord], error: Optional[Exception]) -> bytes:
    """Nothing, where there is nothing to tell."""
    if error is None and not records:
        return b""
    try:
        return pickle.dumps((records, error))
    except Exception:  # what it carries cannot travel
        return pickle.dumps((records, RuntimeError("%s: %s" % (type(error).__name__, one_line_reason(error)))))


def _ended(worker: Worker) -> RunFault:
    status = os.waitpid(worker.pid, 0)[1]
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    how = "by signal %d" % number if number else "by itself"
    return RunFault("a process that makes batches was ended %s" % how, remedy=REMEDIES.get(number, OUT_OF_MEMORY))
