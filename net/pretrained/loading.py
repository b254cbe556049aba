"""From a weight file of elsewhere to values for the variables of a frontend, with an account of everything in it."""

import hashlib
from typing import Dict, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from .. import frontends
from . import families, torch_file
from .families import Family

SCOPE = "frontend/"


class Loaded(NamedTuple):
    """values: by variable name, float32; left_over: keys of the file that nothing asked for; sha256: of the file."""

    values: Dict[str, np.ndarray]
    left_over: Tuple[str, ...]
    family: str
    sha256: str


def load(path: str, frontend: str, shapes: Mapping[str, Sequence[int]]) -> Loaded:
    """Values for all variables `shapes` (name -> shape) of that frontend; ValueError if the file is damaged or of
    another network, with the first variable that it lacks or has in another shape."""
    tensors = torch_file.read(path)
    family = _family(tensors, frontend)
    values, used = {}, set()
    for name, shape in shapes.items():
        key = family.key(name[len(SCOPE) :])
        if key not in tensors:
            raise ValueError("has no %s, which %s of %s needs: weights of another network" % (key, name, frontend))
        value = _ours(tensors[key], name, family)
        if list(value.shape) != list(shape):
            raise ValueError("%s has shape %s, %s needs %s" % (key, value.shape, frontend, tuple(shape)))
        values[name] = np.ascontiguousarray(value, np.float32)
        used.add(key)
    return Loaded(values, tuple(sorted(set(tensors) - used)), family.name, _sha256(path))


def _family(tensors: Mapping[str, np.ndarray], frontend: str) -> Family:
    frontends.get(frontend)
    for family in families.FAMILIES:
        if family.sign in tensors:
            return family
    raise ValueError("is of no known origin; its first key is %s" % min(tensors))


def _ours(value: np.ndarray, name: str, family: Family) -> np.ndarray:
    if not name.endswith("/kernel"):
        return value
    return family.form.laid_out(value, name.endswith("depthwise/kernel"))


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
