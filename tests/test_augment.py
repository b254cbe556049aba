"""Draws and pixels against plain, slow references."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drawn
from augment import apply, augmentation, bits, draw, padding, plan, tone

BASE, NONE = augmentation.NAMED["base"], augmentation.NAMED["none"]


# bits


def splitmix(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


def slow_uniform(stream, seed, epoch, frame, turn):
    golden, key = 0x9E3779B97F4A7C15, 0
    for part in (stream, seed % 2**64, epoch, frame):
        key = splitmix(((key ^ part) + golden) % 2**64)
    return (splitmix((key + (turn + 1) * golden) % 2**64) >> 11) / 2**53


@given(st.integers(0, 9), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**40), st.integers(0, 2**40))
def test_numbers_are_those_of_plain_integer_arithmetic(stream, seed, epoch, frame):
    fast = bits.uniform(bits.keys(stream, seed, np.array([epoch, 3]), np.array([frame, 5])), 4)
    assert fast[0].tolist() == [slow_uniform(stream, seed, epoch, frame, turn) for turn in range(4)]


def test_numbers_never_move():
    found = bits.uniform(bits.keys(1, 123, np.array([0, 7]), np.array([0, 366])), 2)
    assert hashlib.sha256(found.astype("<f8").tobytes()).hexdigest() == GOLDEN_BITS


GOLDEN_BITS = "51074c8a258d6f6a47478ed0ec077590edcbbb501aee1aedb065d616df16a93b"


def test_numbers_are_spread_evenly_and_unrelated_between_neighbours():
    u = bits.uniform(bits.keys(1, 0, np.repeat(np.arange(50), 100), np.tile(np.arange(100), 50)), 8)
    assert abs(u.mean(axis=0) - 0.5).max() < 0.02
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    assert counts.max() < 1.1 * counts.min()
    assert abs(np.corrcoef(u[:-1, 0], u[1:, 0])[0, 1]) < 0.05
    assert abs(np.corrcoef(u, rowvar=False) - np.eye(8)).max() < 0.05


@given(st.integers(0, 2**31), st.integers(0, 1000), st.integers(1, 500))
def test_permutations_hold_every_place_once_and_differ_by_epoch(seed, epoch, count):
    order = bits.permutation(2, seed, epoch, count)
    assert sorted(order.tolist()) == list(range(count))
    if count > 20:
        assert order.tolist() != bits.permutation(2, seed, epoch + 1, count).tolist()


# draws


SIZES = st.tuples(st.integers(1, 900), st.integers(1, 900))
OUTPUTS = st.tuples(st.integers(1, 800), st.integers(1, 800))


@given(st.lists(SIZES, min_size=1, max_size=8), OUTPUTS, st.integers(0, 2**32), st.integers(0, 99))
def test_windows_lie_in_the_source_and_places_in_the_output(sizes, output, seed, epoch):
    frames = np.arange(len(sizes))
    found = draw.draw(BASE, seed, np.full(len(sizes), epoch), frames, np.array(sizes), output)
    for boxes, limits in ((found.window, np.array(sizes)), (found.place, np.array([output] * len(sizes)))):
        assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] >= 1).all()
        assert (boxes[:, :2] + boxes[:, 2:] <= limits).all()


@given(st.integers(0, 2**32), st.integers(0, 50), st.integers(0, 700))
def test_a_sample_is_drawn_alike_alone_and_in_any_batch(seed, epoch, frame):
    sizes = np.array([[360, 480], [100, 200], [720, 960]])
    batch = draw.draw(BASE, seed, np.array([1, epoch, 2]), np.array([4, frame, 9]), sizes, (352, 480))
    alone = draw.draw(BASE, seed, np.array([epoch]), np.array([frame]), sizes[1:2], (352, 480))
    for many, one in zip(batch[:5], alone[:5]):
        assert np.array_equal(many[1], one[0])


def test_draws_have_the_distributions_that_are_documented():
    count = 4000
    sizes = np.full((count, 2), 1000)
    found = draw.draw(BASE, 0, np.zeros(count, int), np.arange(count), sizes, (400, 400))
    scale = found.place[:, 2] / found.window[:, 2]
    assert abs(np.quantile(scale, [0.0, 0.25, 0.5, 0.75, 1.0]) - [0.5, 0.875, 1.25, 1.625, 2.0]).max() < 0.05
    assert abs(found.flip.mean() - 0.5) < 0.03
    assert abs(np.quantile(found.gain / 256, [0, 0.5, 1]) - [0.75, 1, 1.25]).max() < 0.02
    shift = (found.bias - 128 * (256 - found.gain)) / 256
    assert abs(np.quantile(shift, [0, 0.5, 1]) - [-32, 0, 32]).max() < 1.5


def test_without_augmentation_a_frame_of_the_outputs_size_is_taken_as_it_is():
    found = draw.draw(NONE, 5, np.array([0]), np.array([3]), np.array([[64, 96]]), (64, 96))
    assert found.window.tolist() == found.place.tolist() == [[0, 0, 64, 96]]
    assert not found.flip[0] and (found.gain[0], found.bias[0]) == (256, 0)


# pixels


def coordinates(source, target):
    """Source position of each target pixel's centre."""
    return (np.arange(target) + 0.5) * source / target - 0.5


