"""The town behind the drawn frames: what stands where along a drive's street, as a function of (seed, drive, slot)."""

import zlib
from typing import Iterator, List, NamedTuple, Tuple

Colour = Tuple[int, int, int]

METRES_A_FRAME = 0.27  # 8 m/s at 30 frames a second
NEAR, FAR = 4.0, 70.0
ROAD, KERB, PAVEMENT_END = 3.6, 3.9, 7.0  # metres from the middle of the street
_MASK = 2**64 - 1


class Thing(NamedTuple):
    """One object: kind, position of its near end (x to the right, z ahead of the camera), size, colour, variant."""

    kind: str
    x: float
    z: float
    width: float
    height: float
    length: float
    colour: Colour
    variant: int


class Mood(NamedTuple):
    """A drive's light and taste."""

    sky: Colour
    light: float
    haze: float
    tree_share: float
    traffic: float


MOODS = {
    "0001TP": Mood((150, 160, 190), 0.55, 0.10, 0.45, 0.75),  # dusk
    "0006R0": Mood((200, 220, 245), 1.10, 0.20, 0.55, 0.50),
    "0016E5": Mood((180, 205, 240), 0.95, 0.15, 0.30, 0.60),
    "Seq05VD": Mood((215, 222, 230), 1.00, 0.25, 0.20, 0.40),
}


class Dice:
    """Numbers in [0, 1) from a key, by SplitMix64: the same on every machine, in any order."""

    def __init__(self, seed: int, drive: str) -> None:
        self._key = _mix(_mix(seed & _MASK) ^ zlib.crc32(drive.encode("utf-8")))

    def __call__(self, *key: int) -> float:
        value = self._key
        for part in key:
            value = _mix(value ^ (part & _MASK))
        return (value >> 11) * 2.0**-53

    def pick(self, choices: List[Colour], *key: int) -> Colour:
        """One of the choices."""
        return choices[int(self(*key) * len(choices))]


def _mix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


FACADES = [(168, 104, 84), (196, 170, 130), (150, 132, 120), (182, 148, 120), (205, 190, 165)]
CARS = [(170, 30, 35), (40, 60, 130), (210, 212, 215), (45, 48, 52), (60, 110, 70), (225, 190, 60)]
CLOTHES = [(200, 60, 60), (60, 70, 150), (230, 200, 70), (50, 50, 60), (110, 60, 120)]
LEAVES = [(58, 112, 48), (72, 128, 52), (48, 96, 56)]


def things(dice: Dice, mood: Mood, ahead: float) -> Iterator[Thing]:
    """Everything in sight of a camera that has driven `ahead` metres, in no order."""
    for side in (-1, 1):
        yield from _far_row(dice, mood, ahead, side)
        yield from _pavement(dice, ahead, side)
        yield from _people(dice, ahead, side)
    yield from _traffic(dice, mood, ahead)


def _slots(ahead: float, spacing: float) -> range:
    return range(int((ahead + NEAR) // spacing) - 1, int((ahead + FAR) // spacing) + 1)


def _far_row(dice: Dice, mood: Mood, ahead: float, side: int) -> Iterator[Thing]:
    """Houses, trees, hedges, fences and walls beyond the pavement."""
    for slot in _slots(ahead, 14.0):
        z, r = slot * 14.0 - ahead, dice(1, side, slot)
        kind = "tree" if r < mood.tree_share else "house"
        tall = 7.0 + 8.0 * dice(2, side, slot)
        facade = dice.pick(FACADES, 3, side, slot)
        if kind == "house":
            yield Thing("house", side * 9.0, z, 8.0, tall, 13.2, facade, int(dice(4, side, slot) * 3))
        else:
            leaf = dice.pick(LEAVES, 5, side, slot)
            for place in (2.5, 9.0):
                yield Thing("tree", side * 9.5, z + place, 4.5, 7.5 + 2.5 * dice(6, side, slot), 1.0, leaf, 0)
            low = ("hedge", "fence", "wall")[int(dice(7, side, slot) * 3)]
            yield Thing(low, side * 7.4, z, 0.5, 1.5, 13.6, leaf, 0)


def _pavement(dice: Dice, ahead: float, side: int) -> Iterator[Thing]:
    """Lamp posts, and on some of them a sign or lights."""
    for slot in _slots(ahead, 16.0):
        z, r = slot * 16.0 + 5 * side - ahead, dice(11, side, slot)
        yield Thing("pole", side * 4.6, z, 0.4, 6.0, 0.3, (120, 118, 110), 0)
        if r < 0.45:
            yield Thing("sign", side * 4.6, z - 0.1, 1.3, 3.6, 0.1, (210, 60, 50), int(r * 20) % 2)
        elif r < 0.70:
            yield Thing("lights", side * 4.6, z - 0.1, 0.9, 4.2, 0.1, (60, 60, 50), 0)


def _people(dice: Dice, ahead: float, side: int) -> Iterator[Thing]:
    for slot in _slots(ahead, 11.0):
        r = dice(21, side, slot)
        z = slot * 11.0 + 6 * dice(22, side, slot) - ahead
        if r < 0.38:
            clothes = dice.pick(CLOTHES, 23, side, slot)
            yield Thing("person", side * (5.2 + dice(24, side, slot)), z, 0.8, 1.8, 0.4, clothes, 0)
        elif r > 0.88:
            yield Thing("cyclist", side * 1.9 + 0.4, z, 1.0, 1.9, 1.6, dice.pick(CLOTHES, 25, side, slot), 0)


def _traffic(dice: Dice, mood: Mood, ahead: float) -> Iterator[Thing]:
    """Parked cars on the left, oncoming ones on the right, now and then something larger or rarer."""
    for slot in _slots(ahead, 9.0):
        z, r = slot * 9.0 - ahead, dice(31, slot)
        paint = dice.pick(CARS, 32, slot)
        if r < mood.traffic * 0.6:
            yield Thing("car", -2.9, z, 1.9, 1.5, 4.2, paint, 0)
        elif r > 0.95:
            yield Thing("bus", -2.7, z, 2.5, 3.8, 8.0, (214, 44, 36), 0)
    for slot in _slots(1.9 * ahead, 26.0):
        z, r = slot * 26.0 - 1.9 * ahead, dice(33, slot)
        if r < mood.traffic:
            yield Thing("car", 1.9, z, 1.9, 1.5, 4.2, dice.pick(CARS, 34, slot), 1)
    for slot in _slots(ahead, 700.0):
        z = slot * 700.0 + 500.0 * dice(35, slot) - ahead
        yield Thing("cone", 3.0, z, 0.9, 1.1, 0.5, (235, 110, 30), 0)
        yield Thing("child", 5.6, z + 40.0, 0.8, 1.2, 0.4, (230, 90, 160), 0)
        yield Thing("pram", 5.9, z + 42.0, 0.9, 1.1, 0.9, (40, 40, 110), 0)
        yield Thing("dog", -5.6, z + 90.0, 1.0, 0.8, 0.9, (120, 84, 50), 0)
