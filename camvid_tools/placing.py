"""Putting files into a split folder: copy, hard link or symbolic link; repeatable, never touching the source."""

import contextlib
import os
import shutil
from typing import Callable, Dict

from . import atomic
from .errors import ToolkitError, one_line_reason
from .manifest import file_sha256


def place(mode: str, source: str, target: str, sha256: str) -> None:
    """Make `target` hold the bytes of `source` by `mode`; a target that is already right is left alone."""
    if _is_right(mode, source, target, sha256):
        return
    with contextlib.suppress(FileNotFoundError):
        os.remove(target)
    try:
        MODES[mode](source, target)
    except OSError as error:
        remedy = "use --mode copy" if mode != "copy" else "check that there is room and that the folder is writable"
        raise ToolkitError("cannot %s (%s)" % (mode, one_line_reason(error)), where=target, remedy=remedy) from None


def _is_right(mode: str, source: str, target: str, sha256: str) -> bool:
    if not os.path.lexists(target) or (mode == "symlink") != os.path.islink(target):
        return False
    if mode == "symlink":
        return os.path.realpath(target) == os.path.realpath(source)
    if mode == "hardlink":
        return os.path.samefile(source, target)
    linked = os.stat(target).st_nlink > 1 and os.path.samefile(source, target)
    return not linked and file_sha256(target) == sha256


def _copy(source: str, target: str) -> None:
    with atomic.replacing(target) as part:
        shutil.copyfile(source, part)


def _hardlink(source: str, target: str) -> None:
    os.link(os.path.realpath(source), target)


def _symlink(source: str, target: str) -> None:
    os.symlink(os.path.realpath(source), target)


MODES: Dict[str, Callable[[str, str], None]] = {"copy": _copy, "hardlink": _hardlink, "symlink": _symlink}
