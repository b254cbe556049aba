"""The augmentation that a flag or a recipe names."""

import os

from augment import foreign
from augment.augmentation import NAMED, Augmentation, read
from camvid_tools.errors import ToolkitError

__all__ = ["NAMED", "Augmentation", "named"]


def named(name_or_file: str) -> Augmentation:
    """The augmentation of that name, or in that JSON file; ToolkitError says what is wrong and what exists."""
    try:
        found = read(name_or_file)
        if found.albumentations:
            foreign.Steps(found.albumentations)  # better now than in the middle of a training
        return found
    except ValueError as error:
        where = name_or_file if os.path.isfile(name_or_file) and name_or_file not in str(error) else None
        raise ToolkitError(str(error), where=where) from None
