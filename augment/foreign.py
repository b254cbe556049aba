"""Transforms of albumentations, done to the window, driven by a sample's key.

Both its major versions draw from state that is shared; so a call seeds that state from the key, under one lock, and
puts Python's and numpy's own back. Pixels are promised for one version of the library only.
"""

import contextlib
import random
import threading
from typing import Any, Iterator, Mapping, Sequence, Tuple

import numpy as np

_LOCK = threading.Lock()


class Steps:
    """A chain of transforms, made once. ValueError names a transform or argument that the library does not know."""

    def __init__(self, wanted: Sequence[Mapping[str, Any]]) -> None:
        import albumentations  # seconds, so only where it is asked for

        self._compose = albumentations.Compose([_made(albumentations, step) for step in wanted])

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


def _made(library: Any, step: Mapping[str, Any]) -> Any:
    arguments = {key: tuple(v) if isinstance(v, list) else v for key, v in step.items() if key != "transform"}
    made = getattr(library, step["transform"], None)
    if not isinstance(made, type) or not issubclass(made, library.BasicTransform):
        raise ValueError("albumentations %s has no transform '%s'" % (library.__version__, step["transform"]))
    try:
        return made(**arguments)
    except Exception as error:
        raise ValueError("albumentations' %s: %s" % (step["transform"], " ".join(str(error).split()))) from None


@contextlib.contextmanager
def _seeded(compose: Any, key: int) -> Iterator[None]:
    """Python's, numpy's and the chain's own generators as functions of the key, within the block."""
    held = random.getstate(), np.random.get_state()
    try:
        random.seed(key)
        np.random.seed(key % 2**32)
        if hasattr(compose, "set_random_seed"):  # its second major version has generators of its own
            compose.set_random_seed(key % 2**32)
        yield
    finally:
        random.setstate(held[0])
        np.random.set_state(held[1])
