"""One forked process that writes batches into shared memory: asked by a pipe, answering by another one."""

import contextlib
import logging
import logging.handlers
import os
import pickle
import signal
import struct
import threading
import traceback
import warnings
from typing import BinaryIO, Callable, Iterator, List, NamedTuple, NoReturn, Optional

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
    """A process that calls `prepare` once, and `write` for what it is asked, until this one lets go of it or ends."""

    def __init__(self, write: Write, prepare: Callable[[], None]) -> None:
        with contextlib.ExitStack() as opened:
            requests, replies = _pipe(opened), _pipe(opened)
            with _held_signals(), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any thread there is
                self.pid = os.fork()
                if self.pid == 0:
                    _serve(write, prepare, requests, replies)
            opened.pop_all()
        requests.read.close()
        replies.write.close()
        self._requests, self._replies, self._ended = requests.write, replies.read, False

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


class _Pipe(NamedTuple):
    read: BinaryIO
    write: BinaryIO


def _pipe(opened: contextlib.ExitStack) -> _Pipe:
    """A pipe that `opened` closes."""
    read, write = os.pipe()
    return _Pipe(opened.enter_context(os.fdopen(read, "rb")), opened.enter_context(os.fdopen(write, "wb")))


class _Elsewhere(Exception):
    """The traceback of an error in another process."""


@contextlib.contextmanager
def _held_signals() -> Iterator[None]:
    """Signals that ask a run to stop come once both processes are ready for them: what a handler raises within a fork
    is lost. Held by Python's handlers, since a blocked signal would go to another thread."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in that one
        return
    held: List[int] = []
    before = [(number, signal.signal(number, lambda number, _: held.append(number))) for number in STOPPING]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in held:
            os.kill(os.getpid(), number)


def _serve(write: Write, prepare: Callable[[], None], requests: _Pipe, replies: _Pipe) -> NoReturn:
    """The process that was just forked."""
    code = 1
    try:
        for number in STOPPING:  # it ends with the run, which saves its state first
            signal.signal(number, signal.SIG_IGN)
        requests.write.close()  # a pipe is at its end when nobody holds the other one
        replies.read.close()
        prepare()
        _work(write, requests.read, replies.write)
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