def slow_resize(image, label, height, width):
    """Bilinear and nearest at pixel centres in float64; `sure` is False where nearest is a toss-up."""
    ys, xs = coordinates(image.shape[0], height), coordinates(image.shape[1], width)

    def taps(at, size):
        low = np.floor(at).astype(int)
        return np.clip(low, 0, size - 1), np.clip(low + 1, 0, size - 1), at - low

    (y0, y1, fy), (x0, x1, fx) = taps(ys, image.shape[0]), taps(xs, image.shape[1])
    fy, fx = fy[:, None, None], fx[None, :, None]
    pixels = image.astype(np.float64)
    top = pixels[y0][:, x0] * (1 - fx) + pixels[y0][:, x1] * fx
    bottom = pixels[y1][:, x0] * (1 - fx) + pixels[y1][:, x1] * fx

    def nearest(at, size):
        border = abs((at + 0.5) - np.rint(at + 0.5)) < 1e-3
        return np.clip(np.floor(at + 0.5).astype(int), 0, size - 1), ~border

    (yn, sure_y), (xn, sure_x) = nearest(ys, image.shape[0]), nearest(xs, image.shape[1])
    return np.rint(top * (1 - fy) + bottom * fy), label[yn][:, xn], sure_y[:, None] & sure_x[None, :]


def slow_sample(image, label, found, index, output):
    """The documented work in the documented order, with nothing but indexing and float arithmetic."""
    y, x, height, width = found.window[index]
    top, left, rows, columns = found.place[index]
    image, label = image[y : y + height, x : x + width], label[y : y + height, x : x + width]

    def recolour(pixels):
        return np.clip(np.rint((pixels * float(found.gain[index]) + float(found.bias[index])) / 256), 0, 255)

    if height * width < rows * columns:
        image, label, sure = slow_resize(recolour(image.astype(np.float64)), label, rows, columns)
    else:
        image, label, sure = slow_resize(image, label, rows, columns)
        image = recolour(image)
    if found.flip[index]:
        image, label, sure = image[:, ::-1], label[:, ::-1], sure[:, ::-1]
    whole_image = np.empty(output + (3,))
    whole_image[:] = padding.PAD_COLOUR
    whole_label, whole_sure = np.full(output, 255), np.ones(output, bool)
    place = np.s_[top : top + rows, left : left + columns]
    whole_image[place], whole_label[place], whole_sure[place] = image, label, sure
    return whole_image, whole_label, whole_sure


def fast_sample(image, label, found, index, output):
    image_out, label_out = np.full(output + (3,), 7, np.uint8), np.full(output, 7, np.uint8)
    apply.apply(image, label, plan.plans(found)[index], image_out, label_out, apply.Workspace(output))
    return image_out, label_out


