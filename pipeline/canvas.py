"""A picture on a canvas of the size that a network takes."""

import numpy as np

from augment import padding

COLOUR = padding.PAD_COLOUR


def padded(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """image [h,w,3] uint8 -> [height,width,3] uint8, below and to the right of it the colour that evaluation pads
    with."""
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = padding.padding_row(width)
    canvas[: image.shape[0], : image.shape[1]] = image
    return canvas
