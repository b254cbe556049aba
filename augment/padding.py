"""What lies around a picture that is smaller than the output: ImageNet's mean colour, and a label of 255."""

import numpy as np

from .plan import Box

PAD_COLOUR = (124, 116, 104)  # ImageNet's mean in RGB: what every normalisation sends to about zero
PAD_LABEL = 255


def padding_row(width: int) -> np.ndarray:
    """[1,W,3] uint8 of the padding colour, to copy margins from: filling them with a tuple costs a hundred times it."""
    return np.full((1, width, 3), PAD_COLOUR, np.uint8)


def pad(image: np.ndarray, label: np.ndarray, row: np.ndarray, place: Box) -> None:
    """Fill everything outside `place` (y, x, height, width): the image from a padding row, the label with 255."""
    top, left, rows, columns = place
    bottom, right = top + rows, left + columns
    height, width = label.shape
    if top:
        image[:top], label[:top] = row, PAD_LABEL
    if bottom < height:
        image[bottom:], label[bottom:] = row, PAD_LABEL
    if left:
        image[top:bottom, :left], label[top:bottom, :left] = row[:, :left], PAD_LABEL
    if right < width:
        image[top:bottom, right:], label[top:bottom, right:] = row[:, right:], PAD_LABEL
