"""What happens to each sample of a batch, in plain Python numbers: the rows of Draws, ready to be carried out."""

from typing import List, NamedTuple, Optional, Tuple, Union

from . import colour, tone
from .draw import Draws, More

Box = Tuple[int, int, int, int]


class Effects(NamedTuple):
    """What is done to the finished picture; 0 is nothing."""

    blur: float
    noise: float
    noise_at: int
    quality: int
    cutout: Box


class Plan(NamedTuple):
    """One sample: window (y, x, height, width) of the frame, its place in the output, and what is done on the way."""

    window: Box
    place: Box
    flip: bool
    colour: Optional[Union[tone.Tone, colour.Matrix]]
    angle: float = 0.0
    effects: Optional[Effects] = None


def plans(draws: Draws) -> List[Plan]:
    """The samples of a batch."""
    boxes = map(tuple, draws.window.tolist()), map(tuple, draws.place.tolist())
    base = [Plan(*row) for row in zip(*boxes, draws.flip.tolist(), tone.tones(draws.gain, draws.bias))]
    return base if draws.more is None else [_with_more(plan, draws, i) for i, plan in enumerate(base)]


def _with_more(plan: Plan, draws: Draws, index: int) -> Plan:
    more = More(*(part[index] for part in draws.more))
    effects = Effects(
        float(more.blur), float(more.noise), int(more.noise_at), int(more.quality), tuple(more.cutout.tolist())
    )
    if more.saturation != 1 or more.hue != 0:
        numbers = int(draws.gain[index]), int(draws.bias[index])
        plan = plan._replace(colour=colour.matrix(float(more.saturation), float(more.hue), *numbers))
    return plan._replace(angle=float(more.angle), effects=effects if _any(effects) else None)


def _any(effects: Effects) -> bool:
    return bool(effects.blur or effects.noise or effects.quality or (effects.cutout[2] and effects.cutout[3]))
