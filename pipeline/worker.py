"""One forked process that writes batches into shared memory: asked by a pipe, answering by another one."""

import contextlib
import logging
import logging.handlers
import os
import pickle
import signal
import struct
import traceback
import warnings
from typing import BinaryIO, Callable, Iterator, List, NoReturn, Optional, Tuple

from camvid_tools import imageio
from camvid_tools.errors import RunFault

MESSAGE = struct.Struct("<qq")  # number of the batch, and its place (asked) or the bytes of what is told (answered)
STOPPING = (signal.SIGINT, signal.SIGTERM)
RESTORE = "the packed file was cut short in place, or its disk fails: restore it, and --resume"
MEMORY = "see whether memory ran out; fewer --workers need less of it"
REPORT = "report this, with what was printed before it"
REMEDIES = {signal.SIGBUS: RESTORE, signal.SIGKILL: MEMORY}

Write = Callable[[int, int], None]  # batch of that number to that place


class Worker:
    """A process that calls `write` for what it is asked, until this one lets go of it or ends."""

    def __init__(self, write: Write) -> None:
        request, reply = os.pipe(), os.pipe()
        with _held_signals(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any thread there is
            self.pid = os.fork()
            if self.pid == 0:
                _serve(write, request, reply)
        os.close(request[0])
        os.close(reply[1])
        self._requests, self._replies = os.fdopen(request[1], "wb"), os.fdopen(reply[0], "rb")
        self._ended = False

    def ask(self, number: int, place: int) -> None:
        """Ask for batch `number` at `place`; answers come in the order of asking."""
        try:
            self._requests.write(MESSAGE.pack(number, place))
            self._requests.flush()
        except OSError:
            raise self._fault() from None

    def answer(self) -> Optional[Exception]:
        """Wait for the next batch; what kept it from being made, if anything did. What was logged there is logged."""
        header = self._replies.read(MESSAGE.size)
        if len(header) < MESSAGE.size:
            raise self._fault()
        size = MESSAGE.unpack(header)[1]
        if not size:
            return None
        records, error, where = pickle.loads(self._replies.read(size))
        for record in records:
            logging.getLogger(record.name).handle(record)
        if error is not None:
            error.__cause__ = _Elsewhere(where)
        return error

    def end(self) -> None:
        """End the process, which holds nothing that could be lost."""
        with contextlib.suppress(OSError):  # what it was asked last cannot be sent any more
            self._requests.close()
        self._replies.close()
        if not self._ended:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)

    def _fault(self) -> RunFault:
        """Why the process is gone."""
        self._ended, status = True, 0
        with contextlib.suppress(ChildProcessError):  # somebody else may be told of ended processes
            status = os.waitpid(self.pid, 0)[1]
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        how = "by signal %d" % number if number else "by itself"
        return RunFault("a process that makes batches was ended %s" % how, remedy=REMEDIES.get(number, REPORT))


class _Elsewhere(Exception):
    """The traceback of an error in another process."""


@contextlib.contextmanager
def _held_signals() -> Iterator[None]:
    """Signals that ask a run to stop wait until both processes are ready for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(write: Write, request: Tuple[int, int], reply: Tuple[int, int]) -> NoReturn:
    """The process that was just forked."""
    code = 1
    try:
        for number in STOPPING:  # it ends with the run, which saves its state first
            signal.signal(number, signal.SIG_IGN)
        for descriptor in (request[1], reply[0]):  # a pipe is at its end when nobody holds the other one
            os.close(descriptor)
        _work(write, os.fdopen(request[0], "rb"), os.fdopen(reply[1], "wb"))
        code = 0
    except BrokenPipeError:  # nobody waits for the answer any more
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)  # past everything that the other process has to do at its end


def _work(write: Write, requests: BinaryIO, replies: BinaryIO) -> None:
    told = _Told.instead_of_all()
    imageio.decode_alone()
    for message in iter(lambda: requests.read(MESSAGE.size), b""):
        number, place = MESSAGE.unpack(message)
        error: Optional[Exception] = None
        try:
            write(number, place)
        except Exception as fault:
            error = fault
        text = _pickled(told.taken(), error)
        replies.write(MESSAGE.pack(number, len(text)) + text)
        replies.flush()


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
    where = "".join(traceback.format_exception(type(error), error, error.__traceback__)) if error is not None else ""
    try:
        text = pickle.dumps((records, error, where))
        pickle.loads(text)
        return text
    except Exception:  # what it carries cannot travel
        return pickle.dumps((records, RuntimeError("%s: %s" % (type(error).__name__, error)), where))
