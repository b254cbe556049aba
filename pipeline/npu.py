"""The Ascend adapter. The only module that may know npu_bridge, which comes with CANN, never from pip."""

import importlib.util

from camvid_tools.errors import ToolkitError


def require() -> None:
    """ToolkitError unless the network can run on an Ascend card from here, which this version cannot yet do."""
    if importlib.util.find_spec("npu_bridge") is None:
        raise ToolkitError(
            "--device npu needs npu_bridge, which comes with Ascend's CANN toolkit and is not installed here",
            remedy="use --device cpu or gpu; the same run can go on from its checkpoint elsewhere",
        )
    raise ToolkitError(
        "this version does not drive the Ascend card yet, though npu_bridge is installed",
        remedy="use --device cpu, or a later version",
    )
