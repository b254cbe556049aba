"""python -m eval --html: one or several evaluations to look at, on one page that asks for nothing else."""

from .page import page
from .scored import Frames, Scored

__all__ = ["Frames", "Scored", "page"]
