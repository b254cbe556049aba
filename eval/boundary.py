"""Boundary IoU: how well outlines agree, where plain IoU sees little but the insides of large objects.

Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", CVPR 2021: the IoU of
the two bands of pixels that lie inside a mask and within d pixels of its outline, d being 2 % of the image's
diagonal. As in the authors' boundary-iou-api, the frame's edge is an outline and distance is the larger of
rows and columns.
"""

from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from .confusion import LEFT_OUT, check_ids

SHARE_OF_DIAGONAL = 0.02


def band_width(height: int, width: int) -> int:
    """d in pixels, at least 1, for frames of that size."""
    return max(1, int(round(SHARE_OF_DIAGONAL * float(np.hypot(height, width)))))


def boundary_counts(
    truth: np.ndarray, prediction: np.ndarray, classes: int, distance: Optional[int] = None
) -> Tuple[np.ndarray, np.ndarray]:
    """(intersection [K], union [K]) int64: pixels of the boundary bands of ids [H,W] uint8; sum over frames.

    Truth 255 is left out: such pixels neither count nor make an outline of what they touch, whatever was
    predicted there. Predicted ids of K and more are none of the classes. `distance` is d (1 or more), by
    default `band_width`. ValueError on ids of another shape or type, or 255 predicted for a true class.
    """
    check_ids(truth, prediction)
    scored = truth != LEFT_OUT
    if (prediction[scored] == LEFT_OUT).any():
        raise ValueError("prediction has the id 255, which is kept for pixels without truth")
    prediction = np.where(scored, prediction, np.uint8(LEFT_OUT))
    distance = band_width(*truth.shape) if distance is None else distance
    true_band = _band(truth, distance)
    predicted_band = _band(prediction, distance)
    shared = _count(truth, true_band & predicted_band & (truth == prediction), classes)
    return shared, _count(truth, true_band, classes) + _count(prediction, predicted_band, classes) - shared


def boundary_ious(
    intersection: np.ndarray, union: np.ndarray, present: Sequence[bool]
) -> Tuple[Tuple[Optional[float], ...], Optional[float]]:
    """(boundary IoU by class, their mean) of summed counts [K]; None for classes not `present` in truth (see
    metrics) or without any outline."""
    pairs = zip(intersection, union, present)
    by_class = tuple(int(i) / int(u) if shown and u else None for i, u, shown in pairs)
    known = [value for value in by_class if value is not None]
    return by_class, (sum(known) / len(known) if known else None)


def _band(ids: np.ndarray, distance: int) -> np.ndarray:
    """[H,W] bool: a pixel within `distance` has another id, or lies outside the frame.

    One minimum and one maximum filter do it for all classes at once: the mask of a pixel's own class survives
    erosion exactly where the window holds a single id. 255 is left out of both, being the largest to the
    minimum and, one up and wrapped to 0, the smallest to the maximum.
    """
    ids = np.ascontiguousarray(ids)
    square = np.ones((3, 3), np.uint8)
    lowest = cv2.erode(ids, square, iterations=distance) + np.uint8(1)
    highest = cv2.dilate(ids + np.uint8(1), square, iterations=distance)
    band = lowest != highest
    band[:distance] = band[-distance:] = True
    band[:, :distance] = band[:, -distance:] = True
    return band


def _count(ids: np.ndarray, chosen: np.ndarray, classes: int) -> np.ndarray:
    return np.bincount(ids[chosen], minlength=256)[:classes].astype(np.int64)
