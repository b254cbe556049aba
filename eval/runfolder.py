"""Reading a run folder: its settings, its whole checkpoints. The train package writes it, this module defines it."""

import glob
import json
import os
from typing import Any, Dict, List, NamedTuple, Union

from camvid_tools.classes import ClassTable
from camvid_tools.errors import ToolkitError

SCHEMA = "camvid-run/1"
SETTINGS, METRICS, CHECKPOINTS, CURVES = "settings.json", "metrics.jsonl", "checkpoints", "curves.png"
SCORES, CONFUSION, PICTURES = "eval.json", "confusion.png", "pictures"  # what eval leaves there
LAST, BEST = "last", "best"


class Checkpoint(NamedTuple):
    """A whole checkpoint: TensorFlow's path prefix, its kind (last or best), step, and what its JSON says."""

    prefix: str
    kind: str
    step: int
    about: Dict[str, Any]


class Run(NamedTuple):
    """An opened run folder."""

    path: str
    document: Dict[str, Any]
    classes: ClassTable

    @property
    def settings(self) -> Dict[str, Any]:
        """The resolved settings, as saved."""
        return self.document["settings"]


def require_plain(path: str) -> None:
    """ToolkitError for a path that TensorFlow, which takes it for a pattern, would not find again."""
    if set(path) & set("*?[\\"):
        raise ToolkitError(
            "TensorFlow takes *, ?, [ and \\ for patterns", where=path, remedy="call the folder otherwise"
        )


def holds_run(path: str) -> bool:
    """Whether a folder holds a run."""
    return os.path.isfile(os.path.join(path, SETTINGS))


def read(path: str) -> Run:
    """Open a run folder; ToolkitError where it holds no run."""
    require_plain(path)
    file = os.path.join(path, SETTINGS)
    if not os.path.isdir(path) or not os.path.isfile(file):
        raise ToolkitError("holds no run", where=path, remedy="give the --output_path of a training")
    try:
        with open(file, encoding="utf-8") as handle:
            document = json.load(handle)
        if document["schema"] != SCHEMA:
            raise ValueError("schema %r, expected %r" % (document["schema"], SCHEMA))
        lost = [key for key in ("settings", "given", "data_digest") if key not in document]
        if lost or not {"data_path", "frontend", "ignored"} <= set(document["settings"]):
            raise ValueError("settings are missing from it")
        rows = document["classes"]
        table = ClassTable(tuple(row[0] for row in rows), tuple(tuple(row[1:]) for row in rows))
        return Run(path, document, table)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ToolkitError("is no run's settings (%s)" % error, file, "restore it, or train again") from None


def read_metrics(run: str) -> List[Dict[str, Any]]:
    """All whole lines of metrics.jsonl; a line that a kill cut off is passed over."""
    path = os.path.join(run, METRICS)
    if not os.path.exists(path):
        return []
    entries = []
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
    return entries


def newest(below: str = "output") -> str:
    """The folder of the run that was written to last, directly below `below`."""
    found = [os.path.dirname(path) for path in glob.glob(os.path.join(below, "*", SETTINGS))]
    if not found:
        raise ToolkitError("no run below", where=below, remedy="name one: --run RUNFOLDER, or train first")
    return max(found, key=lambda path: os.path.getmtime(os.path.join(path, SETTINGS)))


def checkpoints(path: str) -> List[Checkpoint]:
    """The whole checkpoints of a run folder, oldest first. One that was cut off, or lost a byte since, is left out."""
    found = [one for one in _all(path) if isinstance(one, Checkpoint)]
    return sorted(found, key=lambda checkpoint: (checkpoint.step, checkpoint.kind == LAST))


def damaged(path: str) -> List[str]:
    """A sentence for each checkpoint that was whole once and is left out."""
    return [one for one in _all(path) if isinstance(one, str)]


def _all(path: str) -> List[Union[Checkpoint, str]]:
    return [_checked(file) for file in sorted(glob.glob(os.path.join(glob.escape(path), CHECKPOINTS, "*-*.json")))]


def _checked(file: str) -> Union[Checkpoint, str]:
    """The checkpoint of a JSON file if all its files are there in the sizes it names, or what is wrong with it."""
    prefix = file[: -len(".json")]
    try:
        with open(file, encoding="utf-8") as handle:
            about = json.load(handle)
        for name, size in about["files"].items():
            held = os.path.getsize(os.path.join(os.path.dirname(file), name))
            if held != size:
                raise ValueError("%s has %d of %d bytes" % (name, held, size))
        return Checkpoint(prefix, os.path.basename(prefix).split("-")[0], int(about["step"]), about)
    except FileNotFoundError as error:
        return "%s is damaged: %s is missing" % (prefix, os.path.basename(error.filename))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return "%s is damaged: %s" % (prefix, error)


def choose(path: str, which: str = BEST) -> Checkpoint:
    """The checkpoint `best` or `last` of a run, or the one of that file name; `best` falls back to the last."""
    found = checkpoints(path)
    if not found:
        raise ToolkitError("holds no whole checkpoint", where=path, remedy="train it first, or --resume its training")
    if which in (BEST, LAST):
        of_kind = [checkpoint for checkpoint in found if checkpoint.kind == which]
        return of_kind[-1] if of_kind else found[-1]
    name = os.path.basename(which)
    for checkpoint in found:
        if os.path.basename(checkpoint.prefix) == os.path.splitext(name)[0] or checkpoint.prefix == which:
            return checkpoint
    there = ", ".join(os.path.basename(checkpoint.prefix) for checkpoint in found)
    raise ToolkitError("no whole checkpoint '%s'" % which, where=path, remedy="there are best, last, %s" % there)
