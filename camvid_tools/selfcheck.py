"""Guards against a mixed install: generic package names such as `train` may come from somebody else's folder."""

import glob
import importlib.util
import os
from typing import Callable, Dict, Optional

from .errors import ToolkitError

PACKAGES = ("camvid_tools", "augment", "pipeline", "net", "train", "eval")


def package_homes() -> Dict[str, Optional[str]]:
    """The folder that each of our packages would be imported from; imports none of them."""
    homes = {}
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        inside = list(spec.submodule_search_locations or []) if spec is not None else []
        homes[name] = os.path.dirname(os.path.realpath(inside[0])) if inside else None
    return homes


def require_one_install(warn: Callable[[str], None]) -> None:
    """Raise ToolkitError if the packages come from different folders; warn of two OpenCV builds in one place."""
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for name, home in package_homes().items():
        if home != ours:
            raise ToolkitError(
                "the package '%s' would come from %s, but this toolkit is in %s" % (name, home or "nowhere", ours),
                remedy="change to another folder, or install the toolkit into a virtual environment of its own",
            )
    _warn_of_second_opencv(warn)


def _warn_of_second_opencv(warn: Callable[[str], None]) -> None:
    spec = importlib.util.find_spec("cv2")
    if spec is None or not spec.origin:
        return
    site = os.path.dirname(os.path.dirname(spec.origin))
    builds = [
        glob.glob(os.path.join(site, stem + "-*.dist-info")) for stem in ("opencv_python", "opencv_contrib_python")
    ]
    if any(builds) and glob.glob(os.path.join(site, "opencv_python_headless-*.dist-info")):
        warn(
            "opencv-python and opencv-python-headless are both installed and overwrite each other; "
            "pip uninstall both, then install this toolkit again"
        )