@settings(max_examples=60, deadline=None)
@given(SIZES, OUTPUTS, st.integers(0, 2**32))
def test_fast_pixels_agree_with_the_slow_reference(size, output, seed):
    size, output = tuple(1 + s // 6 for s in size), tuple(1 + s // 6 for s in output)
    image, label = drawn.noise(seed % 1000, *size + (3,)), drawn.noise(seed % 997, *size) % 32
    found = draw.draw(BASE, seed, np.array([0]), np.array([0]), np.array([size]), output)
    slow_image, slow_label, sure = slow_sample(image, label, found, 0, output)
    fast_image, fast_label = fast_sample(image, label, found, 0, output)
    # One grey level of the resize is multiplied by the gain where colour comes after it.
    assert abs(fast_image - slow_image).max() <= max(1, np.ceil(found.gain[0] / 256))
    assert (fast_label == slow_label)[sure].all()


def test_label_and_image_stay_in_step():
    label = np.kron(np.arange(48).reshape(6, 8), np.ones((16, 16))).astype(np.uint8)
    image = np.stack([label * 5] * 3, axis=-1)
    plain = augmentation.Augmentation("geometry", scale=(0.5, 2.0), flip=0.5)
    for frame in range(30):
        found = draw.draw(plain, 1, np.array([0]), np.array([frame]), np.array([label.shape]), (64, 96))
        out_image, out_label = fast_sample(image, label, found, 0, (64, 96))
        inside = out_label != 255
        agree = abs(out_image[..., 0].astype(int) - out_label * 5.0)[inside] <= 2
        assert agree.mean() > 0.75 and (out_image[~inside] == padding.PAD_COLOUR).all()


def test_nothing_outside_the_given_arrays_is_written():
    image, label = drawn.noise(1, 30, 40, 3), drawn.noise(2, 30, 40)
    batch_image, batch_label = np.full((3, 32, 32, 3), 9, np.uint8), np.full((3, 32, 32), 9, np.uint8)
    for frame in range(20):
        found = draw.draw(BASE, 0, np.array([0]), np.array([frame]), np.array([[30, 40]]), (32, 32))
        apply.apply(image, label, plan.plans(found)[0], batch_image[1], batch_label[1], apply.Workspace((32, 32)))
    for place in (0, 2):
        assert (batch_image[place] == 9).all() and (batch_label[place] == 9).all()


@given(st.integers(0, 512), st.integers(-40000, 40000))
@settings(max_examples=50, deadline=None)
def test_colour_is_exact_arithmetic_rounded_half_to_even_and_clipped(gain, bias):
    exact = [int(np.clip(np.rint((value * gain + bias) / 256), 0, 255)) for value in range(256)]
    found = tone.tones(np.array([gain]), np.array([bias]))[0] or tone.Tone(gain, bias, bytes(range(256)))
    for way in [tone.by_opencv] + ([tone.by_stringzilla] if tone.stringzilla else []):
        image = np.arange(256, dtype=np.uint8).reshape(16, 16)
        way(image, found)
        assert image.ravel().tolist() == exact, way


# augmentations from files


def test_an_augmentation_file_says_what_it_names_and_defaults_do_nothing(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"scale": [0.8, 1.5], "flip": 1}))
    found = augmentation.read(str(file))
    assert (found.name, found.scale, found.flip, found.brightness, found.contrast) == ("mine", (0.8, 1.5), 1, 0, (1, 1))
    assert augmentation.from_document(BASE.document()) == BASE


@pytest.mark.parametrize(
    "text, fact",
    [
        ('{"scael": [1, 2]}', "scael"),
        ('{"scale": [2, 1]}', "scale"),
        ('{"scale": 3}', "scale: expected [low, high], found 3"),
        ('{"contrast": [1]}', "contrast: expected [low, high]"),
        ('{"flip": "often"}', "flip: expected a number, found 'often'"),
        ('{"flip": true}', "flip: expected a number"),
        ('{"hue": NaN}', "hue nan"),
        ('{"name": 5}', "name: expected a text"),
        ('{"albumentations": "Blur"}', "albumentations: expected a list"),
        ('{"flip": 2}', "flip"),
        ("[1]", "scale"),
        ("nonsense", "mine.json"),
        ("[" * 3000, "mine.json"),
        ('{"scale": [1, 1%s]}' % ("0" * 400), "mine.json"),
    ],
)
def test_a_faulty_augmentation_file_names_itself_and_the_fault(tmp_path, text, fact):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(ValueError) as caught:
        augmentation.read(str(tmp_path / "mine.json"))
    assert fact in str(caught.value) and "mine.json" in str(caught.value)
