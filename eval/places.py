"""Where an export goes: what may be replaced, and how it takes its place only when it is whole."""

import contextlib
import glob
import os
import shutil
from typing import Callable, Iterator

from camvid_tools import atomic
from camvid_tools.errors import ToolkitError

from .export import ENDINGS, SAVED_MODEL

PARTS = {"saved_model.pb", "variables", "assets", "fingerprint.pb"}  # of a SavedModel


def refuse_other(target: str, form: str) -> None:
    """ToolkitError where something stands at `target` that is no earlier export of this form."""
    if form == SAVED_MODEL:
        if os.path.exists(target) and not _is_saved_model(target):
            raise ToolkitError("is there already and no SavedModel", where=target, remedy="choose another --out")
    elif os.path.isdir(target):
        raise ToolkitError("is a folder, a file is due", where=target, remedy="name a file in it")
    elif not target.endswith(ENDINGS[form]):
        remedy = "call it %s%s" % (os.path.basename(target), ENDINGS[form])
        raise ToolkitError("--form %s makes files that end in %s" % (form, ENDINGS[form]), where=target, remedy=remedy)


def _is_saved_model(folder: str) -> bool:
    if not os.path.isdir(folder):
        return False
    held = set(os.listdir(folder))
    return held <= PARTS and (not held or "saved_model.pb" in held)


@contextlib.contextmanager
def made(target: str, write: Callable[[str], None]) -> Iterator[str]:
    """Yield the path of what `write` has made beside the target; it takes its place when the context is left well. A
    folder that it replaces stands aside until then, and comes back if a kill came in between."""
    part, old = atomic.part_of(target), atomic.part_of(target) + ".old"
    os.makedirs(os.path.dirname(part), exist_ok=True)
    _settle(old, target)
    _remove(part)
    try:
        write(part)
        yield part
        _sync(part)
        if os.path.isdir(target):
            os.rename(target, old)
        os.replace(part, target)
        atomic.sync_folder(os.path.dirname(part))
    finally:
        _settle(old, target)
        _remove(part)


def _settle(old: str, target: str) -> None:
    """There is either the new one or the old one, and nothing aside."""
    if os.path.exists(target):
        _remove(old)
    elif os.path.exists(old):
        os.rename(old, target)


def _sync(path: str) -> None:
    for file in [path] + glob.glob(os.path.join(glob.escape(path), "**"), recursive=True):
        if os.path.isfile(file):
            atomic.sync_file(file)


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)
