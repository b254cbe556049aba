"""Transforms of albumentations, done to the window, driven by a sample's key.

Both its major versions draw from state that is shared; so a call seeds that state from the key, under one lock, and
puts Python's and numpy's own back. Pixels are promised for one version of the library only.
"""

import contextlib
import inspect
import os
import random
import threading
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

import numpy as np

from .padding import PAD_COLOUR, PAD_LABEL

_LOCK = threading.Lock()
_APART = 0x9E3779B9  # 2^32 / golden ratio
# What fills places that a transform uncovers, by its argument's name in either major version.
FILLS = {"fill": PAD_COLOUR, "value": PAD_COLOUR, "fill_mask": PAD_LABEL, "mask_value": PAD_LABEL}


class Steps:
    """A chain of transforms, made once. ValueError names a transform or argument that the library does not know.

    Places that a transform uncovers are padding, unless it is told otherwise: the padding's colour, and 255 in labels.
    """

    def __init__(self, wanted: Sequence[Mapping[str, Any]]) -> None:
        library = _library()
        self._compose = library.Compose([_made(library, step) for step in wanted])

    def __call__(self, image: np.ndarray, label: np.ndarray, key: int) -> Tuple[np.ndarray, np.ndarray]:
        """image [h,w,3] and label [h,w] uint8 -> the same transformed, perhaps of another size; ValueError where they
        come to no such picture."""
        image, label = np.ascontiguousarray(image), np.ascontiguousarray(label)
        try:
            with _LOCK, _seeded(self._compose, key):
                made = self._compose(image=image, mask=label)
        except Exception as error:
            raise ValueError("albumentations: %s" % " ".join(str(error).split())) from None
        image, label = made["image"], made["mask"]
        if image.dtype != np.uint8 or image.shape != label.shape + (3,):
            raise ValueError("albumentations made %s of %s from a uint8 RGB picture" % (image.dtype, image.shape))
        return np.ascontiguousarray(image), np.ascontiguousarray(label.astype(np.uint8, copy=False))


def _library() -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else it asks the network for its newest release
    try:
        import albumentations  # seconds, so only where it is asked for
    except ImportError as error:
        raise ValueError("albumentations cannot be imported (%s)" % error) from None
    return albumentations


def _made(library: Any, step: Mapping[str, Any]) -> Any:
    arguments = {key: tuple(v) if isinstance(v, list) else v for key, v in step.items() if key != "transform"}
    kind = getattr(library, step["transform"], None)
    if not isinstance(kind, type) or not issubclass(kind, library.BasicTransform):
        raise ValueError("albumentations %s has no transform '%s'" % (library.__version__, step["transform"]))
    known = inspect.signature(kind.__init__).parameters
    unknown = sorted(set(arguments) - set(known))
    if unknown and not any(one.kind == one.VAR_KEYWORD for one in known.values()):
        raise ValueError("albumentations' %s has no argument '%s'" % (step["transform"], unknown[0]))
    try:
        return kind(**dict(_fills(library, kind, known), **arguments))
    except Exception as error:
        raise ValueError("albumentations' %s: %s" % (step["transform"], " ".join(str(error).split()))) from None


def _fills(library: Any, kind: type, known: Mapping[str, Any]) -> Dict[str, Any]:
    """Arguments by which a geometric transform fills what it uncovers with padding."""
    if not issubclass(kind, library.DualTransform):
        return {}
    second = library.__version__.startswith("2.")  # where None leaves a mask as it is; in the first it means 0
    return {
        name: fill for name, fill in FILLS.items() if name in known and not (second and known[name].default is None)
    }


@contextlib.contextmanager
def _seeded(compose: Any, key: int) -> Iterator[None]:
    """Python's, numpy's and the chain's own generators as functions of the key, within the block."""
    held = random.getstate(), np.random.get_state()
    try:
        random.seed(key)
        np.random.seed(key % 2**32)
        if hasattr(compose, "set_random_seed"):  # its second major version has generators of its own
            compose.set_random_seed(key % 2**32)
            for place, transform in enumerate(compose.transforms):  # one seed for all would make them draw alike
                transform.set_random_seed((key + (place + 1) * _APART) % 2**32)
        yield
    finally:
        random.setstate(held[0])
        np.random.set_state(held[1])
