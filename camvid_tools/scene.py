"""Drawn street scenes with exact labels: a camera drives down a made-up street, and frames near in time look alike.

Image and label are painted together, far to near, with the same integer polygons, so a label is exact to the pixel.
"""

import math
from functools import lru_cache
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from . import classes
from .scene_world import FAR, KERB, MOODS, NEAR, PAVEMENT_END, ROAD, Colour, Dice, Mood, Thing, things
from .scene_world import METRES_A_FRAME as STEP

EYE_M, HORIZON, FOCAL = 1.5, 0.42, 0.85  # camera height; horizon as a share of H; focal length as a share of W
SHOWN_AT_LEAST = 0.045  # of the frame's height: smaller things are left out of image and label alike
RARE_AT_LEAST = 0.09  # rare things are shown when they are near, or not at all
RARE = ("cone", "child", "pram", "dog")
NOISE = 7


class Canvas(NamedTuple):
    """Image and label under the brush, and how metres become pixels."""

    image: np.ndarray
    label: np.ndarray
    ids: Dict[str, int]
    sway: float
    light: float
    haze: float

    def at(self, x: float, y: float, z: float) -> Tuple[int, int]:
        """Pixel (column, row) of the point x metres right of the street's middle, y above it, z ahead."""
        height, width = self.label.shape
        scale = FOCAL * width / max(z, 0.5)
        return int(0.5 * width + (x - self.sway) * scale), int(HORIZON * height + (EYE_M - y) * scale)

    def fill(self, points: Sequence[Tuple[int, int]], colour: Colour, name: str, z: float = NEAR) -> None:
        """A filled polygon in image and label; light and haze change the image alone."""
        outline = np.clip(np.array(points, np.int64), -20000, 20000).astype(np.int32)
        fog = self.haze * min(1.0, z / FAR)
        shade = [int(min(255.0, c * self.light * (1 - fog) + 205 * self.light * fog)) for c in colour]
        cv2.fillPoly(self.image, [outline], shade)
        cv2.fillPoly(self.label, [outline], self.ids[name])


Painter = Callable[[Canvas, Thing], None]


def render(drive: str, number: int, seed: int, height: int, width: int) -> Tuple[np.ndarray, np.ndarray]:
    """Frame `number` (at 30 Hz) of a drive: image [H,W,3] uint8 RGB and label [H,W] uint8 in CamVid's 32 ids."""
    dice = Dice(seed, drive)
    mood = MOODS.get(drive, MOODS["0016E5"])
    ahead = number * STEP
    table = classes.camvid32()
    canvas = Canvas(
        np.zeros((height, width, 3), np.uint8),
        np.full((height, width), table.names.index("Void"), np.uint8),
        {name: index for index, name in enumerate(table.names)},
        0.35 * math.sin(ahead / 23.0) - 0.9,
        mood.light,
        mood.haze,
    )
    _sky(canvas, mood, dice, ahead)
    _ground(canvas, ahead)
    for thing in sorted(things(dice, mood, ahead), key=lambda t: (-(t.z + t.length), t.kind, t.x)):
        if thing.z + thing.length > NEAR and _visible(canvas, thing):
            PAINTERS[thing.kind](canvas, thing)
    if drive == "0006R0":  # the bonnet of the car that films, left unlabelled
        bottom, middle = height, width // 2
        canvas.fill([(0, bottom), (middle, int(0.955 * height)), (width, bottom)], (40, 42, 48), "Void")
    return _develop(canvas, dice, number), canvas.label


def _visible(canvas: Canvas, thing: Thing) -> bool:
    height, width = canvas.label.shape
    scale = FOCAL * width / max(thing.z, NEAR)
    least = RARE_AT_LEAST if thing.kind in RARE else SHOWN_AT_LEAST
    return thing.height * scale >= least * height and thing.width * scale >= 0.012 * width


