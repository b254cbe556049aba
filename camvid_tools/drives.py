"""What a frame's name says: the drive it was recorded on and its number in the 30 Hz video."""

import re
from typing import Iterable, NamedTuple, Optional

CAMVID_NAME = re.compile(r"^(0001TP_\d{6}|0006R0_f\d{5}|0016E5_\d{5}|Seq05VD_f\d{5})$")
_NUMBERED = re.compile(r"^(?P<drive>.*?)[_\-]?f?(?P<number>\d+)$")


class Place(NamedTuple):
    """A frame's drive, and its number in that drive's video where the name has one."""

    drive: str
    number: Optional[int]


def place(name: str) -> Place:
    """`0006R0_f00930` -> ("0006R0", 930). A name without a number is a drive of its own."""
    match = _NUMBERED.match(name)
    if match is None or not match.group("drive"):
        return Place(name if match is None else "", int(match.group("number")) if match else None)
    return Place(match.group("drive"), int(match.group("number")))


def names_tell(names: Iterable[str]) -> bool:
    """Whether names tell which frames are of one drive: not where each of several would be a drive of its own."""
    frames = set(names)
    return len(frames) < 2 or len({place(name).drive for name in frames}) < len(frames)
