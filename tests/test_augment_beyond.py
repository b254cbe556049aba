"""Augmentations beyond `base`, each against a plain reference or its documented distribution."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drawn
from augment import apply, choice, colour, draw, effects, padding, plan, warp
from augment.augmentation import NAMED, Augmentation

HW = (64, 96)
NO_EFFECTS = plan.Effects(0.0, 0.0, 0, 0, (0, 0, 0, 0))


def drawn_for(chosen, count=1, size=HW, output=HW, seed=0):
    sizes = np.array([size] * count)
    return draw.draw(chosen, seed, np.zeros(count, int), np.arange(count), sizes, output)


def made(image, label, one, output=HW):
    image_out, label_out = np.full(output + (3,), 7, np.uint8), np.full(output, 7, np.uint8)
    apply.apply(image, label, one, image_out, label_out, apply.Workspace(output))
    return image_out, label_out


def smooth(height=64, width=96):
    """A picture without edges, so that a 1/32 pixel is far below a grey level's step."""
    y, x = np.mgrid[:height, :width]
    planes = [127 + 100 * np.sin(x / 17.0 + k) * np.cos(y / 13.0 - k) for k in range(3)]
    return np.rint(np.stack(planes, axis=-1)).astype(np.uint8)


def test_what_one_augmentation_adds_leaves_all_other_draws_as_they_were():
    whole, base = drawn_for(NAMED["strong"], 50), drawn_for(NAMED["base"], 50)
    for field in ("window", "place", "flip"):
        assert np.array_equal(getattr(whole, field), getattr(base, field))
    without = Augmentation(**dict(NAMED["strong"].document(), blur=0.0, cutout=0.0))
    for field in ("noise", "quality", "angle", "saturation", "hue"):
        assert np.array_equal(getattr(whole.more, field), getattr(drawn_for(without, 50).more, field))


def test_draws_beyond_base_have_the_distributions_that_are_documented():
    more = drawn_for(NAMED["strong"], 4000, output=(400, 600)).more
    for values, low, high in ((more.saturation, 0.5, 1.5), (more.hue, -15, 15), (more.angle, -5, 5)):
        assert abs(np.quantile(values, [0, 0.5, 1]) - [low, (low + high) / 2, high]).max() < 0.03 * (high - low)
    for values, low, high in ((more.blur, 0.5, 2), (more.noise, 2, 10), (more.quality, 40, 95)):
        assert abs((values > 0).mean() - 0.2) < 0.03
        assert abs(np.quantile(values[values > 0], [0, 0.5, 1]) - [low, (low + high) / 2, high]).max() < 0.07 * high
    cut = more.cutout[(more.cutout[:, 2:] > 0).all(axis=1)]
    assert abs(len(cut) / 4000 - 0.2) < 0.03
    assert 30 <= cut[:, 2].max() <= 160 and 200 <= cut[:, 3].max() <= 240
    assert (cut[:, :2] >= 0).all() and (cut[:, :2] + cut[:, 2:] <= (400, 600)).all()


# colour


def slow_colour(pixel, saturation, hue, gain, bias):
    """One RGB pixel by the words of the documentation: saturation about its grey, hue as an angle of YIQ."""
    r, g, b = (float(value) for value in pixel)
    grey = 0.299 * r + 0.587 * g + 0.114 * b
    r, g, b = (grey + saturation * (value - grey) for value in (r, g, b))
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    i = 0.595716 * r - 0.274453 * g - 0.321263 * b
    q = 0.211456 * r - 0.522591 * g + 0.311135 * b
    turn = math.radians(hue)
    i, q = i * math.cos(turn) - q * math.sin(turn), i * math.sin(turn) + q * math.cos(turn)
    back = (luma + 0.9563 * i + 0.6210 * q, luma - 0.2721 * i - 0.6474 * q, luma - 1.1070 * i + 1.7046 * q)
    return [min(255.0, max(0.0, (value * gain + bias) / 256)) for value in back]


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 2), st.floats(-180, 180), st.integers(128, 384), st.integers(-8000, 8000), st.integers(0, 999))
def test_saturation_and_hue_are_those_of_one_pixel_after_another(saturation, hue, gain, bias, seed):
    image = drawn.noise(seed, 4, 5, 3)
    slow = np.array([[slow_colour(pixel, saturation, hue, gain, bias) for pixel in row] for row in image])
    colour.matrix(saturation, hue, gain, bias).change(image)
    assert abs(image - slow).max() <= 1


def test_without_saturation_a_picture_is_grey_and_hue_leaves_grey_alone():
    image = drawn.noise(1, 8, 8, 3)
    colour.matrix(0.0, 90.0, 256, 0).change(image)
    assert int(np.ptp(image.astype(int), axis=2).max()) <= 1


# turning


