"""TensorFlow's own start-up lines, kept from the terminal unless the user asked for them."""

import contextlib
import importlib.util
import logging
import os
import sys
import warnings
from typing import Iterator

_ASKED = "TF_CPP_MIN_LOG_LEVEL"


def import_tensorflow() -> None:
    """Import TensorFlow for the first time without its banner. A user who set TF_CPP_MIN_LOG_LEVEL hears everything."""
    if "tensorflow" in sys.modules or _ASKED in os.environ:
        return
    # Where Ascend's adapter is, a line of information is the only word on whether anything ran on its card.
    has_adapter = importlib.util.find_spec("npu_bridge") is not None
    os.environ[_ASKED] = "0" if has_adapter else "3"  # else the GPU build of 1.15 calls it an error that there is none
    warnings.filterwarnings("ignore", category=FutureWarning, module=r".*tensor(flow|board).*")
    with _silent_stderr():  # some lines are written before TensorFlow's logging looks at any setting
        import tensorflow.compat.v1 as tf  # noqa: F401
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its warnings about version 1 symbols


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Nothing written to file descriptor 2 arrives, not even from C++; Python's errors are shown afterwards."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
