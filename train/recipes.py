"""Recipes: named sets of training settings. Each says what it is for, what it costs and what to expect."""

import json
import os
from dataclasses import dataclass, fields
from typing import Any, Dict, Optional, Tuple

from camvid_tools.checks.weights import FORMULAS

from .learning_rate import SCHEDULES

NUMBERS = (
    "epochs learning_rate frontend_rate momentum weight_decay power warm_up norm_decay aux_weight clip_norm ema_decay "
    "label_smoothing ohem_kept logit_adjustment"
).split()
SHARES = ("momentum", "norm_decay", "ema_decay", "label_smoothing", "ohem_kept")
SCORE_STRIDES = (2, 4, 8)
LOSS_STRIDES = (1, 2, 4, 8)  # each divides every crop, so that loss and label stay in step
FROZEN_NORMS = (None, "frontend", "all")
OPTIMISERS = ("sgd", "rmsprop", "adam", "adamw")


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not the data, the machine or the place of its output.

    height, width: of the crop, None = by the data. ignored: class names left out of the loss, None = the rows called
    Void or Unlabelled. schedule, power: of the learning rate (see learning_rate.Plan); frontend_rate: the frontend's
    rate over that of the rest. weight_decay acts on convolution kernels alone, of adamw beside the gradient, else as a
    part of it. clip_norm: largest global norm of the gradients. ema_decay: of the weights' moving average.
    class_weights: a formula of camvid-check, over the training labels; logit_adjustment: the share of their bias to
    rare classes that the scores are freed of again. ohem_kept: of the hard pixels, which alone count in the main loss,
    at least this share of all. loss_strides: the losses of main head, 1/16 and 1/32 head are taken at every n-th pixel.
    frozen_norms: batch norms that keep the statistics of the weights that a training begins with: those of the
    `frontend`, or `all`. aux_weight: of each auxiliary loss. score_stride: of the main head's class scores, 8 as in the
    paper, or finer; its loss has to be as fine.
    0 and None leave a thing out. ValueError names what cannot be.
    """

    name: str
    epochs: float = 150.0
    frontend: str = "xception39"
    augment: str = "base"
    height: Optional[int] = None
    width: Optional[int] = None
    ignored: Optional[Tuple[str, ...]] = None
    optimiser: str = "sgd"
    learning_rate: float = 0.05
    frontend_rate: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: str = "polynomial"
    power: float = 0.9
    warm_up: int = 50
    norm_decay: float = 0.9
    frozen_norms: Optional[str] = None
    clip_norm: float = 0.0
    ema_decay: float = 0.0
    label_smoothing: float = 0.0
    ohem_kept: float = 0.0
    class_weights: Optional[str] = None
    logit_adjustment: float = 0.0
    aux_weight: float = 1.0
    loss_strides: Tuple[int, int, int] = (2, 4, 4)
    score_stride: int = 8

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and 0 <= value < float("inf")
            self._require(name, number, "no number of 0 or more")
        self._require("epochs", self.epochs > 0, "not positive")
        for name in SHARES:
            self._require(name, getattr(self, name) < 1, "not below 1")
        self._require("schedule", self.schedule in SCHEDULES, "none of %s" % ", ".join(SCHEDULES))
        self._require("power", self.schedule != "exponential" or self.power > 0, "not positive")
        self._require("optimiser", self.optimiser in OPTIMISERS, "none of %s" % ", ".join(OPTIMISERS))
        for name in ("frontend", "augment"):
            self._require(name, isinstance(getattr(self, name), str), "no name")
        self._require("frozen_norms", self.frozen_norms in FROZEN_NORMS, "none of frontend, all")
        there = ", ".join(sorted(FORMULAS))
        self._require("class_weights", self.class_weights is None or self.class_weights in FORMULAS, "none of " + there)
        for name in ("height", "width", "warm_up"):
            whole = isinstance(getattr(self, name), int) or getattr(self, name) is None and name != "warm_up"
            self._require(name, whole, "no whole number")
        named = self.ignored is None or all(isinstance(name, str) for name in self.ignored)
        self._require("ignored", named, "no list of class names")
        strides = len(self.loss_strides) == 3 and all(stride in LOSS_STRIDES for stride in self.loss_strides)
        self._require("loss_strides", strides, "not three of %s" % ", ".join(map(str, LOSS_STRIDES)))
        whole = isinstance(self.score_stride, int) and self.score_stride in SCORE_STRIDES
        self._require("score_stride", whole, "none of %s" % ", ".join(map(str, SCORE_STRIDES)))
        seen = self.loss_strides[0] <= self.score_stride
        text = "coarser than the scores of stride %d, some of which it would never see"
        self._require("loss_strides", seen, text % self.score_stride)

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise ValueError("recipe %s: %s %r is %s" % (self.name, name, getattr(self, name), what))

    def document(self) -> Dict[str, Any]:
        """The recipe as JSON, in the form that `read` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# Of each: what it is for, what it costs, and what to expect of it. The README has figures, docs/results.md records.
