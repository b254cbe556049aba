"""Whether a training ran on the card: only the process's own log says so, and a file that the adapter leaves.

The line comes from TensorFlow's LOG(INFO) in C++ (tf_adapter/kernels/geop_npu.cc), so that file descriptors have to be
watched; ops that were left on the host are in check_result.tf.json, written when a session ends (generate_report.cc).
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from typing import Any, Dict, List, Mapping, Optional

COMPILED = "The model has been compiled on the Ascend AI processor"
REPORT = "check_result.tf.json"
DRAINED_WITHIN_S = 5.0  # a child that outlives the watch may hold its pipe for ever


class Watch:
    """A context manager: `seen` is whether `text` was written to file descriptor 1 or 2 inside, by Python, C++ or a
    child; known at the end, None where it could not be watched. All that is written still arrives, byte by byte, in
    its order. The copying is left to a process (tee): a thread of Python could wait for the very lock that C++ holds
    while it writes."""

    def __init__(self, text: str = COMPILED) -> None:
        self.seen: Optional[bool] = None
        self._text = text.encode("utf-8")
        self._taps: List["_Tap"] = []

    def __enter__(self) -> "Watch":
        _flush()
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # closed, or there is no tee
                self._taps.append(_Tap(descriptor))
        return self

    def __exit__(self, *unused: Any) -> None:
        _flush()
        found = [self._text in tap.close() for tap in self._taps]
        self.seen = True if any(found) else False if len(found) == 2 else None


class _Tap:
    """A pipe in the place of a file descriptor, and a process that passes on what comes through it and keeps a copy."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._kept = descriptor, os.dup(descriptor)
        source, sink = os.pipe()
        try:
            self._copy = tempfile.NamedTemporaryFile()
            # Ctrl-C is for the training, not for tee; with SIGPIPE ignored it goes on where nobody reads any more.
            self._tee = subprocess.Popen(
                ["tee", "-i", self._copy.name],
                stdin=source,
                stdout=self._kept,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                restore_signals=False,
            )
            os.dup2(sink, descriptor)
        except OSError:
            os.close(self._kept)
            raise
        finally:
            os.close(source)
            os.close(sink)

    def close(self) -> bytes:
        """Put the descriptor back; what was written to it."""
        os.dup2(self._kept, self._descriptor)
        os.close(self._kept)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._tee.wait(DRAINED_WITHIN_S)
        with self._copy:
            return self._copy.read()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # gone, closed, or none
            stream.flush()


def may_be_shown(environ: Mapping[str, str]) -> bool:
    """Whether TensorFlow shows its lines of information, the one that is looked for among them."""
    try:
        return int(environ.get("TF_CPP_MIN_LOG_LEVEL", "0")) <= 0
    except ValueError:
        return True


def left_on_host(folder: str, since: float) -> Optional[Dict[str, int]]:
    """Ops that the adapter left on the host, and how many of each: by its report in `folder`, of after `since` (a
    time.time()). {} where it wrote none, since then all were supported; None where it cannot be read."""
    path = os.path.join(folder, REPORT)
    try:
        if os.path.getmtime(path) < since:
            return {}
        with open(path, encoding="utf-8") as file:
            return dict(Counter(str(op["type"]) for op in json.load(file)["op"]))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        return None
