"""From a weight file of elsewhere to values for the variables of a frontend, with an account of everything in it."""

import hashlib
import os
import re
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from .. import frontends
from . import forms
from .families import OF_FRONTEND, OWN, REFUSED, Family

SCOPE = "frontend/"
COUNTERS = "num_batches_tracked"  # PyTorch's norms count their batches


class Loaded(NamedTuple):
    """values: by variable name, float32; left_over: keys of the file that nothing asked for; sha256: of the file."""

    values: Dict[str, np.ndarray]
    left_over: Tuple[str, ...]
    family: str
    sha256: str


def load(path: str, frontend: str, shapes: Mapping[str, Sequence[int]]) -> Loaded:
    """Values for all variables `shapes` (name -> shape) of that frontend; `path` is a file or a checkpoint's prefix.
    ValueError if it is damaged or of another network, with the first variable that it lacks or has in another shape."""
    tensors = forms.read(path)
    family = _family(tensors, frontend)
    keys = {name: family.key(name[len(SCOPE) :]) for name in shapes}
    lacking = [key for key in keys.values() if key not in tensors]
    if lacking:
        text = "has no %s: %d of the %d tensors that %s needs are missing, these are weights of another network"
        raise ValueError(text % (lacking[0], len(lacking), len(keys), frontend))
    left_over = sorted(set(tensors) - set(keys.values()))
    used = set(keys.values())  # an optimiser's slots are called as the variable they are of, and a word
    own = [key for key in left_over if not key.endswith(COUNTERS) and key.rpartition("/")[0] not in used]
    further = [key for key in own if re.fullmatch(family.layers, key)]
    if further:
        raise ValueError(
            "has %s, for which %s has no place: these are weights of a larger network" % (further[0], frontend)
        )
    values = {name: _ours(tensors[key], name, family) for name, key in keys.items()}
    for name, value in values.items():
        if list(value.shape) != list(shapes[name]):
            text = "%s has shape %s, %s needs %s: these are weights of another network"
            raise ValueError(text % (keys[name], value.shape, frontend, tuple(shapes[name])))
        if name.endswith("/moving_variance") and value.min() < 0:
            raise ValueError("%s is negative, a variance is not" % keys[name])
    _adapt(values, family, frontends.get(frontend))
    values = {name: np.ascontiguousarray(value, np.float32) for name, value in values.items()}
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise ValueError("%s is not finite" % keys[name])
    return Loaded(values, tuple(left_over), family.name, digest_of(path))


def _family(tensors: forms.Tensors, frontend: str) -> Family:
    """Whose file it is, if it is for this frontend; ValueError says whose else."""
    fitting = OF_FRONTEND.get(frontend, []) + [OWN]
    for family in fitting:
        if family.sign in tensors:
            return family
    wanted = "; %s takes those of %s" % (frontend, " or ".join(family.name for family in fitting))
    others = [family.name for families in OF_FRONTEND.values() for family in families if family.sign in tensors]
    if others:
        raise ValueError("holds weights of another network, %s" % others[0] + wanted)
    for pattern, reason in REFUSED:
        if any(re.fullmatch(pattern, key) for key in tensors):
            raise ValueError("holds weights that fit no network here: " + reason + wanted)
    raise ValueError("holds weights of no known origin (%s)" % forms.described(tensors) + wanted)


def _ours(value: np.ndarray, name: str, family: Family) -> np.ndarray:
    if name.endswith("/kernel"):
        value = family.form.laid_out(value, name.endswith("depthwise/kernel"))
    return value


def _adapt(values: Dict[str, np.ndarray], family: Family, frontend: frontends.Frontend) -> None:
    """Make up for another normalisation of the pictures, in the first convolution, and for another epsilon, in the
    norms' gains: inference is the same, but for the border of the first map."""
    if family.epsilon is not None:
        for name in [name for name in values if name.endswith("/gamma")]:
            variance = values[name[: -len("gamma")] + "moving_variance"].astype(np.float64)
            values[name] = values[name] * np.sqrt((variance + frontend.epsilon) / (variance + family.epsilon))
    if family.pictures is None or family.pictures == (frontend.mean, frontend.std):
        return
    (mean, std), kernel = np.array(family.pictures), values[SCOPE + "stem/kernel"]
    shift = (np.array(frontend.mean) - mean) / std
    moved = (kernel * shift[:, None]).sum(axis=(0, 1, 2))
    values[SCOPE + "stem/kernel"] = kernel * (np.array(frontend.std) / std)[:, None]
    if SCOPE + "stem/bias" in values:
        values[SCOPE + "stem/bias"] = values[SCOPE + "stem/bias"] + moved
    else:
        values[SCOPE + "stem/moving_mean"] = values[SCOPE + "stem/moving_mean"] - moved


def digest_of(path: str, kind: str = "sha256") -> str:
    """The digest of a file, or of all files of a checkpoint in order of name; kind: one of hashlib's names."""
    digest = hashlib.new(kind)
    for part in _files_of(path):
        with open(part, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()


def _files_of(path: str) -> List[str]:
    """The file itself, or the files of a checkpoint by its prefix."""
    if os.path.isfile(path):
        return [path]
    folder, prefix = os.path.split(path)
    names = sorted(os.listdir(folder or "."))
    return [os.path.join(folder, n) for n in names if re.fullmatch(re.escape(prefix) + r"\.(index|data-.*)", n)]
