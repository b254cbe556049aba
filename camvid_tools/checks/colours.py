"""Colours of no class: where they are, how often, and what probably made them."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .. import classes, labels
from ..classes import UNKNOWN, ClassTable, Colour
from ..codec import colour_codes, unknown_colours
from ..words import counted

MANY, MANY_LOSSY = 400, 100  # colours of one label that are looked at one by one, most pixels first
FURTHEST = 443  # above the distance of black from white
EXPLAINED = 200  # colours of the set that are explained
SOLID = 0.5  # a colour most of whose pixels continue to the left and above fills areas, not edges
NEARLY_ALL = 0.9
ON_THE_LINE = 6.0  # distance in RGB from the line between two classes
NEAR = 40.0  # what JPEG leaves around a class's colour
AROUND = 4
A_SHADE = 12.0  # an area so near a class is that class, stored with loss
GAMMAS = (1 / 2.4, 1 / 2.2, 1 / 1.8, 1 / 1.4, 1.4, 1.8, 2.2, 2.4)
GAMMA_OFF = 2


BLENDED, COMPRESSED = "blended by resampling", "lossy compression"
GREY = "class ids saved as grey in three channels"
SWAPPED = "red and blue swapped: the mirrored colour is a class"
CURVED = "a gamma of %.2f was applied to the colours"
LOSSY = "stored as JPEG or WebP, which changes colours"


class Strange(NamedTuple):
    """A colour of no class in one label: pixels, the first of them, how many continue to the left and above, and the
    ids of the classes around the first."""

    colour: Colour
    pixels: int
    x: int
    y: int
    solid: int
    around: Tuple[int, ...]


class Unknown(NamedTuple):
    """All colours of no class in one label: the first MANY, how many there are, and pixels [FURTHEST] by distance to
    the nearest class, rounded up."""

    most: List[Strange]
    number: int
    by_distance: np.ndarray


NONE = Unknown([], 0, np.zeros(FURTHEST, np.int64))


class Total(NamedTuple):
    """A colour of no class in the whole set, with its likely cause in words."""

    colour: Colour
    pixels: int
    files: int
    first: str
    x: int
    y: int
    nearest: str
    distance: float
    cause: str
    fills: bool  # areas, so that it is probably a class of its own
    missing: Optional[str]  # that class, where CamVid's or SegNet's table has it

    def document(self) -> Dict[str, Any]:
        """As JSON."""
        first = {"file": self.first, "x": self.x, "y": self.y}
        held = {"hex": hex_of(self.colour), "rgb": list(self.colour), "pixels": self.pixels, "files": self.files}
        ending = {"nearest": self.nearest, "distance": round(self.distance, 1), "cause": self.cause}
        return dict(held, first=first, **ending)


def hex_of(colour: Sequence[int]) -> str:
    """`#rrggbb`"""
    return "#%02x%02x%02x" % tuple(colour)


def unknown(picture: np.ndarray, ids: np.ndarray, table: ClassTable, lossy: bool = False) -> Unknown:
    """The colours, or ids as greys, of a label [H,W] or [H,W,3|4] that are of no class; `ids` [H,W]: 255 there."""
    if picture.ndim == 2:
        ids = np.where((picture >= len(table)) & (picture != UNKNOWN), UNKNOWN, 0).astype(np.uint8)
        picture = picture[..., np.newaxis].repeat(3, axis=2)
    found = unknown_colours(picture[..., :3], ids)
    gaps = np.ceil(table.nearest_ids(found.colours)[1]).astype(np.int64)
    solid = _solid_pixels(picture[..., :3], ids) if len(gaps) else {}
    most, many = [], MANY_LOSSY if lossy else MANY
    for colour, pixels, (x, y) in zip(*(part[:many].tolist() for part in found)):
        most.append(Strange(tuple(colour), pixels, x, y, solid.get(tuple(colour), 0), _around(ids, x, y)))
    return Unknown(most, len(gaps), np.bincount(gaps, weights=found.pixels, minlength=FURTHEST).astype(np.int64))


def _around(ids: np.ndarray, x: int, y: int) -> Tuple[int, ...]:
    """The classes within AROUND pixels of a place."""
    near = np.unique(ids[max(0, y - AROUND) : y + AROUND + 1, max(0, x - AROUND) : x + AROUND + 1])
    return tuple(int(one) for one in near if one != UNKNOWN)


def _solid_pixels(rgb: np.ndarray, ids: np.ndarray) -> Dict[Colour, int]:
    """By colour: how many unknown pixels have the colour of both their left and their upper neighbour."""
    codes = colour_codes(rgb)
    here, left, above = codes[1:, 1:], codes[1:, :-1], codes[:-1, 1:]
    found, counts = np.unique(here[(ids[1:, 1:] == UNKNOWN) & (here == left) & (here == above)], return_counts=True)
    return {(c >> 16, c >> 8 & 255, c & 255): count for c, count in zip(found.tolist(), counts.tolist())}


class Totals(NamedTuple):
    """The colours of no class over a set, most pixels first, and how many there are (`whole`: exactly).

    Only the first EXPLAINED are listed: a set of JPEG labels has a hundred thousand.
    """

    listed: List[Total]
    number: int
    whole: bool

    def counted(self) -> str:
        """Their number in words."""
        return ("" if self.whole else "more than ") + "{:,}".format(self.number)


def totals(found_in: Sequence[Tuple[str, str, bool, Unknown]], table: ClassTable) -> Totals:
    """The colours of no class over the set's labels (file, form, lossy, colours)."""
    summed: Dict[Colour, List] = {}
    for file, form, lossy, found in (one for one in found_in if one[3].number):
        cause = cause_of_form(form, lossy, table)
        if cause is None:
            recoded = recoding(found.most, table)
            cause = recoded.words() if recoded is not None else None
        for one in found.most:
            total = summed.setdefault(one.colour, [0, 0, file, one.x, one.y, 0, {}, one.around])
            total[0] += one.pixels
            total[1] += 1
            total[5] += one.solid
            total[6][cause] = total[6].get(cause, 0) + one.pixels
    ranked = sorted(summed.items(), key=lambda item: (-item[1][0], item[0]))
    whole = all(found.number == len(found.most) for _, _, _, found in found_in)
    listed = _settled([_total(colour, held, table) for colour, held in ranked[:EXPLAINED]])
    return Totals(listed, max([len(ranked)] + [found.number for _, _, _, found in found_in]), whole)


