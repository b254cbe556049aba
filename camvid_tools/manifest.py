"""manifest.json of a split folder: what was split, how, from which files. Written last, so its presence means whole."""

import hashlib
import json
import os
from typing import Any, Dict, List, NamedTuple, Optional

from . import atomic
from .errors import ToolkitError
from .splits import SPLITS, list_digest

FILE_NAME = "manifest.json"
UNFINISHED = ".unfinished"
SCHEMA = "camvid-manifest/1"


class Entry(NamedTuple):
    """One frame of the manifest. Paths are relative to the source; `size` is [height, width]."""

    name: str
    split: str
    drive: str
    image: str
    label: str
    size: List[int]
    image_sha256: str
    label_sha256: str


_TEXTS = [i for i, field in enumerate(Entry._fields) if field != "size"]


def document(preset: str, palette_digest: str, entries: List[Entry]) -> Dict[str, Any]:
    """The manifest as a JSON document."""
    lists = {split: [e.name for e in entries if e.split == split] for split in SPLITS}
    return {
        "schema": SCHEMA,
        "preset": preset,
        "palette_digest": palette_digest,
        "counts": {split: len(names) for split, names in lists.items()},
        "digests": {split: list_digest(names) for split, names in lists.items()},
        "frames": [e._asdict() for e in sorted(entries, key=lambda e: (SPLITS.index(e.split), e.name))],
    }


def write(folder: str, manifest: Dict[str, Any]) -> None:
    """Write the manifest into a split folder."""
    atomic.write_json(os.path.join(folder, FILE_NAME), manifest)


def read(folder: str) -> Optional[Dict[str, Any]]:
    """The manifest of a split folder, None where there is none; ToolkitError if it cannot be used."""
    path = os.path.join(folder, FILE_NAME)
    if not os.path.exists(path):
        return None
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
        if not isinstance(found, dict):
            raise ValueError("it holds a %s" % type(found).__name__)
        if found.get("schema") != SCHEMA:
            raise ValueError("schema %r, expected %r" % (found.get("schema"), SCHEMA))
        lost = [key for key in ("preset", "palette_digest", "frames") if key not in found]
        if lost:
            raise ValueError("it has no '%s'" % lost[0])
        entries = [Entry(**frame) for frame in found["frames"]]
        odd = [entry for entry in entries if not all(isinstance(entry[i], str) for i in _TEXTS)]
        if odd:
            raise ValueError("a frame's name, path or sum is no text: %.80r" % (tuple(odd[0]),))
        found["frames"] = [dict(entry._asdict()) for entry in entries]
        return found
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ToolkitError(
            "is no manifest (%s)" % " ".join(str(error).split()),
            where=path,
            remedy="remove it, or split again",
        ) from None


def cut_off_command(folder: str) -> Optional[str]:
    """The command that was cut off in a folder: the first word of the mark there; None where there is no mark."""
    path = os.path.join(folder, UNFINISHED)
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8", errors="replace") as handle:
        return (handle.read(64).split() or [""])[0]


def file_sha256(path: str) -> str:
    """sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
