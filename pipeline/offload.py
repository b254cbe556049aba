"""Whether a training ran on the card: only the process's own log says so, and a file that the adapter leaves.

The line comes from TensorFlow's LOG(INFO) in C++ (tf_adapter/kernels/geop_npu.cc), so that file descriptors have to be
watched; ops that were left on the host are in check_result.tf.json, written when a session ends (generate_report.cc).
"""

import contextlib
import json
import os
import sys
import threading
from collections import Counter
from typing import Any, Dict, List, Mapping, Optional

COMPILED = "The model has been compiled on the Ascend AI processor"
REPORT = "check_result.tf.json"
DRAINED_WITHIN_S = 5.0  # a child that outlives the watch may hold its pipe for ever


class Watch:
    """A context manager: `seen` is whether `text` was written to file descriptor 1 or 2 inside, by Python, C++ or a
    child. All that is written still arrives, byte by byte, in its order."""

    def __init__(self, text: str = COMPILED) -> None:
        self.seen = False
        self._text = text.encode("utf-8")
        self._taps: List["_Tap"] = []

    def __enter__(self) -> "Watch":
        _flush()
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # closed: nothing can be written there
                self._taps.append(_Tap(descriptor, self._text, self._found))
        return self

    def __exit__(self, *unused: Any) -> None:
        _flush()
        for tap in self._taps:
            tap.close()

    def _found(self) -> None:
        self.seen = True


class _Tap:
    """A pipe in the place of a file descriptor, and a thread that passes on what comes through it."""

    def __init__(self, descriptor: int, text: bytes, found: Any) -> None:
        self._descriptor, self._text, self._found = descriptor, text, found
        self._kept = os.dup(descriptor)
        self._source, sink = os.pipe()
        os.dup2(sink, descriptor)
        os.close(sink)
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def _pass_on(self) -> None:
        tail = b""
        while True:
            data = os.read(self._source, 1 << 16)
            if not data:
                break
            tail = tail[-len(self._text) :] + data
            if self._text in tail:
                self._found()
            _write(self._kept, data)
        os.close(self._source)
        os.close(self._kept)

    def close(self) -> None:
        os.dup2(self._kept, self._descriptor)
        self._thread.join(DRAINED_WITHIN_S)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # gone, closed, or none
            stream.flush()


def _write(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody reads on the far side: the work goes on
        while data:
            data = data[os.write(descriptor, data) :]


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