def _settled(found: List[Total]) -> List[Total]:
    """Where most scattered pixels are blended edges of two classes, the rest are blends of more."""
    blended = sum(total.pixels for total in found if total.cause.endswith(BLENDED))
    compressed = sum(total.pixels for total in found if total.cause.endswith(COMPRESSED))
    if blended <= compressed:
        return found
    other = "where several classes meet, " + BLENDED
    return [total._replace(cause=other) if total.cause.endswith(COMPRESSED) else total for total in found]


def _total(colour: Colour, held: List, table: ClassTable) -> Total:
    pixels, files, first, x, y, solid, causes, around = held
    nearest, distance = table.nearest(colour)
    told = max(causes, key=lambda cause: causes[cause])
    missing = known_name(colour) if told is None and solid >= SOLID * pixels else None
    fills = missing is not None or (told is None and solid >= SOLID * pixels and distance > A_SHADE)
    cause = told or cause_of(colour, fills, missing, around, table)
    return Total(colour, pixels, files, first, x, y, nearest, distance, cause, fills, missing)


def cause_of_form(form: str, lossy: bool, table: ClassTable) -> Optional[str]:
    """A cause that follows from the label's form."""
    if lossy:
        return LOSSY
    if form == labels.IDS:
        return "an id beyond the table, which ends at %d" % (len(table) - 1)
    return GREY if form == labels.GREY_IDS else None


