"""The data digest: one sha256 over names, palette, decoded pixels and labels of a split."""

import hashlib

import numpy as np

from .classes import ClassTable


class DataDigest:
    """Fed frame by frame in the order of names; the same for a tree and a packed file of the same frames."""

    def __init__(self, table: ClassTable) -> None:
        self._whole = hashlib.sha256(table.digest().encode("ascii"))

    def add(self, name: str, image: np.ndarray, ids: np.ndarray) -> None:
        """Add one frame: image [H,W,3] and ids [H,W], uint8."""
        self.add_frame(frame_digest(name, image, ids))

    def add_frame(self, digest: bytes) -> None:
        """Add a frame by the digest that `frame_digest` gave, so that frames can be hashed in threads."""
        self._whole.update(digest)

    def hexdigest(self) -> str:
        """The digest of all frames added so far."""
        return self._whole.hexdigest()


def frame_digest(name: str, image: np.ndarray, ids: np.ndarray) -> bytes:
    """sha256 of one frame: name, size, pixels of image [H,W,3] and ids [H,W], uint8."""
    digest = hashlib.sha256(("%s\n%d %d\n" % ((name,) + ids.shape)).encode("utf-8", "surrogateescape"))
    digest.update(np.ascontiguousarray(image))
    digest.update(np.ascontiguousarray(ids))
    return digest.digest()
