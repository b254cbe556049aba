"""What lies around a picture that is smaller than the output: ImageNet's mean colour, and a label of 255."""

from typing import Tuple

import numpy as np

from .plan import Box

PAD_COLOUR = (124, 116, 104)  # ImageNet's mean in RGB: what every normalisation sends to about zero
PAD_LABEL = 255


def padding(output_hw: Tuple[int, int]) -> np.ndarray:
    """[H,W,3] uint8 filled with the padding colour: the template that margins are copied from."""
    return np.full(tuple(output_hw) + (3,), PAD_COLOUR, np.uint8)


def pad(image: np.ndarray, label: np.ndarray, template: np.ndarray, place: Box) -> None:
    """Fill everything outside `place` (y, x, height, width): the image from the template, the label with 255."""
    top, left, rows, columns = place
    bottom, right = top + rows, left + columns
    height, width = label.shape
    if top:
        _fill(image, label, template, np.s_[:top])
    if bottom < height:
        _fill(image, label, template, np.s_[bottom:])
    if left:
        _fill(image, label, template, np.s_[top:bottom, :left])
    if right < width:
        _fill(image, label, template, np.s_[top:bottom, right:])


def _fill(image: np.ndarray, label: np.ndarray, template: np.ndarray, part) -> None:
    image[part] = template[part]
    label[part] = PAD_LABEL
