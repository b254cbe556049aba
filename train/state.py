"""What a training works with, and where it stands."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from eval.runfolder import Checkpoint
from pipeline.batches import TrainBatches
from pipeline.device import Device

from .checkpoint import Checkpoints
from .graph import TrainGraph
from .logs import Events, Metrics
from .progress import Meter, Progress
from .settings import Settings
from .spent import Spent

Stop = List[int]  # receives the number of each signal that asks the run to stop
Validate = Callable[[Dict[str, np.ndarray], Stop], Dict[str, Any]]


class Parts(NamedTuple):
    """Everything the loop works with, put together by the command."""

    settings: Settings
    make: TrainBatches
    device: Device
    built: TrainGraph
    checkpoints: Checkpoints
    metrics: Metrics
    events: Events
    validate: Optional[Validate]
    progress: Progress
    meter: Meter
    data_digest: str
    trace: Optional[str]


class State:
    """Where the run stands: steps done, batches consumed, the newest validation (`validated`: its step) and the best
    mean IoU so far, the newest `last` checkpoint, the processor time spent."""

    def __init__(self, newest: Optional[Checkpoint] = None, best: Optional[float] = None) -> None:
        about = newest.about if newest is not None else {}
        self.step, self.batches = about.get("step", 0), about.get("batches", 0)
        self.validated, self.scores, self.best = about.get("validated", 0), about.get("scores", {}), best
        self.last, self.spent = newest, Spent(about.get("cpu_s", 0.0))

    def about(self, data_digest: str) -> Dict[str, Any]:
        """What a checkpoint's JSON says of it."""
        return {
            "step": self.step,
            "batches": self.batches,
            "validated": self.validated,
            "scores": self.scores,
            "best_mean_iou": self.best,
            "data_digest": data_digest,
            "cpu_s": round(self.spent.seconds(), 1),
        }

    def is_saved(self) -> bool:
        """Whether a checkpoint holds just this state."""
        return self.step == (self.last.step if self.last is not None else 0)
