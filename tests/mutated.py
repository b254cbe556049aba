"""Damage for tests: the bytes of a file, changed in the ways that disks, transfers and editors change them."""

import random
from typing import Callable, Dict, Iterator, Tuple


def _place(rng: random.Random, size: int) -> Tuple[int, int]:
    """A range of up to a quarter of `size` bytes."""
    start = rng.randrange(size)
    return start, min(size, start + rng.randint(1, max(1, size // 4)))


def flip(data: bytes, rng: random.Random) -> bytes:
    """One to three bits turned over."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(data: bytes, rng: random.Random) -> bytes:
    """A few bytes in a row replaced by any others."""
    start = rng.randrange(len(data))
    return data[:start] + bytes(rng.randrange(256) for _ in range(rng.randint(1, 4))) + data[start + 4 :]


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end is gone."""
    return data[: rng.randrange(len(data))]


def hole(data: bytes, rng: random.Random) -> bytes:
    """A range is gone."""
    start, end = _place(rng, len(data))
    return data[:start] + data[end:]


def zeros(data: bytes, rng: random.Random) -> bytes:
    """A range is zero, as after a crash of the file system."""
    start, end = _place(rng, len(data))
    return data[:start] + bytes(end - start) + data[end:]


def twice(data: bytes, rng: random.Random) -> bytes:
    """A range stands there twice."""
    start, end = _place(rng, len(data))
    return data[:end] + data[start:]


def swapped(data: bytes, rng: random.Random) -> bytes:
    """Two ranges changed places."""
    a, b, c, d = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def garbage(data: bytes, rng: random.Random) -> bytes:
    """Something follows the end."""
    return data + bytes(rng.randrange(256) for _ in range(rng.randint(1, 60)))


WAYS: Dict[str, Callable[[bytes, random.Random], bytes]] = {
    way.__name__: way for way in (flip, overwrite, cut, hole, zeros, twice, swapped, garbage)
}


def mutations(data: bytes, count: int, key: str) -> Iterator[Tuple[str, bytes]]:
    """`count` damaged copies, each with words that name it; the same ones for the same key."""
    ways = list(WAYS)
    for number in range(count):
        way = ways[number % len(ways)]
        yield "%s %d, %s" % (key, number, way), WAYS[way](data, random.Random("%s %d" % (key, number)))