#
# pretrained: the default where ImageNet weights are at hand. On SegNet's 367 frames of 360 x 480, 11 classes, a step of
#   8 takes 1.9 to 4 seconds of one core: 74 epochs ended at a mean IoU of 0.754 on val, 38 at 0.745, after 57 minutes.
#   python -m train --data_path camvid480.h5
# scratch: the default elsewhere; BiSeNet's own light frontend from nothing. 45 epochs ended at 0.533, with `base`,
#   after 65 minutes of one core.
#   python -m train --data_path camvid480.h5 --recipe scratch --augment base --train_epochs 45
# paper: the rates and full-size losses of Yu et al., BiSeNet, ECCV 2018 (decay 1e-4, power 0.9); 960 x 720 frames.
# modelzoo: what the model zoo's BiSeNet trains by, for comparison: Void is learned, crops of 800 x 800, 2000 epochs
#   (22 hours on an Ascend 910 there), a decay of 1e-5. Its own decay acts on the frontend alone.
# demo: what `make demo` trains in under three minutes on drawn frames of 144 x 192; no use for anything else.
RECIPES = {
    "pretrained": Recipe(
        "pretrained",
        epochs=74,
        frontend="efficientnet_lite0",
        augment="street",
        optimiser="adamw",
        learning_rate=4e-3,
        frontend_rate=0.15,
        weight_decay=0.05,
        warm_up=60,
        norm_decay=0.95,
        ema_decay=0.99,
        ohem_kept=0.1,
        class_weights="inverse_square_root",
        logit_adjustment=0.5,
        aux_weight=0.4,
        score_stride=2,
    ),
    "scratch": Recipe("scratch", augment="street"),
    "demo": Recipe("demo", epochs=50, augment="light", height=128, width=192, warm_up=20, loss_strides=(2, 4, 4)),
    "paper": Recipe("paper", epochs=600, learning_rate=0.025, weight_decay=1e-4, loss_strides=(1, 1, 1)),
    "modelzoo": Recipe(
        "modelzoo",
        epochs=2000,
        height=800,
        width=800,
        ignored=(),
        learning_rate=0.01,
        weight_decay=1e-5,
        warm_up=0,
        loss_strides=(1, 1, 1),
    ),
}
DEFAULT = "default"  # `pretrained` or `scratch`


def read(name_or_file: str) -> Recipe:
    """The recipe of that name, or in that JSON file; ValueError says what is wrong and what exists."""
    if name_or_file in RECIPES:
        return RECIPES[name_or_file]
    if not os.path.isfile(name_or_file):
        there = ", ".join(sorted([DEFAULT] + list(RECIPES)))
        raise ValueError("no recipe '%s'; there are %s, or a JSON file" % (name_or_file, there))
    try:
        with open(name_or_file, encoding="utf-8") as handle:
            given = json.load(handle)
        return from_document(given, os.path.splitext(os.path.basename(name_or_file))[0])
    except (ValueError, TypeError) as error:
        raise ValueError("%s: %s" % (name_or_file, error)) from None


def from_document(given: Any, default_name: str = "own") -> Recipe:
    """The recipe of a JSON object, which leaves out what is as in `Recipe`; ValueError or TypeError: what is wrong."""
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