def _sky(canvas: Canvas, mood: Mood, dice: Dice, ahead: float) -> None:
    height, width = canvas.label.shape
    bands = max(8, height // 24)
    for band in range(bands):
        top, low = band * height // bands, (band + 1) * height // bands
        paler = band / bands
        colour = tuple(int(c + (235 - c) * paler * 0.7) for c in mood.sky)
        canvas.fill([(0, top), (width, top), (width, low), (0, low)], colour, "Sky")
    for cloud in range(5):
        x = int((dice(41, cloud) * 1.6 - 0.3 + ahead * 0.0004) * width)
        y = int(0.3 * height * dice(42, cloud))
        size = (int(width * (0.06 + 0.08 * dice(43, cloud))), int(height * 0.03))
        shade = [int(min(255, 240 * mood.light))] * 3
        cv2.ellipse(canvas.image, (x, y), size, 0, 0, 360, shade, -1)
    top, low = int((HORIZON - 0.05) * height), int(HORIZON * height) + 2
    canvas.fill([(0, top), (width, top), (width, low), (0, low)], (84, 108, 84), "Tree", FAR)


def _ground(canvas: Canvas, ahead: float) -> None:
    _strip(canvas, -60, 60, NEAR / 8, FAR * 3, (96, 128, 70), "VegetationMisc")
    _strip(canvas, -PAVEMENT_END, PAVEMENT_END, NEAR / 8, FAR * 3, (176, 168, 160), "Sidewalk")
    _strip(canvas, -KERB, KERB, NEAR / 8, FAR * 3, (205, 200, 192), "Sidewalk")
    _strip(canvas, -ROAD, ROAD, NEAR / 8, FAR * 3, (92, 92, 98), "Road")
    for slot in range(int(ahead // 8) - 1, int((ahead + 36) // 8) + 1):
        z = slot * 8.0 - ahead
        if z + 4.5 > 1.0:
            _strip(canvas, -0.16, 0.16, max(z, 1.0), z + 4.5, (232, 232, 225), "LaneMkgsDriv")


def _strip(canvas: Canvas, left: float, right: float, near: float, far: float, colour: Colour, name: str) -> None:
    """A rectangle on the ground."""
    points = [canvas.at(left, 0, near), canvas.at(right, 0, near), canvas.at(right, 0, far), canvas.at(left, 0, far)]
    canvas.fill(points, colour, name)


def _face(canvas: Canvas, x0: float, x1: float, y0: float, y1: float, z: float, colour: Colour, name: str) -> None:
    """An upright rectangle that faces the camera."""
    points = [canvas.at(x0, y0, z), canvas.at(x1, y0, z), canvas.at(x1, y1, z), canvas.at(x0, y1, z)]
    canvas.fill(points, colour, name, z)


def _side(canvas: Canvas, x: float, y0: float, y1: float, z0: float, z1: float, colour: Colour, name: str) -> None:
    """An upright rectangle along the street."""
    points = [canvas.at(x, y0, z0), canvas.at(x, y0, z1), canvas.at(x, y1, z1), canvas.at(x, y1, z0)]
    canvas.fill(points, colour, name, 0.5 * (z0 + z1))


def _darker(colour: Colour, by: float = 0.75) -> Colour:
    return int(colour[0] * by), int(colour[1] * by), int(colour[2] * by)


def _house(canvas: Canvas, t: Thing) -> None:
    near, far = max(t.z, 1.0), t.z + t.length
    outer = t.x + (t.width if t.x > 0 else -t.width)
    if t.z > NEAR:
        _face(canvas, min(t.x, outer), max(t.x, outer), 0, t.height, near, _darker(t.colour, 0.85), "Building")
    _side(canvas, t.x, 0, t.height, near, far, t.colour, "Building")
    for floor in range(int(t.height // 3)):
        for window in range(4):
            z = t.z + 1.2 + window * 3.2
            if z > 1.0:
                glass = (70, 84, 100) if (floor + window + t.variant) % 3 else (96, 104, 110)
                _side(canvas, t.x, floor * 3 + 1.0, floor * 3 + 2.3, z, z + 1.5, glass, "Building")


def _low_row(name: str, colour: Colour) -> Painter:
    def paint(canvas: Canvas, t: Thing) -> None:
        near, far = max(t.z, 1.0), t.z + t.length
        _side(canvas, t.x, 0, t.height, near, far, colour, name)

    return paint


_TURNS = [2 * math.pi * i / 14 for i in range(14)]
_CROWN = [((1 + 0.12 * math.sin(3 * a)) * math.cos(a), (1 + 0.12 * math.sin(3 * a)) * math.sin(a)) for a in _TURNS]


def _tree(canvas: Canvas, t: Thing) -> None:
    _face(canvas, t.x - 0.3, t.x + 0.3, 0, 0.5 * t.height, t.z, (88, 66, 48), "Tree")
    for dx, dy, size in ((0, 0.0, 1.0), (-0.9, -0.8, 0.7), (0.9, -0.6, 0.75)):
        centre = canvas.at(t.x + dx, 0.68 * t.height + dy, t.z)
        edge = canvas.at(t.x + dx + size * t.width / 2, 0, t.z)
        radius = max(1, edge[0] - centre[0])
        outline = [(int(centre[0] + radius * x), int(centre[1] + radius * y)) for x, y in _CROWN]
        canvas.fill(outline, _darker(t.colour, 1.0 - 0.1 * abs(dx)), "Tree", t.z)


def _pole(canvas: Canvas, t: Thing) -> None:
    _face(canvas, t.x - t.width / 2, t.x + t.width / 2, 0, t.height, t.z, t.colour, "Column_Pole")


def _sign(canvas: Canvas, t: Thing) -> None:
    half, low = t.width / 2, t.height - t.width
    colour = t.colour if t.variant else (45, 90, 190)
    _face(canvas, t.x - half, t.x + half, low, t.height, t.z, colour, "SignSymbol")
    _face(
        canvas, t.x - half / 2, t.x + half / 2, low + half / 2, t.height - half / 2, t.z, (240, 240, 235), "SignSymbol"
    )


def _lights(canvas: Canvas, t: Thing) -> None:
    half = t.width / 2
    _face(canvas, t.x - half, t.x + half, t.height - 2.0, t.height, t.z, (30, 30, 28), "TrafficLight")
    for lamp, colour in enumerate([(60, 200, 80), (230, 170, 40), (220, 50, 40)]):
        low = t.height - 1.9 + 0.62 * lamp
        _face(canvas, t.x - half / 2, t.x + half / 2, low, low + 0.5, t.z, colour, "TrafficLight")


def _vehicle(name: str) -> Painter:
    def paint(canvas: Canvas, t: Thing) -> None:
        near, far, half = max(t.z, 0.6), t.z + t.length, t.width / 2
        inner = t.x - half if t.x > canvas.sway else t.x + half
        _strip(canvas, t.x - half - 0.1, t.x + half + 0.1, near, far, (44, 44, 48), "Road")
        low = 0.0 if t.kind == "bus" else 0.25
        _side(canvas, inner, low, 0.62 * t.height, near, far, _darker(t.colour), name)
        _side(canvas, inner, 0.6 * t.height, t.height, max(0.6, t.z + 0.1 * t.length), far - 0.1, (60, 70, 84), name)
        if t.z > 0.6:
            _face(canvas, t.x - half, t.x + half, low, 0.62 * t.height, near, t.colour, name)
            _face(canvas, t.x - 0.85 * half, t.x + 0.85 * half, 0.6 * t.height, t.height, near, (66, 78, 92), name)
            lamp = (240, 235, 190) if t.variant else (200, 40, 30)
            for x in (t.x - 0.95 * half, t.x + 0.6 * half):
                _face(canvas, x, x + 0.35 * half, 0.42 * t.height, 0.55 * t.height, near, lamp, name)
            for x in (t.x - 0.9 * half, t.x + 0.55 * half):
                _face(canvas, x, x + 0.35 * half, 0.0, 0.25, near, (24, 24, 26), name)

    return paint


def _figure(name: str) -> Painter:
    def paint(canvas: Canvas, t: Thing) -> None:
        half = t.width / 2
        _face(canvas, t.x - 0.7 * half, t.x + 0.7 * half, 0, 0.5 * t.height, t.z, (52, 54, 74), name)
        _face(canvas, t.x - half, t.x + half, 0.45 * t.height, 0.84 * t.height, t.z, t.colour, name)
        _face(canvas, t.x - 0.4 * half, t.x + 0.4 * half, 0.82 * t.height, t.height, t.z, (212, 166, 138), name)

    return paint


def _cyclist(canvas: Canvas, t: Thing) -> None:
    _face(canvas, t.x - 0.2, t.x + 0.2, 0, 0.7, t.z, (26, 26, 28), "Bicyclist")
    _face(canvas, t.x - 0.45, t.x + 0.45, 0.6, 1.55, t.z, t.colour, "Bicyclist")
    _face(canvas, t.x - 0.2, t.x + 0.2, 1.5, t.height, t.z, (235, 235, 230), "Bicyclist")


def _block(name: str) -> Painter:
    def paint(canvas: Canvas, t: Thing) -> None:
        _face(canvas, t.x - t.width / 2, t.x + t.width / 2, 0, t.height, t.z, t.colour, name)

    return paint


PAINTERS: Dict[str, Painter] = {
    "house": _house,
    "tree": _tree,
    "hedge": _low_row("VegetationMisc", (78, 120, 62)),
    "fence": _low_row("Fence", (134, 104, 70)),
    "wall": _low_row("Wall", (160, 120, 104)),
    "pole": _pole,
    "sign": _sign,
    "lights": _lights,
    "person": _figure("Pedestrian"),
    "child": _figure("Child"),
    "cyclist": _cyclist,
    "car": _vehicle("Car"),
    "bus": _vehicle("Truck_Bus"),
    "cone": _block("TrafficCone"),
    "pram": _block("CartLuggagePram"),
    "dog": _block("Animal"),
}


def _develop(canvas: Canvas, dice: Dice, number: int) -> np.ndarray:
    """What a lens and a sensor do: a slight blur, then noise from a tile that moves from frame to frame."""
    image = cv2.blur(canvas.image, (3, 3)) if canvas.label.shape[0] >= 240 else canvas.image
    tile = _noise_tile()
    height, width = canvas.label.shape
    repeats = (-(-height // tile.shape[0]) + 1, -(-width // tile.shape[1]) + 1, 1)
    shift = (int(dice(51, number) * tile.shape[0]), int(dice(52, number) * tile.shape[1]))
    noise = np.tile(tile, repeats)[shift[0] : shift[0] + height, shift[1] : shift[1] + width]
    return cv2.add(image, noise.astype(np.int16), dtype=cv2.CV_8U)


@lru_cache(maxsize=1)
def _noise_tile(size: int = 128) -> np.ndarray:
    """[size,size,3] int8 in -NOISE..NOISE, the same always."""
    values: List[int] = []
    state = 0x2545F491
    for _ in range(size * size * 3 // 4):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.extend((state >> shift & 255) % (2 * NOISE + 1) - NOISE for shift in (0, 8, 16, 24))
    return np.array(values, np.int8).reshape(size, size, 3)