def slow_turn(image, label, one):
    """Sample by sample: from the place's pixel back to the frame, bilinear and nearest; `sure` off every border."""
    y, x, height, width = one.window
    rows, columns = one.place[2:]
    turn = math.radians(one.angle)
    image_out, label_out = np.empty((rows, columns, 3)), np.empty((rows, columns), int)
    sure = np.ones((rows, columns), bool)
    for row in range(rows):
        for column in range(columns):
            right, down = column + 0.5 - columns / 2, row + 0.5 - rows / 2
            right = -right if one.flip else right
            at_x = x + width / 2 + (right * math.cos(turn) - down * math.sin(turn)) * width / columns - 0.5
            at_y = y + height / 2 + (right * math.sin(turn) + down * math.cos(turn)) * height / rows - 0.5
            image_out[row, column] = slow_bilinear(image, at_y, at_x)
            near_y, near_x = math.floor(at_y + 0.5), math.floor(at_x + 0.5)
            inside = 0 <= near_y < label.shape[0] and 0 <= near_x < label.shape[1]
            label_out[row, column] = label[near_y, near_x] if inside else 255
            sure[row, column] = all(abs(at + 0.5 - round(at + 0.5)) > 0.04 for at in (at_x, at_y))
    return image_out, label_out, sure


def slow_bilinear(image, at_y, at_x):
    top, left = math.floor(at_y), math.floor(at_x)
    total = np.zeros(3)
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
        value = image[row, column] if inside else np.array(padding.PAD_COLOUR)
        total += (1 - abs(at_y - row)) * (1 - abs(at_x - column)) * value
    return total


@pytest.mark.parametrize("angle, flip, scale", [(7.0, False, 1.3), (-33.0, True, 0.8), (90.0, False, 1.0)])
def test_a_turned_sample_agrees_with_one_made_pixel_by_pixel(angle, flip, scale):
    image, label = smooth(), drawn.noise(2, 8, 12).repeat(8, 0).repeat(8, 1) % 32
    rows, columns = 40, 56
    window = (9, 11, round(rows / scale), round(columns / scale))
    one = plan.Plan(window, (0, 0, rows, columns), flip, None, angle)
    slow_image, slow_label, sure = slow_turn(image, label, one)
    fast_image, fast_label = made(image, label, one, (rows, columns))
    inside = slow_label != 255
    assert abs(fast_image - slow_image)[inside].max() <= 1.5 and abs(fast_image - slow_image)[inside].mean() < 0.4
    assert (fast_label == slow_label)[sure].all() and sure.mean() > 0.7


def test_half_a_turn_is_the_picture_upside_down_and_mirrored():
    image, label = drawn.noise(3, 32, 48, 3), drawn.noise(4, 32, 48)
    one = plan.Plan((0, 0, 32, 48), (0, 0, 32, 48), False, None, 180.0)
    fast_image, fast_label = made(image, label, one, (32, 48))
    assert np.array_equal(fast_image, image[::-1, ::-1]) and np.array_equal(fast_label, label[::-1, ::-1])


def test_corners_of_a_turned_window_show_what_lies_around_it():
    image, label = np.full((100, 100, 3), 50, np.uint8), np.full((100, 100), 3, np.uint8)
    one = plan.Plan((40, 40, 20, 20), (0, 0, 20, 20), False, None, 45.0)
    assert (made(image, label, one, (20, 20))[1] == 3).all()
    assert warp.affine(one)[:, 2] == pytest.approx([50 - 0.5 - 0.0, 50 - 0.5 - 9.5 * 2**0.5])


# blur, noise, artefacts, cutout


