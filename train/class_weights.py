"""Class weights of the loss: by formula over the training labels, or from a JSON file of names, which the statistics
file of camvid-check is one of."""

import json
import os
from typing import Any, Dict, Optional, Sequence, Tuple, Union

from camvid_tools.checks import weights
from camvid_tools.classes import ClassTable
from camvid_tools.errors import ToolkitError

NONE = "none"
NAMES = [NONE] + sorted(weights.FORMULAS)  # what is no file
DEFAULT_FORMULA = "median_frequency"
FORM = (
    '{"Road": 0.5, ...}, or the file of camvid-check --statistics, as FILE or FILE:FORMULA; or none, or one of '
    + ", ".join(sorted(weights.FORMULAS))
)


def resolve(given: Union[None, str, Sequence[float]], source: Any) -> Optional[Tuple[float, ...]]:
    """Weights in the order of ids from a formula's name, FILE, FILE:FORMULA or, of a resumed run, themselves; None for
    None and `none`."""
    if given is None or given == NONE:
        return None
    if not isinstance(given, str):
        return tuple(given)
    return by_formula(given, source) if given in weights.FORMULAS else read(given, source.classes)


def read(given: str, classes: ClassTable) -> Tuple[float, ...]:
    """Weights in the order of ids from FILE or FILE:FORMULA; classes that are not named weigh 1."""
    path, formula = parts(given)
    try:
        with open(path, encoding="utf-8") as handle:
            held = json.load(handle)
        named = {str(name): float(weight) for name, weight in _weights(held, path, formula).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ToolkitError("no class weights (%s)" % error, where=path, remedy="expected " + FORM) from None
    wrong = [name for name in named if name not in classes.names or not 0 <= named[name] < float("inf")]
    if wrong:
        raise ToolkitError("no class of the data, or no weight: %s" % wrong[0], where=path)
    return tuple(named.get(name, 1.0) for name in classes.names)


def by_formula(formula: str, source: Any) -> Tuple[float, ...]:
    """Weights in the order of ids by one of camvid-check's formulas, over the labels of `source`; Void weighs 1."""
    counts = source.label_counts()
    pixels, whole = counts.sum(axis=0), ((counts > 0) * counts.sum(axis=1, keepdims=True)).sum(axis=0)
    size = len(source.classes)
    named = weights.all_weights(source.classes, pixels[:size], whole[:size])[formula]
    return tuple(named.get(name, 1.0) for name in source.classes.names)


def parts(given: str) -> Tuple[str, Optional[str]]:
    """`FILE` -> (FILE, None), `FILE:FORMULA` -> (FILE, FORMULA); a file that has a colon in its name is a file."""
    path, colon, formula = given.rpartition(":")
    return (path, formula) if colon and os.path.exists(path) and not os.path.exists(given) else (given, None)


def _weights(held: Any, path: str, formula: Optional[str]) -> Dict[str, Any]:
    """The name -> weight part of a file."""
    if not isinstance(held, dict) or not isinstance(held.get("weights"), dict):
        if formula is not None:
            raise ToolkitError("has no formulas to choose from", where=path, remedy="expected " + FORM)
        return held
    formulas = held["weights"]
    if (formula or DEFAULT_FORMULA) not in formulas:
        if not formulas:
            remedy = "run camvid-check --statistics on a set that has training frames"
            raise ToolkitError("has no class weights: no frame was for training", where=path, remedy=remedy)
        remedy = "it has " + ", ".join(sorted(formulas))
        raise ToolkitError("no class weights '%s'" % (formula or DEFAULT_FORMULA), where=path, remedy=remedy)
    return formulas[formula or DEFAULT_FORMULA]
