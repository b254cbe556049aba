"""Tiles of a long picture: together they decide every pixel once, each far from its own margins."""

from hypothesis import given
from hypothesis import strategies as st

from eval import tiles

MULTIPLE = 32


@given(st.integers(1, 5000), st.integers(1, 40))
def test_every_pixel_is_decided_once_by_a_tile_that_holds_it(length, blocks):
    tile = blocks * MULTIPLE
    spans = tiles.spans(length, tile, MULTIPLE)
    decided = [pixel for span in spans for pixel in range(span.first, span.last)]
    assert decided == list(range(length))
    assert all(span.start % MULTIPLE == 0 and span.start <= span.first for span in spans)
    assert all(span.last <= span.start + tile for span in spans)
    assert spans[-1].start + tile < max(length, tile) + MULTIPLE  # no tile beyond the picture


@given(st.integers(1, 5000), st.integers(4, 40))
def test_no_pixel_is_decided_close_to_a_margin_that_a_neighbour_sees_past(length, blocks):
    tile = blocks * MULTIPLE
    spans = tiles.spans(length, tile, MULTIPLE)
    for before, after in zip(spans, spans[1:]):
        shared = before.start + tile - after.start
        assert shared >= tile // 4
        assert min(before.start + tile - before.last, after.first - after.start) >= shared // 2


def test_a_picture_that_fits_is_one_tile():
    assert tiles.spans(64, 64, MULTIPLE) == [tiles.Span(0, 0, 64)]
    assert tiles.spans(50, 64, MULTIPLE) == [tiles.Span(0, 0, 50)]
    assert len(tiles.spans(65, 64, MULTIPLE)) == 2
