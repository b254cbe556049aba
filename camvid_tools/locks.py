"""One process at a time in a folder, until it ends, however it ends; where the system has no locks, all at once."""

import contextlib
import errno
import os
import time
from typing import Iterator

from .errors import ToolkitError

PATIENCE_S = 3.0  # what a process that was killed had started may outlive it by a moment
_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN)


@contextlib.contextmanager
def after_others(folder: str) -> Iterator[None]:
    """Wait until no other process is in the folder, then be there alone."""
    with _opened(folder) as handle:
        _lock(handle, wait=True)
        yield


@contextlib.contextmanager
def alone(folder: str, who: str, remedy: str) -> Iterator[None]:
    """Be alone in the folder; ToolkitError that `who` is at work there, if another process is."""
    with _opened(folder) as handle:
        end = time.monotonic() + PATIENCE_S
        while not _lock(handle, wait=False):
            if time.monotonic() > end:
                raise ToolkitError("%s is at work here" % who, where=folder, remedy=remedy)
            time.sleep(0.1)
        yield


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int, wait: bool) -> bool:
    """Whether nobody else holds it."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except ImportError:
        pass
    except OSError as error:
        return error.errno not in _TAKEN
    return True
