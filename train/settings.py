"""All settings of one training, resolved once from flags, recipe and data, then frozen and saved beside the run."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Optional, Tuple, Union

from camvid_tools.classes import ClassTable
from camvid_tools.errors import ToolkitError
from pipeline import augmentations, sizes, sources
from pipeline.augmentations import Augmentation
from pipeline.precision import DYNAMIC, FLOAT32, MIXED, NO_SCALE

from . import class_weights, flags, pretrained, recipes
from .learning_rate import Plan
from .recipes import Recipe

# Settings that may differ between a run and its resumption without changing what is computed.
FREE = (
    "output_path data_path device distributed precision loss_scale npu_option validate_every save_every log_every "
    "cache iterations_per_loop threads workers tf_threads on_damaged"
).split()
# Settings that each rank of a training may have of its own.
OF_A_RANK = "output_path data_path cache threads workers tf_threads on_damaged save_every log_every".split()
# What runs did that say nothing of it: there was no choice.
BEFORE = {"ranks": 1, "recipe.score_stride": 8, "recipe.logit_adjustment": 0.0}
MOST_STEPS = 10**9
LENGTHS = ("validate_every", "save_every", "log_every", "total_steps")


def _nothing(line: str) -> None:
    pass


@dataclass(frozen=True)
class Settings:
    """What a training does. Sizes in pixels, lengths in steps; `ignored` and `class_weights` by class id."""

    data_path: str
    output_path: str
    total_steps: int
    batch_size: int
    height: int
    width: int
    frontend: str
    weights: str
    recipe: Recipe
    augmentation: Augmentation
    learning_rate: Plan
    momentum: float
    weight_decay: float
    class_weights: Optional[Tuple[float, ...]]
    ignored: Tuple[int, ...]
    device: str
    precision: str
    loss_scale: Union[str, float]
    npu_option: Tuple[str, ...]
    distributed: str
    ranks: int
    seed: int
    validate_every: int
    save_every: int
    log_every: int
    cache: str
    on_damaged: str
    iterations_per_loop: int
    threads: int
    workers: int
    tf_threads: Optional[int]

    def document(self) -> Dict[str, Any]:
        """The settings as JSON."""
        return json.loads(json.dumps(dict(asdict(self), learning_rate=self.learning_rate._asdict())))


def resolve(given: Dict[str, Any], source, say: Callable[[str], None] = _nothing, ranks: int = 1) -> Settings:
    """Settings from the flags that were given and the training frames; ToolkitError says which value cannot be. `say`
    gets a line about what is not as one may think. ranks: that each take a batch a step."""
    if "train_epochs" in given and "train_steps" in given:
        raise ToolkitError("--train_epochs and --train_steps are both given", remedy="give one of them")
    recipe = _recipe(given, say)
    chosen = augmentations.named(given.get("augment", recipe.augment))
    batch_size = given.get("batch_size", 8)
    if batch_size < 2:
        raise ToolkitError(
            "--batch_size 1 cannot train: the attention modules normalise one value a channel and frame",
            remedy="use at least 2",
        )
    height, width = sizes.training_size(source, given.get("height", recipe.height), given.get("width", recipe.width))
    a_step = batch_size * ranks
    per_epoch = -(-len(source) // a_step)
    total = given.get("train_steps") or max(1, round(given.get("train_epochs", recipe.epochs) * len(source) / a_step))
    lengths = _lengths(given, total, per_epoch, say)
    total = lengths["total_steps"]
    if total > MOST_STEPS:
        raise ToolkitError("%.3g steps are more than can be counted" % total, remedy="give fewer --train_epochs")
    ignored = _ignored(recipe, source.classes)
    if len(ignored) == len(source.classes):
        raise ToolkitError("no class is left to learn: all are ignored", where=source.path)
    base = given.get("learning_rate", recipe.learning_rate)
    device, frontend = given.get("device", "auto"), _frontend(given, recipe)
    weights = pretrained.resolve(given.get("weights", pretrained.AUTO), frontend)
    if recipe.name == "pretrained" and weights == pretrained.NONE:
        text = "recipe pretrained is made for ImageNet weights, and %s has none here (%s); scratch is made for that"
        say(text % (frontend, pretrained.INSTALL))
    precision = given.get("precision", MIXED if device == "npu" else FLOAT32)
    return Settings(
        data_path=os.path.abspath(given["data_path"]),
        output_path=given["output_path"],
        batch_size=batch_size,
        height=height,
        width=width,
        frontend=frontend,
        weights=weights,
        recipe=recipe,
        augmentation=chosen,
        learning_rate=Plan(base, total, min(recipe.warm_up, total // 10), recipe.schedule, recipe.power),
        momentum=given.get("momentum", recipe.momentum),
        weight_decay=given.get("weight_decay", recipe.weight_decay),
        class_weights=class_weights.resolve(given.get("class_weights", recipe.class_weights), source),
        ignored=ignored,
        device=device,
        precision=precision,
        loss_scale=given.get("loss_scale", DYNAMIC if precision == MIXED else NO_SCALE),
        npu_option=tuple(given.get("npu_option", ())),
        distributed=given.get("distributed", "none"),
        ranks=ranks,
        seed=given.get("seed", 123),
        cache=_cache(given.get("cache", sources.NONE)),
        on_damaged=given.get("on_damaged", "stop"),
        iterations_per_loop=given.get("iterations_per_loop", 1),
        threads=given.get("threads", os.cpu_count() or 1),
        workers=given.get("workers", 0),
        tf_threads=given.get("tf_threads"),
        **lengths,
    )


def _frontend(given: Dict[str, Any], recipe: Recipe) -> str:
    """The flag's; else that of the run whose weights are taken; else the recipe's."""
    if "frontend" in given:
        return given["frontend"]
    run = pretrained.run_of(given.get("weights", pretrained.AUTO))
    return recipe.frontend if run is None else run.settings["frontend"]


def _lengths(given: Dict[str, Any], total: int, per_epoch: int, say: Callable[[str], None]) -> Dict[str, int]:
    """Lengths in steps, each rounded up to whole calls, which `say` is told."""
    per_call = given.get("iterations_per_loop", 1)
    every = dict(zip(LENGTHS, (per_epoch, per_epoch, 10)))
    lengths = dict({name: given.get(name, default) for name, default in every.items()}, total_steps=total)
    whole = {name: -(-length // per_call) * per_call for name, length in lengths.items()}
    changed = [
        "%s %d (for %d)" % (name, whole[name], length) for name, length in lengths.items() if whole[name] != length
    ]
    if changed:
        say("a call makes %d steps: %s" % (per_call, ", ".join(changed)))
    return whole


def require_frontend(name: str) -> None:
    """ToolkitError where there is no such frontend. Apart from `resolve`, since it imports TensorFlow."""
    from net.frontends import FRONTENDS

    if name not in FRONTENDS:
        raise ToolkitError("no frontend '%s'" % name, remedy="there are %s" % ", ".join(sorted(FRONTENDS)))


def default_output_path() -> str:
    """output/<ASCEND_DEVICE_ID or 0>, the model zoo's place."""
    return os.path.join("output", flags.device_id())


