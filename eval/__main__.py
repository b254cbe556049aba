"""python -m eval: score a trained run."""

import sys
from typing import Optional, Sequence

from camvid_tools import console
from pipeline.quiet import import_tensorflow

from .cli import build_parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of python -m eval and camvid-eval. TensorFlow is imported after the flags are parsed."""

    def body(options, out: console.Console) -> int:
        if not options.predictions:
            import_tensorflow()
        from .command import run

        return run(options, out)

    return console.run(build_parser(), body, argv)


if __name__ == "__main__":
    sys.exit(main())
