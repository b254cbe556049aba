"""One sample's pixels: a window of the source goes into its place in the batch, scaled, flipped and recoloured.

Flip and colour act on the smaller side of the resize. Both resizes sample at pixel centres, so image and label stay in
step. Sources are read and outputs written through views; what lies between stays in a workspace that fits the cache.
"""

from typing import Tuple

import cv2
import numpy as np

from . import effects, warp
from .padding import pad, padding_row
from .plan import Plan

cv2.setNumThreads(0)  # threads run over batches; OpenCV's own pool would fight them


class Workspace:
    """What one thread needs to make samples of [H,W]: padding to copy from, and room for what is in between."""

    def __init__(self, output_hw: Tuple[int, int]) -> None:
        height, width = output_hw
        self.padding = padding_row(width)
        self._image, self._label = np.empty(height * width * 3, np.uint8), np.empty(height * width, np.uint8)

    def take(self, rows: int, columns: int) -> Tuple[np.ndarray, np.ndarray]:
        """Contiguous room for an image [rows,columns,3] and a label [rows,columns], no larger than the output."""
        pixels = rows * columns
        return self._image[: 3 * pixels].reshape(rows, columns, 3), self._label[:pixels].reshape(rows, columns)


def apply(
    image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray, work: Workspace
) -> None:
    """Write a sample from image [h,w,3] and label [h,w] into image_out [H,W,3] and label_out [H,W], all uint8."""
    top, left, rows, columns = plan.place
    place_image, place_label = image_out, label_out
    if (rows, columns) != label_out.shape:
        pad(image_out, label_out, work.padding, plan.place)
        place_image = image_out[top : top + rows, left : left + columns]
        place_label = label_out[top : top + rows, left : left + columns]
    if plan.angle:
        _turned(image, label, plan, place_image, place_label, work)
    else:
        y, x, height, width = plan.window
        window = image[y : y + height, x : x + width], label[y : y + height, x : x + width]
        if height * width < rows * columns:
            resize(*_changed(*window, plan, work), place_image, place_label)
        else:
            _resized_first(*window, plan, place_image, place_label, work)
    if plan.effects is not None:
        effects.apply(image_out, place_image, label_out, plan.effects)


def _changed(image: np.ndarray, label: np.ndarray, plan: Plan, work: Workspace) -> Tuple[np.ndarray, np.ndarray]:
    """A window flipped and recoloured in the workspace; itself where it needs neither."""
    if not plan.flip and plan.colour is None:
        return image, label
    small_image, small_label = work.take(*label.shape)
    put(image, label, plan.flip, small_image, small_label)
    if plan.colour is not None:
        plan.colour.change(small_image)
    return small_image, small_label if plan.flip else label


def _resized_first(
    image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray, work: Workspace
) -> None:
    if not plan.flip and plan.colour is None:
        resize(image, label, image_out, label_out)
        return
    small_image, small_label = work.take(*label_out.shape)
    resize(image, label, small_image, small_label if plan.flip else label_out)
    if plan.colour is not None:
        plan.colour.change(small_image)
    put(small_image, small_label, plan.flip, image_out, label_out)


def _turned(
    image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray, work: Workspace
) -> None:
    small_image, _ = work.take(*label_out.shape)
    warp.warp(image, label, plan, small_image, label_out)
    if plan.colour is not None:
        plan.colour.change(small_image)
    np.copyto(image_out, small_image)


def put(image: np.ndarray, label: np.ndarray, flip: bool, image_out: np.ndarray, label_out: np.ndarray) -> None:
    """Copy an image; or both, mirrored: the label need not move otherwise."""
    if flip:
        cv2.flip(image, 1, dst=image_out)
        cv2.flip(label, 1, dst=label_out)
    else:
        np.copyto(image_out, image)


def resize(image: np.ndarray, label: np.ndarray, image_out: np.ndarray, label_out: np.ndarray) -> None:
    """Both into the given arrays."""
    size = (label_out.shape[1], label_out.shape[0])
    resize_image(image, image_out, size)
    resize_label(label, label_out, size)


def resize_image(image: np.ndarray, out: np.ndarray, size: Tuple[int, int]) -> None:
    """Bilinear, to `size` (width, height)."""
    cv2.resize(image, size, dst=out, interpolation=cv2.INTER_LINEAR)


def resize_label(label: np.ndarray, out: np.ndarray, size: Tuple[int, int]) -> None:
    """Nearest at pixel centres, to `size` (width, height)."""
    cv2.resize(label, size, dst=out, interpolation=cv2.INTER_NEAREST_EXACT)
