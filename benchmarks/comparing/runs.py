"""Running a system or the floor as a process of its own, pinned to one core, and reading its line of JSON."""

import json
import os
import subprocess
import sys
from typing import Any, Callable, Dict, List, Optional

from . import ROOT
from .data import PACKED
from .rows import QUIET

SYSTEMS = os.path.join(ROOT, "benchmarks", "systems")
START_LIMIT_S = 300
TRIES = 3
ENVIRONMENT = {  # one thread, and an allocator that keeps big blocks: page faults would decide between two equal runs
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


class Failed(Exception):
    """Why a system gave no figure, in a line."""


def steady(measure: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
    """The first measurement that had its core nearly to itself, or of TRIES the one with the largest share of it."""
    found: List[Dict[str, Any]] = []
    while len(found) < TRIES:
        found.append(measure())
        if found[-1]["share_of_core"] >= QUIET:
            break
    return max(found, key=lambda one: one["share_of_core"])


def floor(folder: str, seconds: float) -> Dict[str, Any]:
    """The floor's rate, in the toolkit's environment that runs this."""
    words = [sys.executable, os.path.join(SYSTEMS, "floor.py"), "--folder", folder, "--seconds", "%g" % seconds]
    return run(words, seconds)


def script(python: str, name: str, folder: str, source: str, seconds: float) -> Dict[str, Any]:
    """The rate of a script of systems/."""
    words = [python, os.path.join(SYSTEMS, name), "--folder", folder, "--source", source]
    return run(words + ["--seconds", "%g" % seconds], seconds)


def toolkit(python: str, path: str, source: str, height: int, width: int, seconds: float) -> Dict[str, Any]:
    """What python -m pipeline says of a packed file or split folder, on one thread, in batches of 8.

    It does not tell its share of the core; the floor that it measures itself does, beside another.
    """
    words = [python, "-m", "pipeline", "--data_path", path, "--height", str(height), "--width", str(width)]
    words += ["--cache", "memory"] if source == "cached" else []
    return run(words + ["--augment", "base", "--threads", "1", "--seconds", "%g" % seconds, "--json", "-"], seconds)


def toolkit_source(folder: str, work: Dict[str, Any], source: str) -> str:
    """The path that a source of the toolkit means."""
    return os.path.join(folder, PACKED) if source == "packed" else work["tree"]


def core() -> Optional[int]:
    """The core that all measurements share: the first that this process may use; None where none can be chosen."""
    return min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def run(words: List[str], seconds: float) -> Dict[str, Any]:
    """The JSON that a pinned process prints."""
    number = core()
    pin = None if number is None else lambda: os.sched_setaffinity(0, {number})
    try:
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=dict(os.environ, **ENVIRONMENT),
            preexec_fn=pin,
            timeout=START_LIMIT_S + 4 * seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed("gave nothing within %d s" % error.timeout) from None
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    if done.returncode or not lines:
        raise Failed(_last_line(done.stderr) or "ended with code %d" % done.returncode)
    return json.loads(lines[-1] if lines[-1].startswith("{") else "\n".join(lines))


def _last_line(text: bytes) -> str:
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
