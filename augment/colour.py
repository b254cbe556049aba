"""Saturation and hue, with contrast and brightness, as one 3 x 4 matrix on RGB."""

from typing import NamedTuple

import cv2
import numpy as np

from .draw import GAIN_ONE

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
# NTSC's YIQ: hue is the angle in its second and third rows.
YIQ = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])


class Matrix(NamedTuple):
    """[3,4] float32: colour' = matrix[:, :3] @ colour + matrix[:, 3], rounded and clipped."""

    matrix: np.ndarray

    def change(self, pixels: np.ndarray) -> None:
        """Recolour uint8 RGB `pixels` [H,W,3] in place."""
        cv2.transform(pixels, self.matrix, dst=pixels)


def matrix(saturation: float, hue: float, gain: int, bias: int) -> Matrix:
    """Saturation about each pixel's grey, then hue turned by degrees at the same luma, then gain and bias in 1/256."""
    grey = np.ones((3, 1)) * LUMA
    saturated = grey + saturation * (np.eye(3) - grey)
    turn = np.eye(3)
    turn[1:, 1:] = _rotation(hue)
    turned = np.linalg.inv(YIQ) @ turn @ YIQ
    whole = gain / GAIN_ONE * (turned @ saturated)
    return Matrix(np.column_stack([whole, np.full(3, bias / GAIN_ONE)]).astype(np.float32))


def _rotation(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
