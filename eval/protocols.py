"""Ways of scoring, each with its rules in words: which classes count, what is left out, what is averaged.

A protocol maps the ids of the data's palette to its own. Frames are counted once, in palette ids; every
protocol's confusion is a regrouping of that count, so one pass over the frames serves them all.
"""

from dataclasses import dataclass
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from camvid_tools import classes as class_tables
from camvid_tools import groups

from .confusion import LEFT_OUT
from .metrics import TRUTH, UNION

Colours = Optional[Sequence[Sequence[int]]]

COUNTING = (
    "Pixels are counted over all frames, each once, then divided. Intervals are 95 %, by resampling frames. "
    "Boundary IoU (Cheng et al., CVPR 2021): bands of 2 % of the frame's diagonal inside the outlines; "
    "pixels that are left out make no outline."
)
PRESENT = (
    "The mean IoU is over the classes that have true pixels in the scored frames; the others are listed as "
    "absent, and where they were predicted this counts as a miss of the true class. "
)
OTHER = (
    "A pixel predicted as a class that is left out counts as a miss of its true class and as a false "
    "positive of none; these are listed as 'other' beside the confusion. "
)


@dataclass(frozen=True)
class Protocol:
    """A named way of scoring data of one palette of P classes; K classes are scored."""

    name: str
    classes: Tuple[str, ...]  # [K]
    mapping: Tuple[int, ...]  # [P] palette id -> id in `classes`, or 255: left out of truth, `other` when predicted
    ignored: Tuple[str, ...]  # the palette's classes that are mapped to 255
    rules: str
    mean_over: str = TRUTH

    def truth_ids(self, ids: np.ndarray) -> np.ndarray:
        """True palette ids [...] uint8 as protocol ids; 255 is left out."""
        return self._table(LEFT_OUT)[ids]

    def prediction_ids(self, ids: np.ndarray) -> np.ndarray:
        """Predicted palette ids [...] uint8 as protocol ids; K means none of the classes (`other`)."""
        return self._table(len(self.classes))[ids]

    def ids(self) -> Tuple[int, ...]:
        """[K] the id people know a class by: the palette's, or the protocol's own where it merges classes."""
        rows = [[row for row, i in enumerate(self.mapping) if i == k] for k in range(len(self.classes))]
        merges = any(len(found) > 1 for found in rows)
        return tuple(k if merges or not found else found[0] for k, found in enumerate(rows))

    def regroup(self, confusions: np.ndarray) -> np.ndarray:
        """Confusions [...,P,P] int64 in palette ids as [...,K,K+1]: the last column holds `other`, and rows
        of classes that are left out are gone. ValueError if P is not the palette's."""
        size = len(self.mapping)
        if confusions.shape[-2:] != (size, size):
            raise ValueError("confusions %s, but the palette has %d classes" % (confusions.shape, size))
        truth = np.equal.outer(np.arange(len(self.classes)), self.mapping).astype(np.int64)  # [K,P]
        predicted = np.append(truth, 1 - truth.sum(axis=0, keepdims=True), axis=0).T  # [P,K+1]
        return truth @ confusions @ predicted

    def _table(self, unmapped: int) -> np.ndarray:
        table = np.full(256, LEFT_OUT, np.uint8)
        table[: len(self.mapping)] = [unmapped if i == LEFT_OUT else i for i in self.mapping]
        return table


class Palette(NamedTuple):
    """Names and colours (or None) of the data's classes, in the order of their ids."""

    names: Tuple[str, ...]
    colours: Colours


def resolve(name: Optional[str], class_names: Sequence[str], colours: Colours = None) -> Protocol:
    """The protocol `name` for data with these classes; None takes the one that goes with the data.

    By the data: CamVid's 32 classes camvid32, SegNet's 11 camvid11, anything else palette. Names are compared
    without regard to case and known spellings; a row of unknown name is recognised by CamVid's colour [K,3].
    ValueError if there is no such protocol, or it does not fit the data (with the classes that are missing).
    """
    palette = Palette(tuple(class_names), colours)
    if name is None:
        name = _by_data(palette)
    if name not in PROTOCOLS:
        raise ValueError("no protocol %r; there is %s" % (name, ", ".join(sorted(PROTOCOLS))))
    return PROTOCOLS[name](palette)


def _by_data(palette: Palette) -> str:
    if _fit32(palette).problem() is None:
        return "camvid32"
    return "camvid11" if _fit11(palette).problem() is None else "palette"


def camvid32(palette: Palette) -> Protocol:
    """CamVid's classes, all but Void"""
    fit = _fit32(palette)
    _require("camvid32", [fit])
    return _without(palette, [fit.rows[groups.VOID]] if groups.VOID in fit.rows else [], "camvid32")


def camvid11(palette: Palette) -> Protocol:
    """SegNet's 11 classes; data with CamVid's 32 are merged first"""
    direct, merged = _fit11(palette), _fit32(palette, only_scored=True)
    _require("camvid11", [direct, merged])
    names = tuple(name for name in class_tables.segnet11().names if name != groups.VOID)
    if direct.problem() is None:
        target = {row: name for name, row in direct.rows.items()}
        how = (
            "The data's own eleven classes, which bear SegNet's names; which of CamVid's 32 went where was decided "
            "when its labels were made (SegNet's and MATLAB's merges differ). True pixels of Void are left out. "
        )
    else:
        group_of = groups.read_groups("segnet11")
        target = {row: group_of[name] for name, row in merged.rows.items()}
        how = "SegNet's 11 classes; labels and predictions of the 32 are merged before counting: %s. " % _spell(
            group_of
        )
        how += "True pixels of the classes that go to Void are left out. "
    mapping = tuple(LEFT_OUT if target[i] == groups.VOID else names.index(target[i]) for i in range(len(palette.names)))
    ignored = tuple(name for name, i in zip(palette.names, mapping) if i == LEFT_OUT)
    return Protocol("camvid11", names, mapping, ignored, how + OTHER + PRESENT + COUNTING)


