"""Scale, turn and flip in one step, for samples that are turned: the frame is sampled, not the window alone."""

import math

import cv2
import numpy as np

from .padding import PAD_COLOUR, PAD_LABEL
from .plan import Plan


def warp(image: np.ndarray, label: np.ndarray, plan: Plan, image_out: np.ndarray, label_out: np.ndarray) -> None:
    """Fill image_out [rows,columns,3] and label_out [rows,columns] from a frame; beyond it lies padding,
    which is coloured with the rest.

    The window's centre stays in the centre and corners show what lies around it. Bilinear and nearest at pixel
    centres, at coordinates that OpenCV rounds to 1/32 pixel.
    """
    matrix, size = affine(plan), (label_out.shape[1], label_out.shape[0])
    linear, nearest = (flag | cv2.WARP_INVERSE_MAP for flag in (cv2.INTER_LINEAR, cv2.INTER_NEAREST))
    cv2.warpAffine(image, matrix, size, dst=image_out, flags=linear, borderValue=PAD_COLOUR)
    cv2.warpAffine(label, matrix, size, dst=label_out, flags=nearest, borderValue=PAD_LABEL)


def affine(plan: Plan) -> np.ndarray:
    """[2,3] float64: (x, y) of a pixel of the place -> (x, y) in the frame, both counted from pixel centres."""
    y, x, height, width = plan.window
    rows, columns = plan.place[2:]
    angle, mirror = math.radians(plan.angle), -1.0 if plan.flip else 1.0
    step_x, step_y = width / columns, height / rows
    linear = np.array(
        [
            [step_x * math.cos(angle) * mirror, -step_x * math.sin(angle)],
            [step_y * math.sin(angle) * mirror, step_y * math.cos(angle)],
        ]
    )
    middle = np.array([x + width / 2 - 0.5, y + height / 2 - 0.5])
    return np.column_stack([linear, middle - linear @ np.array([columns / 2 - 0.5, rows / 2 - 0.5])])
