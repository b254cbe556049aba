"""Where the time of a batch goes: the functions that make it, under Python's own profiler, on one thread.

A memory map is read when it is touched, so reading a packed file shows where its windows are copied.
"""

import cProfile
import os
import pstats
from typing import Dict, Tuple

from . import ahead
from .batches import TrainBatches

BATCHES = ahead.BLOCK  # so that planning a block counts once
OTHER = "other"

# Stage -> the functions, by file and name, whose time it is; none of them calls another one.
STAGES: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "read": (("batches.py", "_read_all"),),
    "draw": (("draw.py", "draw"), ("plan.py", "plans")),
    "choose_crop": (("choice.py", "choose"),),
    "albumentations": (("batches.py", "_stepped"),),
    "pad": (("padding.py", "pad"),),
    "copy": (("apply.py", "copy"),),
    "resize_image": (("apply.py", "resize_image"),),
    "resize_label": (("apply.py", "resize_label"),),
    "turn": (("warp.py", "warp"),),
    "flip": (("apply.py", "flip"),),
    "tone": (("tone.py", "change"),),
    "colour": (("colour.py", "change"),),
    "blur": (("effects.py", "blur"),),
    "noise": (("effects.py", "add_noise"),),
    "jpeg": (("effects.py", "through_jpeg"),),
    "cutout": (("effects.py", "cut_out"),),
}
ALWAYS = ("read", "draw", "pad", "copy", "resize_image", "resize_label", "flip", "tone", OTHER)


def times(make: TrainBatches, first_step: int) -> Dict[str, float]:
    """Milliseconds an image of each stage that occurs."""
    make(first_step)  # what is made once is made now
    profile = cProfile.Profile()
    for number in range(first_step + 1, first_step + 1 + BATCHES):
        profile.runcall(make, number)
    images = BATCHES * make.spec.batch_size
    spent, whole = _seconds(profile)
    spent[OTHER] = max(0.0, whole - sum(spent.values()))
    return {stage: round(1000 * s / images, 4) for stage, s in spent.items() if s > 0 or stage in ALWAYS}


def _seconds(profile: cProfile.Profile) -> Tuple[Dict[str, float], float]:
    """Seconds of each stage, and of everything."""
    stats = pstats.Stats(profile)
    cumulative: Dict[Tuple[str, str], float] = {}
    for (path, _, name), numbers in stats.stats.items():
        key = os.path.basename(path), name
        cumulative[key] = cumulative.get(key, 0.0) + numbers[3]
    spent = {stage: sum(cumulative.get(part, 0.0) for part in parts) for stage, parts in STAGES.items()}
    return spent, stats.total_tt
