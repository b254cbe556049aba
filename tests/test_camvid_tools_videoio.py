"""Videos come back as they were written: frames, rate, size; what is none is named."""

import os

import numpy as np
import pytest

from camvid_tools import videoio
from camvid_tools.errors import ToolkitError

BANDS = [np.full((48, 64, 3), (25 * i, 100, 200 - 20 * i), np.uint8) for i in range(9)]


def written(path, frames=tuple(BANDS), rate=12.5):
    with videoio.writing(str(path), rate) as take:
        for frame in frames:
            take(frame)
    return str(path)


def test_a_video_comes_back_with_its_frames_in_rgb_and_its_rate(tmp_path):
    path = written(tmp_path / "a.mp4")
    assert videoio.header(path) == videoio.Header(9, 12.5)
    back = list(videoio.frames(path))
    assert len(back) == 9
    for frame, original in zip(back, BANDS):
        assert np.abs(frame.astype(int) - original).max() < 12  # of a codec that loses a little
    assert os.listdir(str(tmp_path)) == ["a.mp4"]


def test_odd_frames_gain_a_row_and_a_column_and_lose_nothing(tmp_path):
    (frame,) = videoio.frames(written(tmp_path / "a.mp4", [BANDS[3][:47, :63]]))
    assert frame.shape == (48, 64, 3) and np.abs(frame.astype(int) - BANDS[3]).max() < 12


def test_a_video_that_was_cut_off_leaves_the_one_before(tmp_path):
    path = written(tmp_path / "a.mp4")
    with pytest.raises(KeyError), videoio.writing(path, 5) as take:
        take(BANDS[0])
        raise KeyError
    assert videoio.header(path).frames == 9 and os.listdir(str(tmp_path)) == ["a.mp4"]


def test_a_video_that_could_not_be_written_is_an_error_and_no_file(tmp_path):
    with pytest.raises(ToolkitError, match="written whole"), videoio.writing(str(tmp_path / "a.mp4"), 5) as take:
        take(BANDS[0])
        for name in os.listdir(str(tmp_path)):  # a disk that lost it
            os.truncate(str(tmp_path / name), 0)
            os.chmod(str(tmp_path / name), 0)
            os.remove(str(tmp_path / name))
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize("rate", [23.976023976, 29.97002997, 59.94005994, 239.8312, 0.5, 999.5])
def test_every_rate_of_a_camera_can_be_written(rate, tmp_path):
    assert videoio.header(written(tmp_path / "a.mp4", BANDS[:2], rate)).rate == pytest.approx(rate, rel=1e-3)


def test_a_place_that_cannot_be_written_is_named_at_the_first_frame(tmp_path):
    with pytest.raises(ToolkitError, match="a.mp4: the video"), videoio.writing(str(tmp_path / "a.mp4"), 5) as take:
        (tmp_path / ".a.mp4.part.mp4").mkdir()
        take(BANDS[0])
        raise AssertionError("one frame too many")


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video" * 100)
    for read in (videoio.header, lambda path: list(videoio.frames(path))):
        with pytest.raises(videoio.VideoFault, match="a.mp4"):
            read(str(tmp_path / "a.mp4"))
    assert videoio.is_video("A.MOV") and not videoio.is_video(".a.mp4") and not videoio.is_video("a.png")
