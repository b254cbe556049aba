"""How to see, and how to repeat, a step that went wrong."""

from typing import List

from camvid_tools.words import typed
from pipeline.augmentations import NAMED

from .settings import Settings


def begin(settings: Settings) -> List[str]:
    """How a command that trains begins."""
    launcher = ["horovodrun", "--gloo", "-np", str(settings.ranks)] if settings.distributed == "horovod" else []
    return launcher + ["python", "-m", "train"]


def remedy(settings: Settings, batch: int) -> str:
    """What to type after the loss of global batch `batch` was not finite."""
    run = settings.output_path
    parts = ["see the batch: " + look(settings, batch)]
    parts.append("do the step again: " + typed(begin(settings) + ["--output_path", run, "--resume"]))
    further = "go on otherwise: a new run with --weights %s, another --output_path and a lower --learning_rate"
    parts.append(further % typed([run]))
    return "; ".join(parts)


def look(settings: Settings, batch: int) -> str:
    """The command that shows a global batch pixel by pixel."""
    chosen = settings.augmentation.name
    flags = {
        "data_path": settings.data_path,
        "step": batch,
        "augment": chosen if chosen in NAMED else "FILE",
        "seed": settings.seed,
        "batch_size": settings.batch_size * settings.ranks,
        "height": settings.height,
        "width": settings.width,
    }
    return typed(["camvid-view"] + [str(word) for name, value in flags.items() for word in ("--" + name, value)])
