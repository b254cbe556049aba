"""Sample frames with their labels laid over them, evenly spread over each split."""

from typing import Dict, List, Sequence, Tuple

from ..checks.reading import Reading
from ..checks.survey import Survey
from ..splits import SPLITS
from . import markup, palette
from .figures import figure
from .pictures import Picture

A_SPLIT = 6


def chosen(readings: Sequence[Reading]) -> List[Reading]:
    """A few whole frames of each split, or of a set that is not split, evenly spread over its videos."""
    whole = [one for one in readings if one.frame and one.label and one.frame.size == one.label.size]
    found: List[Reading] = []
    for split in SPLITS + (None,):
        mine = [one for one in whole if one.pair.split == split]
        count = min(A_SPLIT, len(mine))
        found += [mine[(2 * i + 1) * len(mine) // (2 * count)] for i in range(count)]
    return found


def section(drawn: Sequence[Tuple[Reading, Picture]], done: Survey) -> str:
    """The samples by split, and the legend of the classes."""
    by_split: Dict[str, List[str]] = {}
    for one, picture in drawn:
        by_split.setdefault(one.pair.split or "", []).append(figure(picture._replace(caption=one.pair.name)))
    parts = []
    for split, figures in by_split.items():
        title = "<h3>%s</h3>" % markup.split_tag(split) if split else ""
        parts.append('%s<div class="samples">\n%s\n</div>' % (title, "\n".join(figures)))
    body = "\n".join(parts) or "<p>No frame and its label could be read.</p>"
    seen = [i for i in range(len(done.table)) if any(tally.pixels[i] for tally in done.tallies.values())]
    legend = '<h3 id="legend">Legend</h3>\n%s' % palette.legend(done.table, seen)
    lead = "Labels laid over their frames, evenly spread over each split. Faint classes of the legend do not occur."
    return markup.section("samples", "Sample frames", body + legend, lead)
