"""Classes: bars of their pixels by split, the splits that lack some, and where in the picture each lies."""

from typing import Dict, List, Sequence

import numpy as np

from .. import imageio
from ..checks.statistics import WHOLE, Tally
from ..classes import UNKNOWN, ClassTable
from . import markup

SHOWN = 48  # classes; the rest on demand
# A dark to bright ramp that stays one without colour (after matplotlib's viridis).
RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
SCALE = (
    "Bars are drawn to the square root of a class's share of the pixels, so that rare classes can be seen; "
    "beside them the share, and in how many of the frames the class occurs."
)


def section(tallies: Dict[str, Tally], table: ClassTable) -> str:
    """Bars by class and split, most pixels first; classes that occur nowhere are named below."""
    counted = {split: tally for split, tally in tallies.items() if tally.frames}
    if not counted:
        return markup.section("classes", "Classes", "<p>No label could be read.</p>")
    total = np.sum([tally.pixels for tally in counted.values()], axis=0)
    order = sorted((i for i in range(len(table)) if total[i]), key=lambda i: (-total[i], i))
    longest = max(_share(tally, i) for tally in counted.values() for i in order + [UNKNOWN])
    blocks = [_block(table, i, counted, longest) for i in order]
    if total[UNKNOWN]:
        blocks.append(_bars('<i class="swatch none"></i> <em>of no class</em>', UNKNOWN, counted, longest))
    body = markup.key((split, split) for split in counted) if set(counted) != {WHOLE} else ""
    body += '<ul class="bars">\n%s\n</ul>' % "\n".join(blocks[:SHOWN])
    if len(blocks) > SHOWN:
        rest = '<ul class="bars">\n%s\n</ul>' % "\n".join(blocks[SHOWN:])
        body += markup.more("%d more classes, with fewer pixels" % (len(blocks) - SHOWN), rest)
    return markup.section("classes", "Classes", body + _absences(counted, table), SCALE)


def _block(table: ClassTable, i: int, counted: Dict[str, Tally], longest: float) -> str:
    void = " <em>ignored</em>" if i in table.void_ids() else ""
    name = '%s %s <span class="id">%d</span>%s' % (
        markup.swatch(table.colours[i]),
        markup.text(table.names[i]),
        i,
        void,
    )
    return _bars(name, i, counted, longest)


def _bars(name: str, i: int, counted: Dict[str, Tally], longest: float) -> str:
    lines = [
        '<div class="bar"><span class="of">%s</span><span class="track"><i class="%s" style="width:%.2f%%"></i></span>'
        '<span class="share">%s</span><span class="frames">%s</span></div>'
        % (split, split, 100 * (_share(tally, i) / longest) ** 0.5, percent(_share(tally, i)), _frames(tally, i))
        for split, tally in counted.items()
    ]
    return '<li><p class="class">%s</p>%s</li>' % (name, "".join(lines))


def _frames(tally: Tally, i: int) -> str:
    return "in {:,} of {:,}".format(int(tally.frames_with[i]), tally.frames)


def _share(tally: Tally, i: int) -> float:
    return float(tally.pixels[i] / max(1, tally.pixels.sum()))


def percent(share: float) -> str:
    """A share as per cent with what digits it has: `29.2 %`, `0.54 %`, `0.003 %`, `0`."""
    if not share:
        return "0"
    value = 100 * share
    digits = 1 if value >= 10 else 2 if value >= 0.1 else 3
    return "%.*f %%" % (digits, value) if value >= 0.001 else "&lt; 0.001 %"


def _absences(counted: Dict[str, Tally], table: ClassTable) -> str:
    """Sentences on classes without a pixel, in all splits or in some."""
    gone = {split: {i for i in range(len(table)) if not tally.pixels[i]} for split, tally in counted.items()}
    nowhere = set.intersection(*gone.values())
    told = [("In no label", nowhere)] + [("Not in %s" % split, lost - nowhere) for split, lost in gone.items()]
    items = ["<b>%s:</b> %s" % (where, _names(table, lost)) for where, lost in told if lost]
    return markup.bullets(items, "absences") if items else "<p>Every class occurs in every split.</p>"


def _names(table: ClassTable, ids: Sequence[int]) -> str:
    return markup.and_so_on([table.names[i] for i in sorted(ids)])


def where(grids: Dict[str, List[List[float]]]) -> str:
    """A map a class of how often it is at each place of the picture."""
    if not grids:
        return ""
    maps = "\n".join(_map(name, np.array(grid)) for name, grid in grids.items())
    lead = (
        "How much of each place of the picture a class takes, over all labels. Each map has a scale of its own: "
        "bright is the share written below it."
    )
    return markup.section("where", "Where classes lie", '<div class="maps">\n%s\n</div>' % maps, lead)


def _map(name: str, shares: np.ndarray) -> str:
    top = shares.max()
    # Shares have four digits: a class with less than half of the last one everywhere has an empty map.
    levels = shares / top if top else shares
    ramp = np.array(RAMP, np.float64)
    steps = np.linspace(0, 1, len(ramp))
    rgb = np.stack([np.interp(levels, steps, ramp[:, channel]) for channel in range(3)], axis=-1)
    uri = markup.data_uri("png", imageio.png_bytes(np.rint(rgb).astype(np.uint8), 9))
    words = '<span class="name">%s</span> at most %s' % (markup.text(name), percent(float(top)))
    image = '<img class="fine" src="%s" alt="map of where %s lies" width="16" height="12">' % (uri, markup.text(name))
    return "<figure>%s<figcaption>%s</figcaption></figure>" % (image, words)
