"""The augmentation that a flag or a recipe names."""

from augment.augmentation import NAMED, Augmentation, read
from camvid_tools.errors import ToolkitError

__all__ = ["NAMED", "Augmentation", "named"]


def named(name_or_file: str) -> Augmentation:
    """The augmentation of that name, or in that JSON file; ToolkitError says what is wrong and what exists."""
    try:
        return read(name_or_file)
    except ValueError as error:
        raise ToolkitError(str(error)) from None
