"""camvid-check's report to look at: one HTML page that holds its own style and pictures and asks for nothing else."""

from .page import page

__all__ = ["page"]
