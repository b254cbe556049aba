"""Tables of numbers: class weights for the loss and statistics of the images."""

import shlex
from typing import Any, Dict, List, Optional

from ..checks.statistics import Tally
from ..classes import ClassTable
from . import markup

FORMULAS = {
    "median_frequency": "median frequency",
    "enet": "ENet",
    "inverse_square_root": "inverse square root",
    "effective_number": "effective number",
}


def weights(found: Dict[str, Dict[str, float]], table: ClassTable, split: str, root: str) -> str:
    """Class weights by all formulas, from the frames of `split`."""
    if not found:
        return ""
    colours = dict(zip(table.names, table.colours))
    classes: List[str] = list(next(iter(found.values())))
    rows = [
        ['<span class="nowrap">%s %s</span>' % (markup.swatch(colours[name]), markup.text(name))]
        + ["%.4g" % by_class[name] for by_class in found.values()]
        for name in classes
    ]
    heads = ["class"] + [FORMULAS.get(name, name) for name in found]
    command = "camvid-check %s --statistics statistics.json" % shlex.quote(root)
    lead = (
        "For the loss, from the frames of <b>%s</b>; a class without a pixel there weighs 1, ignored ones have none. "
        "%s writes them to a file that %s reads."
        % (markup.text(split), markup.code(command), markup.code("train --class_weights"))
    )
    body = markup.table(heads, rows, range(1, len(heads)))
    if len(rows) > 16:
        body = markup.more("the weights of %d classes" % len(rows), body)
    return markup.section("weights", "Class weights", body, lead)


def images(tallies: Dict[str, Tally]) -> str:
    """Mean and standard deviation of the images by split and channel."""
    rows = [
        ["%s" % markup.split_tag(split), "{:,}".format(tally.frames), _triple(tally.mean()), _triple(tally.deviation())]
        for split, tally in tallies.items()
    ]
    if not rows:
        return ""
    body = markup.table(("split", "frames", "mean R, G, B", "standard deviation R, G, B"), rows, (1, 2, 3))
    return markup.section("images", "Image statistics", body, "Over all pixels, on a scale of 0 to 1.")


def _triple(values: Optional[List[Any]]) -> str:
    return "not known" if values is None else '<span class="nowrap">%.4f &nbsp; %.4f &nbsp; %.4f</span>' % tuple(values)
