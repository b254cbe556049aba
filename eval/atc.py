"""The command that compiles an exported network for inference on Ascend, and why it reads so."""

import os
from typing import Optional, Sequence, Tuple

from camvid_tools.words import typed

WHY = """--framework=3: a frozen graph of TensorFlow. --input_shape: atc compiles for one size. The input is
uint8 in NHWC, as a frame is decoded; normalisation and padding are in the graph, so no AIPP file
(--insert_op_conf) is needed.
--soc_version: as `npu-smi info` names your card. Not run here: see docs/ascend.md."""
SOC_VERSION = "Ascend310P3"
INSTEAD = "for Ascend use --form frozen of a fixed size: atc takes uint8 frames there, from ONNX through AIPP alone"


def command(path: str, image: str, size: Tuple[int, int], outputs: Sequence[str], soc_version: str) -> str:
    """The command line for a frozen graph at `path` that takes frames of `size` (height, width) under the name `image`
    and gives the tensors `outputs`."""
    words = ["atc", "--framework=3", "--model=" + path, "--output=" + os.path.splitext(path)[0]]
    words += ["--soc_version=" + soc_version, "--input_format=NHWC"]
    words += ["--input_shape=%s:1,%d,%d,3" % ((image,) + size), "--out_nodes=" + ";".join(outputs)]
    return typed(words)


def text(command_line: Optional[str]) -> str:
    """For people."""
    return INSTEAD if command_line is None else "for Ascend:\n  %s\n%s" % (command_line, WHY)
