"""The flags of python -m train: one table, from which the parser, --help and the README's table are made."""

import argparse
import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

from camvid_tools import console
from camvid_tools.errors import ToolkitError
from pipeline import npu_options
from pipeline.precision import DYNAMIC, FLOAT32, MIXED, NO_SCALE


class Flag(NamedTuple):
    """One flag. `default` is shown to people; a flag that was not given stays None until settings are resolved."""

    name: str
    default: str
    help: str
    kind: Optional[Callable] = str
    choices: Optional[Tuple[str, ...]] = None
    several: bool = False


def number(kind: Callable, least: float, most: float, what: str) -> Callable[[str], Any]:
    """A converter for argparse: text to an int or float within bounds; else one line that says what is due."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:  # NaN is within no bounds
            raise argparse.ArgumentTypeError("%r is not %s" % (text, what))
        return value

    return convert


positive = number(int, 1, 10**9, "a whole number from 1 to 1,000,000,000")
_count = number(int, 0, 10**9, "a whole number from 0 to 1,000,000,000")
_amount = number(float, 1e-30, 1e30, "a number above 0")
_rate = number(float, 0, 1e30, "a number of 0 or more")
_share = number(float, 0, 1 - 1e-9, "a number from 0 to below 1")
_whole = number(int, -(2**63), 2**63 - 1, "a whole number of 64 bits")
_factor = number(float, 1, 2.0**126, "none, dynamic or a factor of at least 1")


def _scale(text: str) -> Union[str, float]:
    return text if text in (NO_SCALE, DYNAMIC) else _factor(text)


def npu_option(text: str) -> str:
    """KEY=VALUE, once it is known to be one of the adapter's options."""
    try:
        npu_options.parse(text)
    except ToolkitError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None
    return text


FLAGS = (
    Flag("data_path", "needed", "split folder or packed file"),
    Flag("output_path", "output/0", "run folder; its last part is $ASCEND_DEVICE_ID where that is set"),
    Flag("train_epochs", "the recipe's", "length of the training; or:", _amount),
    Flag("train_steps", "by the epochs", "length in optimiser steps", positive),
    Flag("batch_size", "8", "images a step, at least 2", positive),
    Flag("height", "the recipe's, or by the data", "of the crop, a multiple of 32", positive),
    Flag("width", "the recipe's, or by the data", "of the crop, a multiple of 32", positive),
    Flag("frontend", "the recipe's", "network of the context path"),
    Flag("weights", "auto", "pretrained ones: a file, none, or auto, an installed package's"),
    Flag("recipe", "default", "named training settings, or a JSON file"),
    Flag("augment", "the recipe's", "named augmentation, or a JSON file"),
    Flag("learning_rate", "the recipe's", "of the first step after warm-up", _amount),
    Flag("momentum", "the recipe's", "of SGD and RMSProp, beta1 of Adam", _share),
    Flag("weight_decay", "the recipe's", "on convolution kernels", _rate),
    Flag(
        "class_weights",
        "the recipe's",
        "none, a formula of camvid-check, a JSON file: class name -> weight, or FILE[:FORMULA] of its --statistics",
    ),
    Flag("device", "auto", "where the network runs", choices=("auto", "cpu", "gpu", "npu")),
    Flag("precision", "mixed on npu, else float32", "of convolutions", choices=(MIXED, FLOAT32)),
    Flag("loss_scale", "dynamic where precision is mixed, else none", "none, dynamic or a factor", _scale),
    Flag(
        "npu_option", "none", "KEY=VALUE: a further option of Ascend's adapter, several times", npu_option, None, True
    ),
    Flag(
        "distributed",
        "none",
        "how several ranks of one training reach each other: Ascend cards by hccl, hosts by horovod",
        choices=("none", "hccl", "horovod"),
    ),
    Flag("seed", "123", "of weights, order and augmentation", _whole),
    Flag("resume", "off", "go on from the run folder's newest checkpoint", None),
    Flag("overwrite", "off", "remove the run that the folder holds", None),
    Flag("validate_every", "once an epoch", "steps between validations", positive),
    Flag("save_every", "once an epoch", "steps between checkpoints", positive),
    Flag("log_every", "10", "steps between log lines", positive),
    Flag("cache", "none", "keep decoded frames of a split folder: memory, or a folder on a fast disk to keep them in"),
    Flag("on_damaged", "stop", "what to do about an unreadable frame", choices=("stop", "replace")),
    Flag("iterations_per_loop", "1", "steps a call; lengths become multiples of it", positive),
    Flag("threads", "all cores", "that make batches", positive),
    Flag("workers", "0", "processes that make batches, instead of threads, which then serve validation alone", _count),
    Flag("tf_threads", "TensorFlow's choice", "that compute the network", positive),
    Flag(
        "profile",
        "none",
        "chrome trace of step 10, or the last, to this file; on npu the card's profile to this folder",
    ),
    Flag("self_test", "off", "overfit two frames to see that everything works", None),
    Flag("dry_run", "off", "resolve and print all settings, train nothing", None),
)


def build_parser() -> argparse.ArgumentParser:
    """The parser, from the table."""
    parser = console.parser(
        "python -m train",
        "Train BiSeNet on a data set in CamVid's layout.",
        "python -m train --data_path CamVid_split.h5 --output_path output/first",
    )
    for flag in FLAGS:
        text = "%s (default: %s)" % (flag.help, flag.default)
        if flag.kind is None:
            parser.add_argument("--" + flag.name, action="store_true", default=None, help=text)
        elif flag.several:
            parser.add_argument("--" + flag.name, action="append", type=flag.kind, metavar="KEY=VALUE", help=text)
        else:
            parser.add_argument("--" + flag.name, type=flag.kind, choices=flag.choices, help=text)
    return parser


def given(options: argparse.Namespace) -> Dict[str, Any]:
    """The flags that stand on the command line, by name."""
    values = {flag.name: getattr(options, flag.name) for flag in FLAGS}
    return {name: value for name, value in values.items() if value is not None}


def markdown() -> List[str]:
    """The table as the README shows it."""
    rows = ["| flag | default | meaning |", "|---|---|---|"]
    return rows + ["| `--%s` | %s | %s |" % (flag.name, flag.default, flag.help) for flag in FLAGS]


def device_id() -> str:
    """The id that names a run's log: $ASCEND_DEVICE_ID, else 0."""
    return os.environ.get("ASCEND_DEVICE_ID", "0")
