"""python -m train: train BiSeNet."""

import sys
from typing import Optional, Sequence

from camvid_tools import console
from pipeline.quiet import import_tensorflow

from .flags import build_parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of python -m train and camvid-train. TensorFlow is imported after the flags are parsed."""
    given = list(sys.argv[1:] if argv is None else argv)

    def body(options, out: console.Console) -> int:
        import_tensorflow()
        if options.self_test:
            from .self_test import run as run_self_test

            return run_self_test(options, out)
        from .command import run

        return run(options, out, given)

    return console.run(build_parser(), body, given)


if __name__ == "__main__":
    sys.exit(main())
