"""Colours: those of no class, with what probably made them, and the legend of the classes."""

from typing import Sequence

from ..checks.colours import Total, Totals, hex_of
from ..classes import ClassTable
from . import markup

SHOWN = 20
HEADS = ("colour", "pixels", "labels", "first", "nearest class", "distance", "what probably made it")


def unknown_colours(strange: Totals, table: ClassTable) -> str:
    """The table of colours of no class; nothing where there are none."""
    if not strange.listed:
        return ""
    rows = [_row(one, table) for one in strange.listed]
    body = _table(rows[:SHOWN])
    if len(rows) > SHOWN:
        body += "\n" + markup.more("%d more colours" % (len(rows) - SHOWN), _table(rows[SHOWN:]))
    if strange.number > len(strange.listed):
        body += "<p>All others have fewer pixels.</p>"
    lead = "Found in labels: %s. Training ignores their pixels, since they belong to no class." % strange.counted()
    return markup.section("colours", "Colours of no class", body, lead)


def _table(rows: Sequence[Sequence[str]]) -> str:
    return markup.table(HEADS, rows, (1, 2, 5))


def _row(one: Total, table: ClassTable) -> Sequence[str]:
    near = table.colours[table.names.index(one.nearest)]
    return (
        '<span class="nowrap">%s <code>%s</code></span>' % (markup.swatch(one.colour), hex_of(one.colour)),
        "{:,}".format(one.pixels),
        "{:,}".format(one.files),
        "%s at x=%d y=%d" % (markup.code(one.first), one.x, one.y),
        '<span class="nowrap">%s %s</span>' % (markup.swatch(near), markup.text(one.nearest)),
        "%.0f" % one.distance,
        markup.text(one.cause),
    )


def legend(table: ClassTable, seen: Sequence[int]) -> str:
    """All classes with colour and id; those that do not occur are faint."""
    there = set(seen)
    items = [
        '<li%s>%s <span class="id">%d</span> %s</li>'
        % ("" if i in there else ' class="absent"', markup.swatch(colour), i, markup.text(name))
        for i, (name, colour) in enumerate(zip(table.names, table.colours))
    ]
    return '<ul class="legend">\n%s\n</ul>' % "\n".join(items)
