"""Lists of frames in text files, as SegNet and fastai ship them: train.txt, val.txt, test.txt, valid.txt."""

import os
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from . import classes
from .errors import ToolkitError
from .imageio import is_picture
from .layout import LABEL_SUFFIXES, Pair, Scan

_ENDING = re.compile(r"\.(png|jpe?g|bmp|tiff?|webp)(?=[,;]?(\s|$))", re.IGNORECASE)
_PATH = re.compile(r"[^\s,;].*?(?:\.(?:png|jpe?g|bmp|tiff?|webp)(?=[\s,;]|$)|$)", re.IGNORECASE)
FILES = (("train.txt", "train"), ("val.txt", "val"), ("valid.txt", "val"), ("test.txt", "test"))


class Entry(NamedTuple):
    """One frame of a list: the file and line it stands in, its split, the path as written, its bare name.

    `label` is the frame that the label in the line's second column belongs to, by its name; None where there is none.
    """

    file: str
    line: int
    split: str
    path: str
    name: str
    label: Optional[str] = None


def read(root: str) -> Tuple[List[Entry], List[Tuple[str, str]]]:
    """All entries of the lists in `root`, and (file, what is wrong) for each list that cannot be read."""
    entries, faults = [], []
    for file, split in FILES:
        path = os.path.join(root, file)
        if not os.path.isfile(path):
            continue
        try:
            written = lines(path)
        except ToolkitError as error:
            faults.append((file, error.what))
            continue
        for number, line in enumerate(written, 1):
            if line.strip():
                columns = _columns(line)
                second = columns[1].strip(",;") if len(columns) > 1 else ""
                label = bare_name(second) if is_picture(os.path.basename(second)) else None
                entries.append(Entry(file, number, split, columns[0], bare_name(columns[0]), label))
    return entries, faults


def lines(path: str) -> List[str]:
    """The lines of a list; ToolkitError where it is no text."""
    return classes.read_text(path).lstrip("\ufeff").splitlines()


def name_in(line: str) -> str:
    """The bare name of the frame that a line of a list names first."""
    return bare_name(_columns(line)[0])


def _columns(line: str) -> List[str]:
    """The paths of a line. Names may have blanks: a path ends with a picture's ending, else with the line."""
    line = line.replace("\\", "/").strip()
    found = _PATH.findall(line)
    words = line.split()
    bare = len(found) == 1 and len(words) == 2
    return words if bare and belong(bare_name(words[1]), bare_name(words[0])) else found or words


def belong(label: str, frame: str) -> bool:
    """Whether two bare names are those of a label and its frame."""
    return any(label + one == frame + other for one in LABEL_SUFFIXES for other in LABEL_SUFFIXES)


def bare_name(path: str) -> str:
    """`/SegNet/CamVid/train/0001TP_006690.png` -> `0001TP_006690`; a name without an ending stays as it is."""
    base = path.rsplit("/", 1)[-1]
    stem, ending = os.path.splitext(base.rstrip(",;"))
    return stem if _ENDING.match(ending) else base


def leads_outside(path: str) -> bool:
    """Whether a relative path of a list climbs out of the folder that it is relative to."""
    depth = 0
    for part in path.split("/") if not path.startswith("/") else ():
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


def split_by_lists(found: Scan) -> Scan:
    """A scan whose pairs have the splits of the lists beside them, where the folders do not say.

    fastai's valid.txt names the validation frames alone: all others are for training.
    """
    if any(pair.split for pair in found.pairs):
        return found
    entries, _ = read(found.root)
    listed: Dict[str, str] = {entry.name: entry.split for entry in entries}
    if not listed:
        return found
    only_val = {entry.split for entry in entries} == {"val"}

    def split_of(name: str) -> Optional[str]:
        return next((listed[n] for n in spellings(name) if n in listed), "train" if only_val else None)

    return found._replace(pairs=[Pair(p.name, split_of(p.name), p.image, p.label) for p in found.pairs])


def unlisted(found: Scan) -> List[Pair]:
    """The pairs that no list names where others are named: no split holds them."""
    return [pair for pair in found.pairs if not pair.split] if any(pair.split for pair in found.pairs) else []


def spellings(name: str) -> List[str]:
    """How a list may call a frame: by its own name, or by a label's."""
    return [name + suffix for suffix in reversed(LABEL_SUFFIXES)]
