"""Files that have to stay as they are while a run reads them: a change is a RunFault that names the file."""

import os
import time
from typing import Callable, Dict, List, Tuple

import numpy as np

from camvid_tools import imageio
from camvid_tools.errors import RunFault

State = Tuple[int, int]  # bytes, mtime in ns
NOT_THERE: State = (-1, -1)
EVERY_S = 1.0
AT_ONCE = 16  # files looked at each time: bounded, since on a network each look may take a millisecond
TICK_NS = 20_000_000  # twice what a file system's clock stands still at the most
REMEDY = "restore it and go on with --resume, or begin another run with the data as they are now"


def state_of(path: str) -> State:
    """Size and time of a file, NOT_THERE where there is none."""
    try:
        return _state(os.stat(path))
    except OSError:
        return NOT_THERE


def _state(found: os.stat_result) -> State:
    return found.st_size, found.st_mtime_ns


def refuse_change(path: str, known: State, may_go: bool = False) -> None:
    """RunFault where a file is not as `known`. `may_go`: it need not be there any more."""
    now = state_of(path)
    if now != known and not (may_go and now == NOT_THERE):
        raise _changed(path, now)


def _changed(path: str, now: State) -> RunFault:
    return RunFault("%s while this run reads it" % ("is gone" if now == NOT_THERE else "was changed"), path, REMEDY)


class Watch:
    """Looks whether files are still as they were: the next few of them each time, in turn.

    A reader asks `clock() >= due` and calls `look` only then, which is once a second: that costs nothing beside a read.
    """

    def __init__(
        self, known: List[Tuple[str, State]], may_go: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._known, self._may_go, self._clock = known, may_go, clock
        self._next, self.due = 0, clock() + EVERY_S

    def look(self) -> None:
        """Raise RunFault where one of the next files was changed, or is gone and may not be; then every time."""
        for offset in range(min(AT_ONCE, len(self._known))):
            path, known = self._known[(self._next + offset) % len(self._known)]
            refuse_change(path, known, self._may_go)
        self._next = (self._next + AT_ONCE) % len(self._known)
        self.due = self._clock() + EVERY_S


class Pictures:
    """Reads pictures, each of which must stay as it was when first looked at. Safe in several threads."""

    def __init__(self) -> None:
        self._states: Dict[str, State] = {}
        self._how: Dict[str, int] = {}

    def state(self, path: str) -> State:
        """The file's state when it was first looked at, here or by `read`; NOT_THERE where it was not."""
        known = self._states.get(path)
        if known is None:
            known = self._states.setdefault(path, _settled(path))
        return known

    def read(self, path: str) -> np.ndarray:
        """`imageio.read_raw` of a file: ImageFault where it is damaged, RunFault where it was changed since.

        A PNG's check sums are computed at its first reading alone: the same bytes would give the same answer.
        """
        known = self.state(path)
        try:
            return self._decoded(path, known)
        except imageio.ImageFault:
            refuse_change(path, known)
            raise

    def _decoded(self, path: str, known: State) -> np.ndarray:
        data, after = imageio.read_with_state(path)
        if _state(after) != known:
            raise _changed(path, _state(after))
        known = self._how.get(path)
        how = imageio.checked(data, path) if known is None else known
        picture = imageio.decode(data, path, how, again=known is not None)
        self._how[path] = how
        return picture


def _settled(path: str) -> State:
    """The state of a file once the file system's clock has moved on, so that a later change gives another time."""
    known = state_of(path)
    age = time.time_ns() - known[1]
    if 0 <= age < TICK_NS:
        time.sleep((TICK_NS - age) / 1e9)
        return state_of(path)
    return known
