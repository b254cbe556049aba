"""Recipes: named sets of training settings. Each says what it is for, what it costs and what to expect."""

import json
import os
from dataclasses import dataclass, fields
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not the data, the machine or the place of its output.

    height, width: of the crop, None = by the data. ignored: class names left out of the loss, None = the rows called
    Void or Unlabelled. loss_strides: the losses of main head, 1/16 and 1/32 head are taken at every n-th pixel.
    decay_norms etc. do not exist: weight decay acts on convolution kernels alone. aux_weight: of each auxiliary loss.
    """

    name: str
    epochs: float = 150.0
    frontend: str = "xception39"
    augment: str = "base"
    height: Optional[int] = None
    width: Optional[int] = None
    ignored: Optional[Tuple[str, ...]] = None
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    power: float = 0.9
    warm_up: int = 50
    norm_decay: float = 0.9
    aux_weight: float = 1.0
    loss_strides: Tuple[int, int, int] = (2, 4, 4)

    def document(self) -> Dict[str, Any]:
        """The recipe as JSON, in the form that `read` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# default: BiSeNet from nothing in an evening on a laptop's CPU. Losses at reduced size cost a fifth less time.
# paper: losses on every pixel and the small rate of Yu et al., BiSeNet, ECCV 2018 (decay 1e-4, power 0.9).
# demo: what `make demo` trains in under three minutes on drawn frames of 144 x 192; no use for anything else.
RECIPES = {
    "default": Recipe("default"),
    "demo": Recipe("demo", epochs=50, augment="light", height=128, width=192, warm_up=20, loss_strides=(2, 4, 4)),
    "paper": Recipe("paper", epochs=600, learning_rate=0.025, weight_decay=1e-4, loss_strides=(1, 1, 1)),
}


def read(name_or_file: str) -> Recipe:
    """The recipe of that name, or in that JSON file; ValueError says what is wrong and what exists."""
    if name_or_file in RECIPES:
        return RECIPES[name_or_file]
    if not os.path.isfile(name_or_file):
        raise ValueError("no recipe '%s'; there are %s, or a JSON file" % (name_or_file, ", ".join(sorted(RECIPES))))
    try:
        with open(name_or_file, encoding="utf-8") as handle:
            given = json.load(handle)
        return _from_document(given, os.path.splitext(os.path.basename(name_or_file))[0])
    except (ValueError, TypeError) as error:
        raise ValueError("%s: %s" % (name_or_file, error)) from None


def _from_document(given: Any, default_name: str) -> Recipe:
    known = [field.name for field in fields(Recipe)]
    if not isinstance(given, dict):
        raise ValueError("expected an object with some of the keys %s" % ", ".join(known))
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError("unknown key '%s'; there are %s" % (unknown[0], ", ".join(known)))
    values = dict({"name": default_name}, **given)
    for key in ("ignored", "loss_strides"):
        if values.get(key) is not None:
            values[key] = tuple(values[key])
    return Recipe(**values)