def _recipe(given: Dict[str, Any], say: Callable[[str], None]) -> Recipe:
    """The recipe that is named; by default the one for pretrained weights, where there are some for the frontend."""
    name = given.get("recipe", recipes.DEFAULT)
    if name == recipes.DEFAULT:
        frontend = given.get("frontend", recipes.RECIPES["pretrained"].frontend)
        has_weights = pretrained.resolve(given.get("weights", pretrained.AUTO), frontend) != pretrained.NONE
        name = "pretrained" if has_weights else "scratch"
        if not has_weights and "frontend" not in given and "weights" not in given:
            say("no ImageNet weights are installed: training from nothing (%s brings some)" % pretrained.INSTALL)
    try:
        if isinstance(name, dict):  # a resumed run's own, whatever is called so by now
            return recipes.from_document(name)
        return recipes.read(name)
    except (ValueError, TypeError) as error:
        raise ToolkitError(str(error)) from None


def _cache(cache: str) -> str:
    """A folder by its absolute path."""
    return cache if cache in (sources.NONE, sources.MEMORY) else os.path.abspath(cache)


def _ignored(recipe: Recipe, classes: ClassTable) -> Tuple[int, ...]:
    if recipe.ignored is None:
        return classes.void_ids()
    missing = [name for name in recipe.ignored if name not in classes.names]
    if missing:
        raise ToolkitError(
            "recipe %s ignores the class %s, which the data has not" % (recipe.name, missing[0]),
            remedy="it has: %s" % ", ".join(classes.names),
        )
    return tuple(classes.names.index(name) for name in recipe.ignored)


def differences(old: Dict[str, Any], new: Dict[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    """Settings that would make a resumed run another one: name -> (saved, wanted); a record's part as `record.part`."""
    old, new = dict(BEFORE, **_flat(old)), _flat(new)
    return {n: (old.get(n), new.get(n)) for n in sorted(set(old) | set(new)) if old.get(n) != new.get(n)}


def alike(settings: Settings) -> Dict[str, Any]:
    """The settings that have to be the same of all ranks."""
    return {name: value for name, value in settings.document().items() if name not in OF_A_RANK}


def _flat(document: Dict[str, Any]) -> Dict[str, Any]:
    found = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found.update({"%s.%s" % (name, part): inner for part, inner in value.items()})
        elif name not in FREE:
            found[name] = value
    return found
