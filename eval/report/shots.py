"""The best, a middling and the worst frames: each with its label, prediction and errors."""

from typing import List, NamedTuple, Tuple

import cv2
import numpy as np

from camvid_tools import drawing, imageio
from camvid_tools.report import markup

from ..confusion import LEFT_OUT
from ..pictures import LEFT_OUT_NAME, WRONG_RED
from .scored import Scored

SHOWN_WIDTH, QUALITY = 420, 82
WORST = ("worst", "second worst", "third worst")
PALE = 0.35  # of the frame, in an error map
UNSCORED_GREY = (150, 150, 150)

STYLE = """
.panels { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .5rem; margin: .25rem 0 1.25rem; }
.panels img { width: 100%; height: auto; display: block; border-radius: 5px; }
@media (max-width: 42rem) { .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.classes { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: 0 0 1rem; padding: 0;
  font-size: .9375rem; }
"""


class Chosen(NamedTuple):
    """A frame worth showing, and why."""

    why: str
    iou: float
    frame: int


def section(scored: Scored, name: str) -> str:
    """The frames chosen, the best first."""
    picked = chosen(scored.ranked())
    if not picked:
        return ""
    found = [_row(scored, one) for one in picked]
    rows, ids = [row for row, _ in found], [seen for _, seen in found]
    lead = "By the mean IoU of the frame alone, over the classes in its label. Red is wrong, grey is not scored."
    return markup.section(name, "Frames", _legend(scored, ids) + "\n".join(rows), lead)


def chosen(ranked: List[Tuple[float, int]]) -> List[Chosen]:
    """Of frames from best to worst: the first, the middle one, the last ones; each once."""
    last = len(ranked) - 1
    wanted = [("best", 0), ("median", last // 2)]
    wanted += [(why, last - number) for number, why in enumerate(WORST)]
    found, seen = [], set()
    for why, i in wanted:
        if 0 <= i <= last and i not in seen:
            seen.add(i)
            found.append(Chosen(why, *ranked[i]))
    return found


def _row(scored: Scored, one: Chosen) -> Tuple[str, np.ndarray]:
    """The frame's panels, and the ids that occur in them."""
    image, truth = scored.source.read(one.frame)
    prediction = scored.frames.ids(one.frame)
    name, colours = scored.source.names[one.frame], scored.source.classes.colour_array()
    width = min(SHOWN_WIDTH, image.shape[1])
    wrong = errors(scored, image, truth, prediction)
    panels = [
        ("frame", imageio.jpeg_bytes(drawing.scaled(image, width), QUALITY), "jpeg"),
        ("label", imageio.png_bytes(_thinned(drawing.paint(truth, colours), width), 9), "png"),
        ("prediction", imageio.png_bytes(_thinned(drawing.paint(prediction, colours), width), 9), "png"),
        (
            "errors",
            imageio.jpeg_bytes(drawing.scaled(wrong, width), QUALITY),
            "jpeg",
        ),
    ]
    figures = [
        '<figure><img src="%s" alt="%s of %s"><figcaption>%s</figcaption></figure>'
        % (markup.data_uri(kind, data), words, markup.text(name), words)
        for words, data, kind in panels
    ]
    title = "<h3>%s: %s <small>mean IoU %.3f</small></h3>" % (markup.text(one.why), markup.text(name), one.iou)
    return '%s<div class="panels">%s</div>' % (title, "".join(figures)), np.union1d(truth, prediction)


def errors(scored: Scored, image: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """[H,W,3] uint8 RGB: the frame, pale, with what the protocol counts as wrong in red, what it leaves out in grey."""
    protocol = scored.block.protocol
    true, called = protocol.truth_ids(truth), protocol.prediction_ids(prediction)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    shown = np.clip(255 - PALE * (255.0 - grey), 0, 255).astype(np.uint8)
    shown[true != called] = WRONG_RED
    shown[true == LEFT_OUT] = UNSCORED_GREY
    return shown


def _thinned(painted: np.ndarray, width: int) -> np.ndarray:
    """Smaller by the nearest pixel: colours of classes stay."""
    height = max(1, round(painted.shape[0] * width / painted.shape[1]))
    return cv2.resize(painted, (width, height), interpolation=cv2.INTER_NEAREST)


def _legend(scored: Scored, ids: List[np.ndarray]) -> str:
    table = scored.source.classes
    items = drawing.legend_items(ids, table.colour_array(), table.names, LEFT_OUT_NAME)
    told = ["<li>%s %s</li>" % (markup.swatch(colour), markup.text(words)) for words, colour in items]
    return '<ul class="classes">%s</ul>' % "".join(told)
