"""One evaluation as the page needs it."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from camvid_tools import imageio

from ..metrics import score
from ..runfolder import Run
from ..scoring import Counted
from ..subject import Prediction
from ..tables import Block


class Scored(NamedTuple):
    """title: of the run or folder, for people; run: None of somebody's PNGs; document: its eval.json; block: the scores
    under the first protocol; frames: what was predicted."""

    title: str
    source: Any
    run: Optional[Run]
    document: Dict[str, Any]
    counted: Counted
    block: Block
    frames: "Frames"

    @property
    def confusions(self) -> np.ndarray:
        """[F,K,K+1] int64, by frame, in the protocol's ids."""
        return self.block.protocol.regroup(self.counted.confusions)

    def ranked(self) -> List[Tuple[float, int]]:
        """(mean IoU of the frame alone, its index), the best first; frames without a true pixel are left out."""
        protocol = self.block.protocol
        found = [score(counts, protocol.classes, protocol.mean_over).mean_iou for counts in self.confusions]
        known = [(iou, i) for i, iou in enumerate(found) if iou is not None]
        return sorted(known, key=lambda item: (-item[0], item[1]))


class Frames:
    """Every predicted frame, compressed without loss: which of them are worth showing is known at the end."""

    def __init__(self) -> None:
        self._held: Dict[int, bytes] = {}

    def add(self, prediction: Prediction) -> None:
        """Keep one."""
        self._held[prediction.frame] = imageio.png_bytes(prediction.prediction, 1)

    def ids(self, frame: int) -> np.ndarray:
        """What was predicted for it, [H,W] uint8."""
        return cv2.imdecode(np.frombuffer(self._held[frame], np.uint8), cv2.IMREAD_UNCHANGED)
