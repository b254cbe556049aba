"""Augmentations: named sets of pixel operations, each a plain record that can be read from a file."""

import json
import os
from dataclasses import dataclass, fields, replace
from typing import Any, Dict, Mapping, Tuple

Range = Tuple[float, float]
BASE_FIELDS = ("scale", "flip", "brightness", "contrast")

# What each number may be: for a range both ends, with the first not above the second.
LIMITS = {
    "scale": (0.01, 16),
    "flip": (0, 1),
    "brightness": (0, 255),
    "contrast": (0, 8),
    "saturation": (0, 8),
    "hue": (0, 180),
    "rotation": (0, 180),
    "blur": (0, 1),
    "blur_sigma": (0.1, 20),
    "noise": (0, 1),
    "noise_sigma": (0, 128),
    "jpeg": (0, 1),
    "jpeg_quality": (1, 100),
    "cutout": (0, 1),
    "cutout_side": (0, 1),
    "class_balance": (0, 1),
    "one_class": (0.01, 1),
}


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a sample. Defaults change nothing but the place of the crop.

    scale: range of the uniform factor between source and output pixels; flip: probability of a mirror image;
    brightness: largest shift in grey levels either way; contrast: range of the factor about mid-grey (128);
    saturation: range of the factor about each pixel's own grey; hue: largest turn in degrees either way;
    rotation: largest turn of the picture in degrees either way.

    blur, noise, jpeg, cutout: probabilities. A Gaussian blur has a sigma of blur_sigma output pixels; Gaussian noise
    one of noise_sigma grey levels; JPEG artefacts are those of a jpeg_quality; cutout paints a rectangle, each side
    cutout_side of the output's, in the padding's colour and labels it 255.

    class_balance: probability that the crop is laid around a pixel of a class drawn evenly from those in the frame;
    one_class: a crop in which a class has a larger share than this is drawn anew (1: never).

    albumentations: transforms of that library, each {"transform": NAME, its arguments ...}, done to the window.
    """

    name: str
    scale: Range = (1.0, 1.0)
    flip: float = 0.0
    brightness: float = 0.0
    contrast: Range = (1.0, 1.0)
    saturation: Range = (1.0, 1.0)
    hue: float = 0.0
    rotation: float = 0.0
    blur: float = 0.0
    blur_sigma: Range = (0.5, 2.0)
    noise: float = 0.0
    noise_sigma: Range = (2.0, 10.0)
    jpeg: float = 0.0
    jpeg_quality: Range = (40.0, 95.0)
    cutout: float = 0.0
    cutout_side: Range = (0.1, 0.4)
    class_balance: float = 0.0
    one_class: float = 1.0
    albumentations: Tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        for field, (least, most) in LIMITS.items():
            value = getattr(self, field)
            low, high = value if isinstance(value, tuple) else (value, value)
            if not least <= low <= high <= most:
                shown, kind = (list(value), "range") if isinstance(value, tuple) else (value, "number")
                raise ValueError(
                    "augmentation %s: %s %s is no %s in %g..%g" % (self.name, field, shown, kind, least, most)
                )
        for step in self.albumentations:
            if not isinstance(step, Mapping) or not isinstance(step.get("transform"), str):
                raise ValueError('augmentation %s: %s is not of the form {"transform": NAME, ...}' % (self.name, step))

    @property
    def beyond_base(self) -> bool:
        """Whether anything is asked for that `base` has not: then more numbers are drawn."""
        plain = Augmentation(self.name, **{field: getattr(self, field) for field in BASE_FIELDS})
        return self != plain

    @property
    def looks_at_labels(self) -> bool:
        """Whether the crop's place depends on what is there."""
        return self.class_balance > 0 or self.one_class < 1

    def document(self) -> Dict[str, Any]:
        """The augmentation as JSON, in the form that `read` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


BASE = Augmentation("base", scale=(0.5, 2.0), flip=0.5, brightness=32.0, contrast=(0.75, 1.25))
NAMED = {
    "none": Augmentation("none"),
    "light": Augmentation("light", scale=(0.75, 1.5), flip=0.5, brightness=16.0, contrast=(0.85, 1.15)),
    "base": BASE,
    "street": replace(BASE, name="street", scale=(0.75, 1.75), saturation=(0.7, 1.3)),
    "colour": replace(BASE, name="colour", saturation=(0.6, 1.4), hue=10.0),
    "strong": replace(
        BASE,
        name="strong",
        contrast=(0.7, 1.3),
        saturation=(0.5, 1.5),
        hue=15.0,
        rotation=5.0,
        blur=0.2,
        noise=0.2,
        jpeg=0.2,
        cutout=0.2,
        class_balance=0.3,
        one_class=0.75,
    ),
}


def read(name_or_file: str) -> Augmentation:
    """The augmentation of that name, or in that JSON file; ValueError says what is wrong and what exists."""
    if name_or_file in NAMED:
        return NAMED[name_or_file]
    if not os.path.isfile(name_or_file):
        raise ValueError(
            "no augmentation '%s'; there are %s, or a JSON file" % (name_or_file, ", ".join(sorted(NAMED)))
        )
    try:
        with open(name_or_file, encoding="utf-8") as handle:
            given = json.load(handle)
        return from_document(given, os.path.splitext(os.path.basename(name_or_file))[0])
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("%s: %s" % (name_or_file, error)) from None


def from_document(given: Dict[str, Any], default_name: str = "own") -> Augmentation:
    """An augmentation from its JSON form; unknown keys are refused by name."""
    known = {field.name: field.default for field in fields(Augmentation)}
    if not isinstance(given, dict):
        raise ValueError("expected an object with the keys %s" % ", ".join(known))
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError("unknown key '%s'; there are %s" % (unknown[0], ", ".join(known)))
    values = dict({"name": default_name}, **given)
    if not isinstance(values["name"], str):
        raise ValueError("name: expected a text, found %r" % (values["name"],))
    for key in LIMITS:
        if key in values:
            values[key] = _numbers(key, values[key], isinstance(known[key], tuple))
    steps = values.get("albumentations", ())
    if not isinstance(steps, (list, tuple)):
        raise ValueError("albumentations: expected a list of transforms, found %r" % (steps,))
    return Augmentation(**dict(values, albumentations=tuple(steps)))


def _numbers(key: str, given: Any, is_range: bool) -> Any:
    """A number as it is, or [low, high] as a pair of floats; ValueError names the key."""
    parts = given if is_range and isinstance(given, (list, tuple)) else [given]
    numbers = all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in parts)
    if not numbers or len(parts) != (2 if is_range else 1):
        raise ValueError("%s: expected %s, found %r" % (key, "[low, high]" if is_range else "a number", given))
    return (float(parts[0]), float(parts[1])) if is_range else given
