"""TensorFlow's own start-up lines, kept from the terminal unless the user asked for them."""

import os
import warnings


def hush_tensorflow() -> None:
    """Call before TensorFlow is first imported. TF_CPP_MIN_LOG_LEVEL set by the user stands."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    warnings.filterwarnings("ignore", category=FutureWarning, module=r".*tensor(flow|board).*")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r".*tensorflow.*")


def hush_deprecations() -> None:
    """Call after TensorFlow is imported: its warnings about its own version 1 symbols say nothing to our users."""
    import logging

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