@pytest.mark.parametrize("sigma", [0.5, 1.3, 2.0])
def test_a_blur_is_the_weighted_mean_of_what_lies_around(sigma):
    image = drawn.noise(5, 24, 30, 3)
    reach = math.ceil(3 * sigma) + 1
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    slow = np.pad(image.astype(float), ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    slow = sum(w * slow[k : k + 24] for k, w in enumerate(weights))
    slow = sum(w * slow[:, k : k + 30] for k, w in enumerate(weights))
    effects.blur(image, sigma)
    assert abs(image - slow).max() <= 2.5 and abs(image - slow).mean() < 0.6


@pytest.mark.parametrize("sigma", [2.0, 10.0])
def test_noise_is_gaussian_and_of_its_own_at_each_offset(sigma):
    grey = np.full((200, 300, 3), 128, np.uint8)
    first, again, other = (grey.copy() for _ in range(3))
    for image, offset in ((first, 7), (again, 7), (other, 500000)):
        effects.add_noise(image, sigma, offset)
    off = first.astype(int) - 128
    assert abs(off.mean()) < 0.1 * sigma and abs(off.std() / sigma - 1) < 0.05
    assert abs((abs(off) <= sigma).mean() - math.erf((sigma + 0.5) / sigma / 2**0.5)) < 0.02
    assert np.array_equal(first, again) and abs(np.corrcoef(off.ravel(), other.ravel())[0, 1]) < 0.02


def test_noise_never_wraps_around():
    for level in (0, 255):
        image = np.full((50, 50, 3), level, np.uint8)
        effects.add_noise(image, 20.0, 3)
        assert abs(image.astype(int) - level).max() <= 60
    image = np.full((50, 50, 3), 128, np.uint8)
    effects.add_noise(image, 128.0, 3)
    assert ((image == 0) | (image == 255)).mean() > 0.25  # what lies beyond a sigma is clipped


def test_artefacts_are_those_of_the_quality_and_keep_colours_in_their_channels():
    image = smooth()
    image[..., 0] = 200
    rough, fine = (effects.through_jpeg(image, quality).astype(int) - image for quality in (5, 98))
    assert abs(rough).mean() > 2 * abs(fine).mean() and abs(fine).mean() < 2


def test_effects_leave_the_padding_and_the_labels_alone_but_for_cutout():
    image, label = smooth(32, 48), drawn.noise(6, 32, 48) % 32
    all_but = NO_EFFECTS._replace(blur=1.5, noise=8.0, noise_at=9, quality=30)
    place = (10, 20, 32, 48)
    plain = plan.Plan((0, 0, 32, 48), place, False, None)
    image_out, label_out = made(image, label, plain._replace(effects=all_but))
    untouched, whole_label = made(image, label, plain)
    outside = np.ones(HW, bool)
    outside[10:42, 20:68] = False
    assert (image_out[outside] == padding.PAD_COLOUR).all() and np.array_equal(label_out, whole_label)
    assert (image_out != untouched).any()
    cut = NO_EFFECTS._replace(cutout=(15, 30, 9, 12))
    image_out, label_out = made(image, label, plain._replace(effects=cut))
    assert (label_out[15:24, 30:42] == 255).all() and (image_out[15:24, 30:42] == padding.PAD_COLOUR).all()
    label_out[15:24, 30:42] = whole_label[15:24, 30:42]
    assert np.array_equal(label_out, whole_label)


# crops by what is there


def with_rare_class():
    """Mostly Road (17), a corner of class 3, and Void (30)."""
    label = np.full((200, 300), 17, np.uint8)
    label[180:186, 280:290], label[:, :40], label[0, 0] = 3, 30, 255
    return label


def crops(chosen, label, count=400):
    found = drawn_for(chosen, count, size=label.shape, output=(64, 96))
    return choice.choose(chosen, found, [label] * count, [30])


def holding(found, label, class_id):
    boxes = found.window.tolist()
    return np.mean([(label[y : y + h, x : x + w] == class_id).any() for y, x, h, w in boxes])


def test_a_balanced_crop_holds_each_class_of_the_frame_alike_often():
    label = with_rare_class()
    evenly, balanced = (Augmentation("x", class_balance=p) for p in (0.0, 1.0))
    plain = drawn_for(evenly, 400, size=label.shape, output=(64, 96))
    assert holding(plain, label, 3) < 0.2
    found = crops(balanced, label)
    assert 0.45 <= holding(found, label, 3) < 0.65  # one of two classes, and by chance besides
    assert (found.window[:, :2] >= 0).all() and (found.window[:, :2] + found.window[:, 2:] <= label.shape).all()
    assert np.array_equal(found.window[:, 2:], plain.window[:, 2:])
    half = crops(Augmentation("x", class_balance=0.5), label)
    assert 0.2 < holding(half, label, 3) < holding(found, label, 3)


def test_a_crop_laid_around_a_class_stays_although_another_fills_it():
    label = with_rare_class()
    both = crops(Augmentation("x", class_balance=1.0, one_class=0.5), label)
    assert np.array_equal(both.window, crops(Augmentation("x", class_balance=1.0), label).window)


def test_a_frame_of_void_alone_keeps_the_crop_that_was_drawn():
    chosen = Augmentation("x", class_balance=1.0)
    label = np.full((200, 300), 30, np.uint8)
    assert np.array_equal(crops(chosen, label, 9).window, drawn_for(chosen, 9, size=(200, 300)).window)


def test_crops_of_one_class_are_drawn_anew_and_the_least_bad_is_taken():
    label = np.full((200, 300), 17, np.uint8)
    label[:, 150:] = 3

    def shares(found):
        return np.array(
            [max((label[y : y + h, x : x + w] == c).mean() for c in (3, 17)) for y, x, h, w in found.window]
        )

    plain, chosen = Augmentation("x"), Augmentation("x", one_class=0.75)
    before, after = shares(drawn_for(plain, 400, size=label.shape, output=(64, 96))), shares(crops(chosen, label))
    assert (before > 0.78).mean() > 0.5 and (after > 0.78).mean() < 0.12
    assert np.array_equal(after[before <= 0.74], before[before <= 0.74])
    label[:] = 17
    assert len(crops(chosen, label, 5).window) == 5
