"""Which of CamVid's 32 classes goes to which of eleven: SegNet's map and MATLAB's, from data/groups11.csv."""

import csv
import os
from typing import Dict, List

from .classes import DATA

FILE = os.path.join(DATA, "groups11.csv")
VOID = "Void"  # what a class goes to that belongs to none of the eleven


def columns() -> List[str]:
    """Names of the maps that `read_groups` knows: segnet11, matlab11."""
    return [name for name in _table()[0] if name != "name"]


def read_groups(column: str) -> Dict[str, str]:
    """Class of the 32 -> class of the eleven or Void, in the order of the 32; ValueError on unknown columns.

    `segnet11` was measured by laying SegNet's 480x360 labels over the full-size ones; `matlab11` is that of
    camvidPixelLabelIDs in MATLAB's segmentation examples, where nothing but Void goes to Void.
    """
    rows = _table()
    if column == "name" or column not in rows[0]:
        raise ValueError("no grouping %r in groups11.csv; there is %s" % (column, ", ".join(columns())))
    return {row["name"]: row[column] for row in rows}


def _table() -> List[Dict[str, str]]:
    with open(FILE, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
