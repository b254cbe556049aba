"""What the commands that run a trained network have in common: its flags, and TensorFlow imported only once they are
parsed."""

import argparse
import importlib
from typing import Optional, Sequence

from camvid_tools import console
from pipeline.quiet import import_tensorflow


def add_network(parser: argparse.ArgumentParser) -> None:
    """The flags that name a checkpoint."""
    parser.add_argument("--run", metavar="RUNFOLDER", help="a training's --output_path (default: newest under output/)")
    parser.add_argument("--checkpoint", default="best", help="best, last, or a checkpoint's name")


def main(parser: argparse.ArgumentParser, module: str, argv: Optional[Sequence[str]]) -> int:
    """Run the command whose body is `run` of a module of this package."""

    def body(options: argparse.Namespace, out: console.Console) -> int:
        import_tensorflow()
        return importlib.import_module("." + module, __package__).run(options, out)

    return console.run(parser, body, argv)
