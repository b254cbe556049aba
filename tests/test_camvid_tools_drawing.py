"""Drawing: overlays mix frame and class colours by weight, text stays inside its room, legends name what occurs."""

import numpy as np
import pytest

import drawn
from camvid_tools import drawing

COLOURS = np.array([(0, 0, 0), (200, 100, 50), (255, 255, 255)], np.uint8)


def slow_overlay(image, ids, alpha):
    out = np.empty_like(image)
    for y, x in np.ndindex(*ids.shape):
        colour = COLOURS[ids[y, x]] if ids[y, x] < len(COLOURS) else np.array((64, 64, 64))
        out[y, x] = np.rint((1 - alpha) * image[y, x] + alpha * colour)
    return out


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.5, 1.0])
def test_an_overlay_is_the_weighted_mean_of_frame_and_class_colour(alpha):
    image, ids = drawn.noise(1, 9, 13, 3), drawn.noise(2, 9, 13) % 4
    ids[ids == 3] = 255
    found = drawing.overlay(image, ids, COLOURS, alpha)
    assert found.dtype == np.uint8 and (found == slow_overlay(image, ids, alpha)).all()


def test_an_overlay_takes_views_and_leaves_them_as_they_were():
    image, ids = drawn.noise(1, 20, 20, 3), drawn.noise(2, 20, 20) % 3
    image.setflags(write=False)
    part = drawing.overlay(image[3:9, 4:12], ids[3:9, 4:12], COLOURS)
    assert (part == slow_overlay(image[3:9, 4:12], ids[3:9, 4:12], 0.5)).all()


def test_text_is_cut_to_its_room_and_short_text_is_left_alone():
    assert drawing.fit("Road", 200, 14) == "Road"
    cut = drawing.fit("a very long name of a class", 90, 14)
    assert cut.endswith("...") and drawing.length(cut, 14) <= 90


def test_the_legend_lists_the_ids_that_occur_and_one_line_for_all_without_a_class():
    names = ["Void", "Road", "Sky"]
    assert drawing.legend_items([1, 2], COLOURS, names) == [("Road", (200, 100, 50)), ("Sky", (255, 255, 255))]
    assert drawing.legend_items([0, 7, 255], COLOURS, names) == [("Void", (0, 0, 0)), ("left out", (64, 64, 64))]
    assert drawing.legend([("Road", (1, 2, 3))] * 5, 10, 14).shape == (5 * 22, 10, 3)
    assert drawing.legend([], 300, 14).shape == (0, 300, 3)
