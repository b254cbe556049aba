"""One sample's pixels: a window of the source goes into its place in the batch, scaled, flipped and recoloured.

Flip and colour act on the smaller side of the resize. Both resizes sample at pixel centres, so image and label stay in
step. Sources are read and outputs written through views; nothing is copied that need not be.
"""

from typing import Tuple

import cv2
import numpy as np

from .draw import GAIN_ONE, Draws

PAD_COLOUR = (124, 116, 104)  # ImageNet's mean in RGB: what every normalisation sends to about zero
PAD_LABEL = 255

cv2.setNumThreads(0)  # threads run over batches; OpenCV's own pool would fight them


def padding(output_hw: Tuple[int, int]) -> np.ndarray:
    """[H,W,3] uint8 filled with the padding colour: the template that margins are copied from."""
    return np.full(tuple(output_hw) + (3,), PAD_COLOUR, np.uint8)


def apply(
    image: np.ndarray,
    label: np.ndarray,
    draws: Draws,
    index: int,
    image_out: np.ndarray,
    label_out: np.ndarray,
    template: np.ndarray,
) -> None:
    """Write sample `index` of `draws` from image [h,w,3] and label [h,w] into image_out [H,W,3] and label_out [H,W]."""
    y, x, height, width = draws.window[index].tolist()
    top, left, rows, columns = draws.place[index].tolist()
    if rows < template.shape[0] or columns < template.shape[1]:
        pad(image_out, label_out, template, (top, left, rows, columns))
    window_image, window_label = image[y : y + height, x : x + width], label[y : y + height, x : x + width]
    place_image = image_out[top : top + rows, left : left + columns]
    place_label = label_out[top : top + rows, left : left + columns]
    if height * width < rows * columns:
        window_image = recolour(window_image, draws, index)
        if draws.flip[index]:
            window_image, window_label = cv2.flip(window_image, 1), cv2.flip(window_label, 1)
        resize(window_image, window_label, place_image, place_label)
    elif draws.flip[index]:
        small_image = np.empty((rows, columns, 3), np.uint8)
        small_label = np.empty((rows, columns), np.uint8)
        resize(window_image, window_label, small_image, small_label)
        cv2.flip(recolour(small_image, draws, index), 1, dst=place_image)
        cv2.flip(small_label, 1, dst=place_label)
    else:
        resize(window_image, window_label, place_image, place_label)
        recolour(place_image, draws, index, place_image)


def resize(image: np.ndarray, label: np.ndarray, image_out: np.ndarray, label_out: np.ndarray) -> None:
    """Bilinear for the image, nearest at pixel centres for the label, both into the given arrays."""
    size = (label_out.shape[1], label_out.shape[0])
    cv2.resize(image, size, dst=image_out, interpolation=cv2.INTER_LINEAR)
    cv2.resize(label, size, dst=label_out, interpolation=cv2.INTER_NEAREST_EXACT)


def recolour(image: np.ndarray, draws: Draws, index: int, out: np.ndarray = None) -> np.ndarray:
    """Gain and bias of sample `index` on a uint8 image, rounded half to even and clipped; into `out` where given."""
    gain, bias = int(draws.gain[index]), int(draws.bias[index])
    if gain == GAIN_ONE and bias == 0:
        return image
    return cv2.addWeighted(image, gain / GAIN_ONE, image, 0.0, bias / GAIN_ONE, dst=out)


def pad(image: np.ndarray, label: np.ndarray, template: np.ndarray, place: Tuple[int, int, int, int]) -> None:
    """Fill everything outside `place` (y, x, height, width): the image from the template, the label with 255."""
    top, left, rows, columns = place
    bottom, right = top + rows, left + columns
    for part in (np.s_[:top], np.s_[bottom:], np.s_[top:bottom, :left], np.s_[top:bottom, right:]):
        image[part] = template[part]
        label[part] = PAD_LABEL
