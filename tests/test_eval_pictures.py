"""Pictures: the panels hold the very pixels and colours, the legend the classes that occur, nothing else."""

import numpy as np
import pytest

from camvid_tools import classes
from eval import pictures

TABLE = classes.camvid32()
COLOURS = TABLE.colour_array()
ROAD, SKY, CAR, TREE = (TABLE.names.index(name) for name in ("Road", "Sky", "Car", "Tree"))
GREY = (64, 64, 64)


def frame(height, width):
    """A frame of smooth greys; truth Sky over Road, 255 in the last row; prediction has a Car, too."""
    ramp = np.linspace(40, 200, width).astype(np.uint8)
    image = np.repeat(np.repeat(ramp[None, :, None], height, 0), 3, 2)
    truth = np.full((height, width), SKY, np.uint8)
    truth[height // 2 :] = ROAD
    truth[-1] = 255
    prediction = truth.copy()
    prediction[-1] = ROAD
    prediction[-20:-10, 10:30] = CAR
    return image, truth, prediction


def side(image, truth, prediction, titles=("frame", "label", "prediction"), names=TABLE.names):
    return pictures.side_by_side(image, (truth, prediction), COLOURS, names, titles)


def has_block(picture, colour, size=8):
    """Whether a square of this colour is in the picture."""
    same = (picture == np.array(colour)).all(axis=2)
    sums = np.pad(same, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    return bool(
        (sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size] == size**2).any()
    )


def find(picture, panel):
    """(row, column) at which `panel` stands in the picture."""
    height, width = panel.shape[:2]
    corner = (picture == panel[0, 0]).all(axis=2)
    for row, column in zip(*np.nonzero(corner)):
        part = picture[row : row + height, column : column + width]
        if part.shape == panel.shape and (part == panel).all():
            return int(row), int(column)
    raise AssertionError("the panel is not in the picture")


@pytest.mark.parametrize("height, width, factor", [(144, 192, 2), (90, 120, 3), (360, 480, 1), (48, 64, 5)])
def test_panels_stand_beside_each_other_with_exact_colours(height, width, factor):
    image, truth, prediction = frame(height, width)
    picture = side(image, truth, prediction)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    palette = np.full((256, 3), GREY, np.uint8)
    palette[:32] = COLOURS
    label, seen = (palette[ids].repeat(factor, 0).repeat(factor, 1) for ids in (truth, prediction))
    (row, column), (other_row, other_column) = find(picture, label), find(picture, seen)
    assert row == other_row and other_column >= column + width * factor
    shown = picture[row : row + height * factor, : column - 1]
    assert abs(int(shown[:, 20:-20].mean()) - int(image.mean())) < 12  # the frame stands left of its label
    if factor == 1:
        assert find(picture, image) == (row, find(picture, image)[1])


def test_legend_has_the_classes_that_occur_and_no_others():
    image, truth, prediction = frame(144, 192)
    picture = side(image, truth, prediction)
    legend = picture[find(picture, COLOURS[prediction].repeat(2, 0).repeat(2, 1))[0] + 288 :]
    for there in (COLOURS[SKY], COLOURS[ROAD], COLOURS[CAR], GREY):  # the Car is in the prediction alone
        assert has_block(legend, there)
    assert not has_block(legend, COLOURS[TREE])
    truth[-1] = ROAD
    assert not has_block(side(image, truth, prediction), GREY)


def test_ids_without_a_colour_are_dark_grey():
    image, truth, prediction = frame(144, 192)
    prediction[:40] = 32  # none of the classes
    assert has_block(side(image, truth, prediction), GREY, size=80)


def test_long_titles_and_names_change_nothing_about_the_size():
    image, truth, prediction = frame(144, 192)
    short = side(image, truth, prediction)
    long = side(image, truth, prediction, titles=("a long name " * 20, "label", "prediction"))
    assert long.shape == short.shape and (long != short).any()
    names = ["a name that no legend has room for " * 10] * 32
    wide = side(image, truth, prediction, names=names)
    assert wide.shape[1] == short.shape[1]


def test_more_classes_get_more_rows_of_legend():
    image, truth, prediction = frame(96, 128)
    few = side(image, truth, prediction)
    truth[:32] = np.arange(32)[:, None]
    assert side(image, truth, prediction).shape[0] > few.shape[0]


def test_confusion_picture_tells_right_from_wrong_and_absent():
    counts = np.diag([90, 50, 0, 30])
    counts[1, 0] = 50
    picture = pictures.confusion_picture(counts, ["Road", "Sky", "Tree", "Car"])
    assert has_block(picture, pictures.RIGHT_BLUE)  # Road and Car: all right
    assert has_block(picture, pictures.ABSENT_GREY, size=40)
    assert not has_block(picture, pictures.WRONG_RED)
    counts[1] = [100, 0, 0, 0]
    assert has_block(pictures.confusion_picture(counts, ["Road", "Sky", "Tree", "Car"]), pictures.WRONG_RED)


def test_confusion_picture_shows_other_as_a_column_of_its_own():
    names = ["Road", "Sky"]
    without = pictures.confusion_picture(np.diag([9, 9]), names, other=[0, 0])
    with_other = pictures.confusion_picture(np.diag([9, 9]), names, other=[0, 3])
    assert with_other.shape[1] > without.shape[1]


@pytest.mark.parametrize("names", [["Road"], list(TABLE.names), ["a very long name of a class " * 9] * 3])
def test_confusion_picture_stays_of_a_size_to_look_at(names):
    picture = pictures.confusion_picture(np.eye(len(names), dtype=np.int64), names)
    assert picture.dtype == np.uint8 and max(picture.shape) < 1400
