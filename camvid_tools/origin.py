"""What a packed file was made from: each file's size, time and sha256, so that a stale packed file is noticed.

Paths are relative: the folder's to the packed file, the files' to the folder. A folder that is not there any more, or
was moved, is no complaint: there is nothing to compare with.
"""

import contextlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional, Sequence

from . import layout, lists
from .errors import ToolkitError
from .manifest import file_sha256
from .splitfolder import class_file


def files_of(found: layout.Scan) -> List[str]:
    """All files that decide what a scanned folder's splits hold, sorted: pictures, class table, lists that split it."""
    files = [file for pair in found.pairs if pair.split for file in (pair.image, pair.label)]
    files += [orphan.path for orphan in found.unlabelled + found.frameless if orphan.split]
    if found.layout not in ("split", "segnet"):
        files += [file for file, _ in lists.FILES if os.path.isfile(os.path.join(found.root, file))]
    table = class_file(found.root)
    return sorted(files + ([] if table is None else [table]))


def record(found: layout.Scan, packed: str) -> Dict[str, Any]:
    """The origin as JSON: `folder`, and `files` of [path, bytes, mtime_ns, sha256]. Taken before pixels are read, so
    that a file that changes meanwhile counts as changed."""
    files = files_of(found)
    paths = [os.path.join(found.root, file) for file in files]
    states = [os.stat(path) for path in paths]
    sums = _sums(paths)
    rows = [[f, s.st_size, s.st_mtime_ns, digest] for f, s, digest in zip(files, states, sums)]
    folder = _own_path(found.root)
    with contextlib.suppress(ValueError):  # on another drive of Windows
        folder = os.path.relpath(folder, os.path.dirname(os.path.realpath(packed)))
    return {"folder": folder, "files": rows}


def folder_of(origin: Dict[str, Any], packed: str) -> str:
    """Where the source of a packed file would lie."""
    return os.path.normpath(os.path.join(os.path.dirname(os.path.realpath(packed)), origin["folder"]))


def difference(origin: Dict[str, Any], folder: str) -> Optional[str]:
    """The first file of `folder` that is not as recorded and what became of it; None where all are.

    A file of the recorded size and time is taken as unchanged, one of another time is read.
    """
    touched = []
    for file, size, mtime_ns, digest in origin["files"]:
        try:
            found = os.stat(os.path.join(folder, file))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return "%s is gone" % file
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return "%s was changed" % file
        if found.st_mtime_ns != mtime_ns:
            touched.append((file, digest))
    sums = _sums([os.path.join(folder, file) for file, _ in touched])
    changed = [file for (file, digest), now in zip(touched, sums) if now != digest]
    if changed:
        return "%s was changed" % changed[0]
    recorded = {row[0] for row in origin["files"]}
    new = [file for file in _files_now(folder) if file not in recorded]
    return "%s is new" % new[0] if new else None


def refuse_stale(origin: Dict[str, Any], packed: str) -> None:
    """ToolkitError if the source of a packed file is there and is not as recorded."""
    folder = folder_of(origin, packed)
    try:
        what = difference(origin, folder) if os.path.isdir(folder) else None
    except PermissionError:  # a source that may not be read is one that is not there
        return
    if what is not None:
        raise ToolkitError(
            "is older than its source %s: %s" % (folder, what),
            where=packed,
            remedy="make it again: camvid-encode --src %s --out %s" % (folder, packed),
        )


def _files_now(folder: str) -> Sequence[str]:
    try:
        return files_of(lists.split_by_lists(layout.scan(folder)))
    except ToolkitError:
        return ()


def _sums(paths: Sequence[str]) -> List[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(file_sha256, paths))


def _own_path(folder: str) -> str:
    """A folder's path with its own name kept where that is a link, and the links above it followed."""
    path = os.path.abspath(folder)
    if not os.path.samefile(path, folder):  # `link/..`
        return os.path.realpath(folder)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
