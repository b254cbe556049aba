"""The class table: names, colours and ids (row numbers) of a data set. Reads class_dict.csv and label_colors.txt."""

import csv
import hashlib
import io
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from .errors import ToolkitError

UNKNOWN = 255  # padding and colours of no class, in files and batches
MAX_CLASSES = 255
MOST_SHOWN = 160  # letters of a faulty row
_AT_ONCE = 4096  # colours that are compared with the table
FILE_NAME = "class_dict.csv"
VOID_NAMES = ("void", "unlabelled", "unlabeled")
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

Colour = Tuple[int, int, int]


@dataclass(frozen=True)
class ClassTable:
    """Ordered classes: row number = id. Never sorted, since the file's order is the meaning of the ids."""

    names: Tuple[str, ...]
    colours: Tuple[Colour, ...]

    def __len__(self) -> int:
        return len(self.names)

    def colour_array(self) -> np.ndarray:
        """[K,3] uint8 RGB."""
        return np.array(self.colours, np.uint8).reshape(-1, 3)

    def to_csv(self) -> str:
        """The table in the form of class_dict.csv, one row a class, ending in a newline."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("name", "r", "g", "b"))
        rows.writerows((name,) + tuple(colour) for name, colour in zip(self.names, self.colours))
        return text.getvalue()

    def digest(self) -> str:
        """sha256 of the table: the palette digest of manifests and runs."""
        return hashlib.sha256(self.to_csv().encode("utf-8")).hexdigest()

    def void_ids(self) -> Tuple[int, ...]:
        """Ids of the rows called Void or Unlabelled: ignored unless a recipe or protocol says otherwise."""
        return tuple(i for i, name in enumerate(self.names) if name.lower() in VOID_NAMES)

    def nearest(self, colour: Colour) -> Tuple[str, float]:
        """Name of the class whose colour is nearest to `colour`, and the Euclidean distance in RGB."""
        ids, gaps = self.nearest_ids(np.array([colour]))
        return self.names[ids[0]], float(gaps[0])

    def nearest_ids(self, colours: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Ids [U] of the nearest classes and distances [U] of `colours` [U,3]."""
        known = self.colour_array().astype(np.float64)
        ids, gaps = np.empty(len(colours), np.int64), np.empty(len(colours))
        for start in range(0, len(colours), _AT_ONCE):
            part = colours[start : start + _AT_ONCE].astype(np.float64)
            off = np.linalg.norm(part[:, np.newaxis] - known[np.newaxis], axis=2)
            ids[start : start + _AT_ONCE], gaps[start : start + _AT_ONCE] = off.argmin(axis=1), off.min(axis=1)
        return ids, gaps


def parse(text: str) -> Tuple[ClassTable, List[str]]:
    """Table from class_dict.csv or label_colors.txt, and a sentence for each faulty row (which is left out)."""
    rows: Dict[str, Colour] = {}
    name_of: Dict[Colour, str] = {}
    problems = []
    for number, cells in _rows(text):
        (name, colour), problem = _row(cells)
        if problem is None and name in rows:
            problem = "the name %s stands twice" % name
        elif problem is None and colour in name_of:
            problem = "%s has the same colour as %s" % (name, name_of[colour])
        if problem is None:
            rows[name], name_of[colour] = colour, name
        else:
            problems.append("line %d: %s" % (number, _shown(problem)))
    if not rows:
        problems.append("no class in it: expected lines such as 'Road,128,64,128' under 'name,r,g,b'")
    if len(rows) > MAX_CLASSES:
        problems.append("%d classes, but ids are bytes and 255 is taken: at most %d" % (len(rows), MAX_CLASSES))
    return ClassTable(tuple(rows), tuple(rows.values())), problems


def _shown(text: str) -> str:
    """What a file holds as one line of a terminal: short, and without bytes that move the cursor."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= MOST_SHOWN else plain[:MOST_SHOWN] + " ..."


def _rows(text: str) -> List[Tuple[int, List[str]]]:
    """(line number, [name, r, g, b]) of each row, whatever the file's form."""
    lines = text.lstrip("\ufeff").splitlines()
    delimiter = _delimiter(lines)
    found, order = [], (0, 1, 2, 3)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if delimiter is None:  # label_colors.txt: "64 128 64<tab>Animal"
            cells = re.split(r"\s+", line.strip(), maxsplit=3)
            found.append((number, cells[3:] + cells[:3]))
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=delimiter))]
        except csv.Error:  # NUL bytes, endless fields: no row at all
            cells = []
        header = [cell.lower() for cell in cells]
        if not found and {"name", "r", "g", "b"} <= set(header):
            order = tuple(header.index(column) for column in ("name", "r", "g", "b"))
            continue
        found.append((number, [cells[i] for i in order if i < len(cells)]))
    return found


def _delimiter(lines: List[str]) -> Optional[str]:
    """What parts the cells of a csv; spreadsheets of some countries write semicolons. None for label_colors.txt."""
    for mark in (",", ";"):
        if any(mark in line for line in lines):
            return mark
    return "\t" if lines and {"name", "r", "g", "b"} <= set(lines[0].lower().split("\t")) else None


def _row(cells: List[str]) -> Tuple[Tuple[str, Colour], Optional[str]]:
    if len(cells) != 4:
        return ("", (0, 0, 0)), "expected a name and three numbers, found %r" % ",".join(cells)
    try:
        colour = tuple(_whole(cell) for cell in cells[1:])
    except (ValueError, OverflowError):
        return ("", (0, 0, 0)), "%s has a colour that is no whole number: %s" % (cells[0], ",".join(cells[1:]))
    if not cells[0]:
        return ("", (0, 0, 0)), "a class without a name"
    if any(letter < " " and letter != "\t" for letter in cells[0]):
        return ("", (0, 0, 0)), "the name %s has bytes in it that are no text" % cells[0]
    if min(colour) < 0 or max(colour) > 255:
        return ("", (0, 0, 0)), "%s has a colour outside 0..255: %s" % (cells[0], ",".join(cells[1:]))
    return (cells[0], (colour[0], colour[1], colour[2])), None


def _whole(cell: str) -> int:
    """`128`, also as `128.0`; ValueError where it is no whole number."""
    number = float(cell)
    if number != int(number):
        raise ValueError
    return int(number)


def read(path: str) -> ClassTable:
    """The class table in `path`; ToolkitError names file, line and fault."""
    table, problems = parse(read_text(path))
    if problems:
        raise ToolkitError(problems[0], where=path, remedy="mend that line; ids are row numbers, so keep the order")
    return table


def read_text(path: str) -> str:
    """A small text file; ToolkitError if it is missing, a folder, too large or not text."""
    if not os.path.isfile(path):
        raise ToolkitError("no such file", where=path, remedy="give the csv with columns name,r,g,b")
    if os.path.getsize(path) > 1 << 20:
        raise ToolkitError("over a megabyte, so no class table", where=path)
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except UnicodeDecodeError:
        raise ToolkitError("not a text file", where=path, remedy="expected a csv with columns name,r,g,b") from None


def camvid32() -> ClassTable:
    """CamVid's 32 classes in the order of its class_dict.csv; Void is id 30."""
    return read(os.path.join(DATA, "camvid32.csv"))


def segnet11() -> ClassTable:
    """SegNet's 11 classes and Void as id 11."""
    return read(os.path.join(DATA, "segnet11.csv"))


def palette_name(table: ClassTable) -> str:
    """`camvid32`, `segnet11` or `own`: what the class table is known as."""
    known = {"camvid32": camvid32(), "segnet11": segnet11()}
    return next((name for name, other in known.items() if table == other), "own")
