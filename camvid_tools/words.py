"""Words for people: numbers with their nouns, commands as one would type them."""

import shlex
from typing import Sequence


def counted(number: int, noun: str) -> str:
    """`1 frame`, `1,203 frames`."""
    return "{:,} {}{}".format(number, noun, "" if number == 1 else "s")


def typed(words: Sequence[str]) -> str:
    """A command that a shell takes apart into these words again."""
    return " ".join(map(shlex.quote, words))
