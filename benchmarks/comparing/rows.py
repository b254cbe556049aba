"""The rows of the comparison: which system, from what source, and what it leaves out."""

from typing import NamedTuple, Tuple

DECODED, PNG = "decoded frames", "PNG files"
WINDOWED = "less work: factors 1 to 2 only, no padding"
ALBUMENTATIONS = ("albumentations==2.0.8", "opencv-python-headless==5.0.0.93")
TORCH = "torch==2.13.0"
QUIET = 0.9  # share of its core under which a figure is measured again, and named if that does not help


class System(NamedTuple):
    """What a system's own environment needs (nothing: it runs in the toolkit's), and its script in systems/."""

    requirements: Tuple[str, ...]
    script: str


class Row(NamedTuple):
    """One line of the table: `source` is what the script is told, `group` the table it stands in."""

    system: str
    source: str
    group: str
    title: str
    remark: str = ""


SYSTEMS = {
    "toolkit": System((), ""),
    "tfdata": System((), "tfdata.py"),
    "dataloader": System((TORCH,) + ALBUMENTATIONS, "dataloader.py"),
    "grain": System(("grain==0.2.18",) + ALBUMENTATIONS, "grain_loader.py"),
    "dali": System(("nvidia-dali-cuda120==2.4.0", ALBUMENTATIONS[1]), "dali.py"),
    "ffcv": System((TORCH, "pillow", "ffcv==1.0.2"), "ffcv_loader.py"),
}

ROWS = (
    Row("toolkit", "packed", DECODED, "this toolkit, packed file"),
    Row("toolkit", "cached", DECODED, "this toolkit, split folder with --cache memory"),
    Row("tfdata", "arrays", DECODED, "tf.data, its own operations"),
    Row("dataloader", "arrays", DECODED, "PyTorch DataLoader + albumentations"),
    Row("dataloader", "arrays-window", DECODED, "PyTorch DataLoader + RandomSizedCrop", WINDOWED),
    Row("grain", "arrays", DECODED, "grain + albumentations"),
    Row("dali", "arrays", DECODED, "NVIDIA DALI (CPU)"),
    Row("ffcv", "arrays", DECODED, "FFCV, images alone", "no mask with the same crop; " + WINDOWED),
    Row("ffcv", "arrays-plain", DECODED, "FFCV, images alone, no colour", "as FFCV, no brightness and contrast"),
    Row("toolkit", "tree", PNG, "this toolkit, split folder"),
    Row("tfdata", "png", PNG, "tf.data, its own operations"),
    Row("dataloader", "png", PNG, "PyTorch DataLoader + albumentations"),
    Row("grain", "png", PNG, "grain + albumentations"),
    Row("dali", "png", PNG, "NVIDIA DALI (CPU)", "colours to ids in Python"),
)
