"""Pictures as figures of the page: a picture keeps its shape, a mark lies over it as a drawing of its own."""

from typing import Sequence

from . import markup
from .pictures import SMALL, Box, Picture

RING = 0.05  # a ring's radius as a part of the picture's longer side


def figure(picture: Picture) -> str:
    """A picture with its mark and caption; a grey field where there is none."""
    caption = "<figcaption>%s</figcaption>" % markup.text(picture.caption) if picture.caption else ""
    return "<figure>%s%s</figure>" % (_shot(picture), caption)


def _shot(picture: Picture) -> str:
    width, height = picture.size
    # The shape is known before the picture is decoded, so that nothing jumps.
    shape = 'style="--shape:%.6g"' % (width / height)
    if picture.uri is None:
        return '<div class="shot none" %s><span>cannot be shown</span></div>' % shape
    kind = "shot fine" if max(width, height) <= SMALL else "shot"
    image = '<img src="%s" alt="%s">' % (picture.uri, markup.text(picture.alt))
    return '<div class="%s" %s>%s%s</div>' % (kind, shape, image, _mark(picture) if picture.mark else "")


def _mark(picture: Picture) -> str:
    """A ring around one pixel or a box around several, dark below and bright above so that it is seen on anything."""
    size, mark = picture.size, picture.mark
    shape = _box(mark) if mark[2:] != (1, 1) or max(size) <= SMALL else _ring(mark, size)
    lines = shape.replace("/>", ' class="under"/>') + shape.replace("/>", ' class="over"/>')
    return '<svg class="mark" viewBox="0 0 %d %d" aria-hidden="true">%s</svg>' % (size[0], size[1], lines)


def _box(mark: Box) -> str:
    return '<rect x="%d" y="%d" width="%d" height="%d"/>' % mark


def _ring(mark: Box, size: Sequence[int]) -> str:
    return '<circle cx="%g" cy="%g" r="%g"/>' % (mark[0] + 0.5, mark[1] + 0.5, max(2.0, RING * max(size)))
