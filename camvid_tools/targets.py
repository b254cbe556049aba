"""Folders that commands write to: never into the source, never over a stranger's files."""

import os
from typing import Optional

from . import atomic, layout, manifest
from .errors import ToolkitError

REMEDY = "choose another --out"


def refuse_foreign(out: str, ours: bool, first: str, command: str, source: Optional[str] = None) -> None:
    """ToolkitError unless `out` is new, empty or `ours` (an earlier folder of `command`), and outside the source.

    `first` is the file that the command writes before any other.
    """
    if source is not None and layout.is_inside(out, source):
        raise ToolkitError("lies in the source, which is never changed", where=out, remedy=REMEDY)
    if os.path.exists(out) and not os.path.isdir(out):
        raise ToolkitError("is a file, a folder is due", where=out, remedy=REMEDY)
    if not ours and not atomic.is_unclaimed(out, first):
        raise ToolkitError("holds files that %s did not write" % command, where=out, remedy=REMEDY)


def marked_by(out: str) -> Optional[str]:
    """The command that was cut off in `out`: the first word of the mark there; None where there is no mark."""
    path = os.path.join(out, manifest.UNFINISHED)
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8", errors="replace") as handle:
        return (handle.read(64).split() or [""])[0]
