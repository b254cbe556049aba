"""The processor time that a training takes: what can be compared between machines that also do other things."""

import os
import time
from typing import Sequence


class Spent:
    """CPU seconds of a run over all its threads, worker processes and resumptions, start-up and validation included.

    before: seconds that earlier processes gave to the weights this one goes on from. What a killed process had done
    since its last checkpoint is done again, and counts once.
    """

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self.workers: Sequence[int] = ()  # their process ids

    def seconds(self) -> float:
        """Up to now. Running workers count where the system tells of them (Linux), ended ones everywhere."""
        ended = os.times()
        ours = time.process_time() + ended.children_user + ended.children_system
        return self._before + ours + sum(map(_of_process, self.workers))


def _of_process(pid: int) -> float:
    """CPU seconds of another process, 0 where they cannot be read."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as handle:
            after_name = handle.read().rsplit(")", 1)[1].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0