class Recoding(NamedTuple):
    """What was done to all colours of a label: red and blue swapped, or a gamma applied."""

    swapped: bool
    gamma: float

    def words(self) -> str:
        """The cause as a phrase."""
        if self.swapped:
            return SWAPPED
        return CURVED % self.gamma


def recoding(found: Sequence[Strange], table: ClassTable) -> Optional[Recoding]:
    """The recoding that explains nearly all unknown pixels of one label; None where there is none."""
    if not found:
        return None
    pixels = np.array([one.pixels for one in found], np.float64)
    distinct = set(table.colours)
    swapped = np.array([tuple(reversed(one.colour)) in distinct for one in found])
    if pixels[swapped].sum() >= NEARLY_ALL * pixels.sum():
        return Recoding(True, 1.0)
    colours = np.array([one.colour for one in found], np.int64)
    for gamma in GAMMAS:
        off = np.abs(colours[:, np.newaxis] - curved(table, gamma)[np.newaxis]).max(axis=2).min(axis=1)
        if pixels[off <= GAMMA_OFF].sum() >= NEARLY_ALL * pixels.sum():
            return Recoding(False, gamma)
    return None


def curved(table: ClassTable, gamma: float) -> np.ndarray:
    """[K,3] int64: the table's colours after a gamma."""
    return np.rint(255 * (table.colour_array() / 255.0) ** gamma).astype(np.int64)


def known_name(colour: Colour) -> Optional[str]:
    """The class that a colour is in CamVid's table or SegNet's."""
    for table in (classes.camvid32(), classes.segnet11()):
        if colour in table.colours:
            return table.names[table.colours.index(colour)]
    return None


def cause_of(colour: Colour, fills: bool, missing: Optional[str], around: Sequence[int], table: ClassTable) -> str:
    """What probably made one colour, by its own looks."""
    if missing is not None:
        return "it is %s in CamVid: class_dict.csv lacks that row" % missing
    if fills:
        return "fills areas: a class that class_dict.csv lacks"
    pair = between(colour, around, table)
    if pair is not None:
        return "an edge between %s and %s, %s" % (pair + (BLENDED,))
    nearest, distance = table.nearest(colour)
    if distance <= NEAR:
        return "near %s: %s" % (nearest, COMPRESSED)
    return "thin or scattered: smoothed or compressed edges"


def between(colour: Colour, around: Sequence[int], table: ClassTable) -> Optional[Tuple[str, str]]:
    """Two of the classes `around` (ids) on whose line in RGB a colour lies, at least a tenth away from both ends."""
    known = table.colour_array()[list(around)].astype(np.float64)
    if len(known) < 2:
        return None
    start, step = known[:, np.newaxis], known[np.newaxis] - known[:, np.newaxis]
    length = np.maximum((step**2).sum(axis=2), 1e-9)
    along = ((np.array(colour, np.float64) - start) * step).sum(axis=2) / length
    off = np.linalg.norm(start + along[..., np.newaxis] * step - np.array(colour, np.float64), axis=2)
    off[(along < 0.1) | (along > 0.9)] = np.inf
    a, b = np.unravel_index(off.argmin(), off.shape)
    return (table.names[around[a]], table.names[around[b]]) if off[a, b] <= ON_THE_LINE else None


def described(found: Unknown, table: ClassTable, shown: int = 3) -> str:
    """The unknown colours of one label in words."""
    parts = []
    for one in found.most[:shown]:
        name, gap = table.nearest(one.colour)
        text = "%s %s, first at x=%d y=%d, nearest %s (distance %.0f)"
        parts.append(text % (hex_of(one.colour), counted(one.pixels, "pixel"), one.x, one.y, name, gap))
    more = "" if found.number <= shown else "; and %s more" % counted(found.number - shown, "colour")
    return "%s of no class: %s%s" % (counted(found.number, "colour"), "; ".join(parts), more)
