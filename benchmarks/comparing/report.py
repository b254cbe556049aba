"""From measurements to a table in Markdown: pure."""

import statistics
from typing import Any, Dict, List, NamedTuple, Tuple

from .rows import DECODED, PNG, QUIET, ROWS


class Line(NamedTuple):
    """A row of the table: figures by size, each the values of all rounds."""

    group: str
    title: str
    remark: str
    rates: Dict[str, List[float]]
    fractions: Dict[str, List[float]]
    ours: bool


def lines(document: Dict[str, Any], group: str) -> List[Line]:
    """The rows of a group that were measured, fastest first by the first size."""
    found: Dict[Tuple[str, str, str], Line] = {}
    for one in document["measurements"]:
        row = next((r for r in ROWS if (r.system, r.source) == (one["system"], one["source"])), None)
        if row is None or row.group != group:
            continue
        title = row.title + (", TensorFlow " + one["tensorflow"] if one["tensorflow"] else "")
        key = (row.system, row.source, title)
        line = found.setdefault(key, Line(group, title, row.remark, {}, {}, row.system == "toolkit"))
        line.rates.setdefault(one["size"], []).append(one["images_per_second"])
        line.fractions.setdefault(one["size"], []).append(one["fraction_of_floor"])
    first = next(iter(document["sizes"]), None)
    return sorted(found.values(), key=lambda line: -statistics.median(line.fractions.get(first, [0.0])))


def markdown(document: Dict[str, Any]) -> str:
    """Both tables, the floor, what was left out and why."""
    text = [_head(document), ""]
    for group in (DECODED, PNG):
        found = lines(document, group)
        if found:
            text += ["From %s:" % group, ""] + _table(document, found) + [""]
    for name, why in sorted(document["failures"].items()):
        text.append("- %s gave no figure: %s" % (name, why))
    noisy = sum(1 for one in document["measurements"] if one["share_of_core"] < QUIET)
    if noisy:
        text.append("- %d of %d figures had less than %g of the core" % (noisy, len(document["measurements"]), QUIET))
    return "\n".join(text).rstrip() + "\n"


def _head(document: Dict[str, Any]) -> str:
    parts = []
    for name, size in document["sizes"].items():
        floors = [f for one in document["measurements"] if one["size"] == name for f in one["floors"]]
        rate = "%.0f" % statistics.median(floors) if floors else "-"
        parts.append(
            "%s: %d %s frames of %d x %d to %d x %d, floor %s images/s"
            % ((name, size["frames"], document["data"]) + tuple(size["frame_hw"] + size["output_hw"]) + (rate,))
        )
    return "%s; %s; one core, one process, batches of %d; height x width." % (
        document["machine"],
        "; ".join(parts),
        document["batch_size"],
    )


def _table(document: Dict[str, Any], found: List[Line]) -> List[str]:
    sizes = list(document["sizes"])
    heads = ["system"] + [head for size in sizes for head in (size + ", images/s", "of the floor")] + ["remark"]
    text = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for line in found:
        cells = ["**%s**" % line.title if line.ours else line.title]
        for size in sizes:
            cells += [_rate(line.rates.get(size)), _fraction(line.fractions.get(size))]
        text.append("| " + " | ".join(cells + [line.remark]) + " |")
    return text


def _rate(values) -> str:
    return "%.0f" % statistics.median(values) if values else "-"


def _fraction(values) -> str:
    if not values:
        return "-"
    digits = 3 if max(values) < 0.2 else 2
    middle = "%.*f" % (digits, statistics.median(values))
    return middle if len(values) < 2 else "%s (%.*f to %.*f)" % (middle, digits, min(values), digits, max(values))
