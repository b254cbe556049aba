"""One sample's pixels: a window of the source goes into its place in the batch, scaled, flipped and recoloured.

The window is copied first, in one sweep through the source, since what jumps about in it (a resize, a mirror) waits for
memory; all else then happens in the cache. Flip and colour act on the smaller side of the resize. Both resizes sample
at pixel centres, so image and label stay in step.
"""

from typing import Tuple

import cv2
import numpy as np

from . import effects, warp
from .padding import pad, padding_row
from .plan import Plan

cv2.setNumThreads(0)  # threads run over batches; OpenCV's own pool would fight them


class Room:
    """Memory for an image and its label that is used again and grows as needed."""

    def __init__(self) -> None:
        self._image = self._label = np.empty(0, np.uint8)

    def take(self, rows: int, columns: int) -> Tuple[np.ndarray, np.ndarray]:
        """Contiguous arrays of any content for an image [rows,columns,3] and a label [rows,columns]."""
        pixels = rows * columns
        if pixels > len(self._label):
            self._image, self._label = np.empty(3 * pixels, np.uint8), np.empty(pixels, np.uint8)
        return self._image[: 3 * pixels].reshape(rows, columns, 3), self._label[:pixels].reshape(rows, columns)


class Workspace:
    """What one thread needs to make samples of [H,W]: padding to copy from, and room before and after the resize."""

    def __init__(self, output_hw: Tuple[int, int]) -> None:
        self.padding = padding_row(output_hw[1])
        self.before, self.after = Room(), Room()


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
            _changed_first(*window, plan, place_image, place_label, work)
        else:
            _resized_first(*window, plan, place_image, place_label, work)
    if plan.effects is not None:
        effects.apply(image_out, place_image, label_out, plan.effects)


def _changed_first(
    image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray, work: Workspace
) -> None:
    here_image, here_label = work.before.take(*label.shape)
    copy(image, here_image)
    if plan.flip:
        copy(label, here_label)
        flip(here_image, here_label)
        label = here_label
    if plan.colour is not None:
        plan.colour.change(here_image)
    resize(here_image, label, image_out, label_out)


def _resized_first(
    image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray, work: Workspace
) -> None:
    here_image, here_label = work.before.take(*label.shape)
    copy(image, here_image)
    copy(label, here_label)
    if not plan.flip and plan.colour is None:
        resize(here_image, here_label, image_out, label_out)
        return
    small_image, _ = work.after.take(*label_out.shape)
    resize(here_image, here_label, small_image, label_out)
    if plan.colour is not None:
        plan.colour.change(small_image)
    if plan.flip:
        flip(small_image, label_out)
    copy(small_image, image_out)


def _turned(
    image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray, work: Workspace
) -> None:
    small_image, _ = work.after.take(*label_out.shape)
    warp.warp(image, label, plan, small_image, label_out)
    if plan.colour is not None:
        plan.colour.change(small_image)
    copy(small_image, image_out)


def copy(pixels: np.ndarray, out: np.ndarray) -> None:
    """numpy's: row by row, as memory likes it."""
    np.copyto(out, pixels)


def flip(image: np.ndarray, label: np.ndarray) -> None:
    """Mirror both in place."""
    cv2.flip(image, 1, dst=image)
    cv2.flip(label, 1, dst=label)


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
