"""What pictures are drawn with: labels laid over frames, thumbnails, the legend's classes."""

import numpy as np
import pytest

import drawn
from camvid_tools import classes, drawing

TABLE = classes.camvid32()
COLOURS = TABLE.colour_array()
ROAD, VOID = TABLE.names.index("Road"), TABLE.names.index("Void")


def slow_overlay(image, ids, alpha):
    """Pixel by pixel, as the docstring says it."""
    made = np.empty_like(image)
    for y, x in np.ndindex(*ids.shape):
        if ids[y, x] >= len(COLOURS):
            made[y, x] = drawing.NO_CLASS_GREY
        else:
            made[y, x] = np.rint(image[y, x] * (1 - alpha) + COLOURS[ids[y, x]] * alpha)
    return made


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.5, 1.0])
def test_an_overlay_mixes_frame_and_colours_and_hides_what_has_no_class(alpha):
    image, ids = drawn.noise(1, 12, 20, 3), drawn.noise(2, 12, 20) % 32
    ids[3], ids[4] = 255, VOID
    made = drawing.overlay(image, ids, COLOURS, alpha)
    assert made.dtype == np.uint8 and np.abs(made.astype(int) - slow_overlay(image, ids, alpha)).max() <= 1
    assert (made[3] == drawing.NO_CLASS_GREY).all()


def test_an_overlay_leaves_its_frame_as_it_was():
    image, ids = drawn.noise(1, 8, 8, 3), drawn.noise(2, 8, 8)
    before = image.copy()
    drawing.overlay(image, ids, COLOURS)
    assert (image == before).all()


def test_the_grey_of_no_class_is_no_class_of_ours():
    for table in (TABLE, classes.segnet11()):
        assert drawing.NO_CLASS_GREY not in table.colours


@pytest.mark.parametrize("hw, width, expected", [((720, 960), 240, (180, 240)), ((48, 64), 160, (120, 160))])
def test_a_thumbnail_keeps_the_shape_and_the_mean(hw, width, expected):
    picture = np.repeat(np.linspace(0, 255, hw[1]).astype(np.uint8)[None, :, None].repeat(hw[0], 0), 3, 2)
    made = drawing.scaled(picture, width)
    assert made.shape == expected + (3,) and abs(made.mean() - picture.mean()) < 1


def test_a_legend_names_what_occurs_in_any_of_the_labels_by_id():
    first, second = np.full((2, 2), VOID, np.uint8), np.array([[255, ROAD]], np.uint8)
    items = drawing.legend_items((first, second), COLOURS, TABLE.names, "padding")
    assert items == [("Road", TABLE.colours[ROAD]), ("Void", TABLE.colours[VOID]), ("padding", drawing.NO_CLASS_GREY)]
    assert [name for name, _ in drawing.legend_items((first,), COLOURS, TABLE.names, "padding")] == ["Void"]
