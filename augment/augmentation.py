"""Augmentations: named sets of pixel operations, each a plain record that can be read from a file."""

import json
import os
from dataclasses import dataclass, fields
from typing import Any, Dict, Tuple


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a sample. Defaults change nothing but the place of the crop.

    scale: range of the uniform factor between source and output pixels; flip: probability of a mirror image;
    brightness: largest shift in grey levels either way; contrast: range of the factor about mid-grey (128).
    """

    name: str
    scale: Tuple[float, float] = (1.0, 1.0)
    flip: float = 0.0
    brightness: float = 0.0
    contrast: Tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1] <= 16:
            raise ValueError("augmentation %s: scale %s is no range within 0..16" % (self.name, list(self.scale)))
        if not 0 <= self.flip <= 1:
            raise ValueError("augmentation %s: flip %s is no probability" % (self.name, self.flip))
        if not 0 <= self.brightness <= 255:
            raise ValueError("augmentation %s: brightness %s is not in 0..255" % (self.name, self.brightness))
        if not 0 <= self.contrast[0] <= self.contrast[1] <= 8:
            raise ValueError("augmentation %s: contrast %s is no range within 0..8" % (self.name, list(self.contrast)))

    def document(self) -> Dict[str, Any]:
        """The augmentation as JSON, in the form that `read` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


NAMED = {
    "none": Augmentation("none"),
    "light": Augmentation("light", scale=(0.75, 1.5), flip=0.5, brightness=16.0, contrast=(0.85, 1.15)),
    "base": Augmentation("base", scale=(0.5, 2.0), flip=0.5, brightness=32.0, contrast=(0.75, 1.25)),
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
    except (ValueError, TypeError) as error:
        raise ValueError("%s: %s" % (name_or_file, error)) from None


def from_document(given: Dict[str, Any], default_name: str = "own") -> Augmentation:
    """An augmentation from its JSON form; unknown keys are refused by name."""
    known = [field.name for field in fields(Augmentation)]
    if not isinstance(given, dict):
        raise ValueError("expected an object with the keys %s" % ", ".join(known))
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError("unknown key '%s'; there are %s" % (unknown[0], ", ".join(known)))
    values = dict({"name": default_name}, **given)
    for key in ("scale", "contrast"):
        if key in values:
            low, high = values[key]
            values[key] = (float(low), float(high))
    return Augmentation(**values)
