"""Folders that commands write to: never into the source, never over a stranger's files."""

import os
from typing import Optional

from . import atomic, layout
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