def own_palette(palette: Palette) -> Protocol:
    """the data's own classes, all but those called Void or Unlabelled"""
    ignored = [i for i, name in enumerate(palette.names) if name.strip().lower() in class_tables.VOID_NAMES]
    return _without(palette, ignored, "palette")


def modelzoo(palette: Palette) -> Protocol:
    """the model zoo's BiSeNet: every class, Void too, by the rule of tf.metrics.mean_iou"""
    rules = (
        "The rule of the model zoo's BiSeNet (tf.metrics.mean_iou): every class of the palette is scored, "
        "Void like the rest. The mean IoU is over the classes that were true or predicted anywhere; one "
        "that was only predicted counts 0. Not comparable with the other protocols. "
    )
    whole = tuple(range(len(palette.names)))
    return Protocol("modelzoo", palette.names, whole, (), rules + COUNTING, UNION)


PROTOCOLS: Dict[str, Callable[[Palette], Protocol]] = {
    "camvid11": camvid11,
    "camvid32": camvid32,
    "palette": own_palette,
    "modelzoo": modelzoo,
}


def _without(palette: Palette, ignored: List[int], name: str) -> Protocol:
    kept = [i for i in range(len(palette.names)) if i not in ignored]
    if not kept:
        raise ValueError("protocol %s: no class of the data is left to score (%s)" % (name, ", ".join(palette.names)))
    mapping = tuple(kept.index(i) if i in kept else LEFT_OUT for i in range(len(palette.names)))
    out = tuple(palette.names[i] for i in ignored)
    rules = "The data's classes" + (", but for %s, whose true pixels are left out. " % _list(out) if out else ". ")
    rules += (OTHER if out else "") + PRESENT + COUNTING
    return Protocol(name, tuple(palette.names[i] for i in kept), mapping, out, rules)


# Spellings seen in public copies of the data; keys as `_key` makes them.
SPELLINGS = {
    "unlabelled": "void",
    "unlabeled": "void",
    "background": "void",
    "byciclist": "bicyclist",
    "bike": "bicyclist",
    "carluggage": "cartluggagepram",
    "vegetagtionmisc": "vegetationmisc",
}
SPELLINGS32 = dict(SPELLINGS, pole="columnpole")
SPELLINGS11 = dict(SPELLINGS, columnpole="pole", sidewalk="pavement")


class _Fit(NamedTuple):
    """How a palette compares with an official table: official name -> row, and what does not fit."""

    table: str
    rows: Dict[str, int]
    missing: Tuple[str, ...]
    strange: Tuple[str, ...]

    def problem(self) -> Optional[str]:
        parts = []
        if self.missing:
            parts.append("missing %s" % _list(self.missing))
        if self.strange:
            parts.append("unknown or twice %s" % _list(self.strange))
        return "against %s: %s" % (self.table, "; ".join(parts)) if parts else None


def _fit32(palette: Palette, only_scored: bool = False) -> _Fit:
    """Void may be missing; `only_scored`: so may every class that SegNet's map sends to Void."""
    group_of = groups.read_groups("segnet11")
    optional = [name for name in group_of if name == groups.VOID or (only_scored and group_of[name] == groups.VOID)]
    return _compare(palette, class_tables.camvid32(), "CamVid's 32 classes", SPELLINGS32, optional)


def _fit11(palette: Palette) -> _Fit:
    return _compare(palette, class_tables.segnet11(), "SegNet's 11 classes", SPELLINGS11, [groups.VOID])


def _compare(
    palette: Palette,
    table: class_tables.ClassTable,
    title: str,
    spellings: Dict[str, str],
    optional: List[str],
) -> _Fit:
    by_key = {_key(name): name for name in table.names}
    by_colour = dict(zip(table.colours, table.names))
    rows, strange = {}, []
    for row, name in enumerate(palette.names):
        official = by_key.get(spellings.get(_key(name), _key(name)))
        if official is None and palette.colours is not None:
            official = by_colour.get(tuple(int(c) for c in palette.colours[row]))
        if official is None or official in rows:
            strange.append(name)
        else:
            rows[official] = row
    missing = tuple(name for name in table.names if name not in rows and name not in optional)
    return _Fit(title, rows, missing, tuple(strange))


def _require(name: str, fits: List[_Fit]) -> None:
    """ValueError unless one of them fits; it tells of the nearest."""
    if all(fit.problem() is not None for fit in fits):
        nearest = min(fits, key=lambda fit: len(fit.missing) + len(fit.strange))
        raise ValueError("protocol %s does not fit the data, %s" % (name, nearest.problem()))


def _key(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _spell(group_of: Dict[str, str]) -> str:
    """The merge in words: Building + Wall = Building, ..."""
    targets = class_tables.segnet11().names
    sources = {target: [name for name, group in group_of.items() if group == target] for target in targets}
    merges = [(target, names) for target, names in sources.items() if names != [target]]
    return "; ".join("%s = %s" % (target, " + ".join(names)) for target, names in merges)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
