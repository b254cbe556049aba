"""The comparison as a bar chart: fractions of the floor, one panel a kind of source."""

import statistics
from typing import Any, Dict, List

from .report import Line, lines
from .rows import DECODED, PNG

OURS, OTHERS = ("#b2182b", "#ef8a62"), ("#2166ac", "#92c5de")  # by size; told apart by lightness too
BAR = 0.4


def draw(document: Dict[str, Any], path: str) -> None:
    """Write the chart as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    groups = [(group, lines(document, group)) for group in (DECODED, PNG)]
    groups = [(group, found) for group, found in groups if found]
    counts = [len(found) for _, found in groups]
    figure, panels = pyplot.subplots(
        len(groups),
        1,
        figsize=(10, 1.2 * len(groups) + 0.42 * sum(counts)),
        gridspec_kw={"height_ratios": counts},
        squeeze=False,
    )
    for panel, (group, found) in zip(panels[:, 0], groups):
        _panel(panel, group, found, list(document["sizes"]))
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _panel(panel: Any, group: str, found: List[Line], sizes: List[str]) -> None:
    most = max(max(values) for line in found for values in line.fractions.values())
    for number, size in enumerate(sizes):
        for place, line in enumerate(found):
            if size not in line.fractions:
                continue
            value = statistics.median(line.fractions[size])
            y = place + (number - (len(sizes) - 1) / 2) * BAR
            colours = OURS if line.ours else OTHERS
            panel.barh(y, value, BAR, color=colours[number % len(colours)])
            panel.text(value + most / 150, y, "%.*f" % (3 if most < 0.2 else 2, value), va="center", fontsize=7)
    panel.set_yticks(range(len(found)))
    panel.set_yticklabels([line.title + (" *" if line.remark else "") for line in found], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlim(0, most * 1.1)
    panel.spines["top"].set_visible(False)
    panel.spines["right"].set_visible(False)
    shades = ", ".join("%s: %s" % pair for pair in zip(sizes, ("dark", "light")))
    panel.set_title("from %s: fraction of the floor of one core (%s; * see the remark)" % (group, shades), fontsize=9)
