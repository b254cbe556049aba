"""Single samples of a training made again, with the draw of each in words and numbers."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from augment.draw import GAIN_ONE, MID_GREY, More

from .batches import TrainBatches

Box = Tuple[int, int, int, int]
SCALARS = ("saturation", "hue", "angle", "blur", "noise", "quality")


class Replayed(NamedTuple):
    """Image [H,W,3] and ids [H,W] uint8 as training gets them, and how they came about.

    window (y, x, height, width) of the frame went to place (the same, in the output); step: the batch it is part of.
    """

    name: str
    frame: int
    epoch: int
    step: int
    frame_hw: Tuple[int, int]
    window: Box
    place: Box
    flip: bool
    gain: int
    bias: int
    more: Optional[More]
    image: np.ndarray
    ids: np.ndarray

    @property
    def scale(self) -> float:
        """Output pixels a source pixel."""
        return sum(self.place[2:]) / sum(self.window[2:])

    @property
    def contrast(self) -> float:
        """Factor about mid-grey."""
        return self.gain / GAIN_ONE

    @property
    def brightness(self) -> float:
        """Shift in grey levels."""
        return (self.bias - MID_GREY * (GAIN_ONE - self.gain)) / GAIN_ONE

    @property
    def padded(self) -> bool:
        """Whether part of the output is padding."""
        return tuple(self.place[2:]) != self.ids.shape

    def summary(self) -> str:
        """The draw in one line."""
        parts = (self.scale, _size(self.window), _corner(self.window), "flipped" if self.flip else "not flipped")
        return (
            "scale %.2f, window %s at %s, %s, " % parts
            + ("brightness %+.0f, contrast %.2f" % (self.brightness, self.contrast))
            + "".join(", %s %s" % told for told in self._further())
        )

    def details(self) -> List[str]:
        """The whole draw, a line each."""
        output = "%d x %d" % self.ids.shape
        rest = "; the rest is padding, label 255" if self.padded else ""
        return [
            "scale       %.4f output pixels a source pixel" % self.scale,
            "window      %s at %s of the frame's %d x %d"
            % ((_size(self.window), _corner(self.window)) + self.frame_hw),
            "place       %s at %s of the output's %s%s" % (_size(self.place), _corner(self.place), output, rest),
            "flip        %s" % ("yes" if self.flip else "no"),
            "contrast    %.4f about grey %d (gain %d/%d)" % (self.contrast, MID_GREY, self.gain, GAIN_ONE),
            "brightness  %+.4f grey levels (bias, the contrast's share included, %d/%d)"
            % (self.brightness, self.bias, GAIN_ONE),
        ] + ["%-11s %s" % told for told in self._further()]

    def _further(self) -> List[Tuple[str, str]]:
        """What augmentations beyond `base` drew, where it is not nothing."""
        if self.more is None:
            return []
        more, cut = self.more, self.more.cutout.tolist()
        told = [
            ("saturation", more.saturation != 1, "%.2f" % more.saturation),
            ("hue", more.hue, "%+.1f degrees" % more.hue),
            ("turned", more.angle, "%+.1f degrees" % more.angle),
            ("blur", more.blur, "sigma %.2f pixels" % more.blur),
            ("noise", more.noise, "sigma %.1f grey levels" % more.noise),
            ("jpeg", more.quality, "quality %d" % more.quality),
            ("cutout", cut[2] * cut[3], "%s at %s" % (_size(cut), _corner(cut))),
        ]
        return [(name, words) for name, there, words in told if there]

    def document(self) -> Dict[str, Any]:
        """The sample as JSON."""
        draw = {
            "frame_size": list(self.frame_hw),
            "output_size": list(self.ids.shape),
            "scale": round(self.scale, 6),
            "window": list(self.window),
            "place": list(self.place),
            "flip": self.flip,
            "brightness": self.brightness,
            "contrast": self.contrast,
            "gain_256": self.gain,
            "bias_256": self.bias,
        }
        if self.more is not None:
            draw.update({name: getattr(self.more, name).item() for name in SCALARS}, cutout=self.more.cutout.tolist())
        return {"name": self.name, "frame": self.frame, "epoch": self.epoch, "step": self.step, "draw": draw}


def _size(box: Box) -> str:
    return "%d x %d" % tuple(box[2:])


def _corner(box: Box) -> str:
    return "y=%d x=%d" % tuple(box[:2])


def batch(make: TrainBatches, number: int) -> List[Replayed]:
    """The samples of training batch `number`, in their order."""
    return samples(make, *make.schedule.batch(number))


def samples(make: TrainBatches, epochs: Sequence[int], frames: Sequence[int]) -> List[Replayed]:
    """Frames [N] as they come in epochs [N]."""
    spec = make.spec._replace(batch_size=len(frames))
    images, labels = np.empty(spec.image_shape, np.uint8), np.empty(spec.label_shape, np.uint8)
    draws = make.fill(np.asarray(epochs, np.int64), np.asarray(frames, np.int64), images, labels)
    found = []
    for i, (epoch, frame) in enumerate(zip(map(int, epochs), map(int, frames))):
        found.append(
            Replayed(
                make.source.names[frame],
                frame,
                epoch,
                make.schedule.batch_with(epoch, frame),
                tuple(make.source.read(frame)[1].shape),
                tuple(draws.window[i].tolist()),
                tuple(draws.place[i].tolist()),
                bool(draws.flip[i]),
                int(draws.gain[i]),
                int(draws.bias[i]),
                None if draws.more is None else More(*(part[i] for part in draws.more)),
                images[i],
                labels[i],
            )
        )
    return found
