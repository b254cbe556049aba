"""kill -9 at random moments, then the same command once more: the result has to be that of an undisturbed one."""

import os
import random
import shutil
import subprocess
import time
from typing import Callable, Dict, List, NamedTuple, Tuple

from .jobs import JOBS, Job, Place, kill, run, start


class Undisturbed(NamedTuple):
    """What a job makes when it is left alone, how long it takes, and how large it is."""

    digest: str
    seconds: float
    kilobytes: int


class Count(NamedTuple):
    """Of one job: kills that met it, kills that came after its end, ends that differed."""

    met: int = 0
    late: int = 0
    differed: int = 0


def undisturbed(job: Job, place: Place) -> Undisturbed:
    """Run it twice; AssertionError where the two results differ."""
    digests = []
    for _ in range(2):
        fresh(place)
        begin = time.monotonic()
        ended = run(job.begin(place))
        seconds = time.monotonic() - begin
        assert ended.code == 0, ended.said
        digests.append(job.made(place.out))
    assert digests[0] is not None and digests[0] == digests[1], job.name
    return Undisturbed(digests[0], seconds, _kilobytes(place.out))


def _kilobytes(folder: str) -> int:
    sizes = [os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(folder) for name in names]
    return sum(sizes) // 1024


def fresh(place: Place) -> None:
    """An empty folder for results."""
    shutil.rmtree(place.out, ignore_errors=True)
    os.makedirs(place.out)


def campaign(
    kills: int, seed: int, place: Place, whole: Dict[str, Undisturbed], say: Callable[[str], None]
) -> Dict[str, Count]:
    """`kills` kills, spread evenly over the jobs in `whole`, each at a moment drawn evenly from its length."""
    draw = random.Random(seed)
    counts = {name: Count() for name in whole}
    names: List[str] = list(whole)
    for number in range(kills):
        name = names[number % len(names)]
        met, same = _once(JOBS[name], whole[name], draw.random() * whole[name].seconds, place)
        count = counts[name]
        counts[name] = Count(count.met + met, count.late + (not met), count.differed + (not same))
        if (number + 1) % 10 == 0:
            say("%d of %d kills" % (number + 1, kills))
    return counts


def _once(job: Job, whole: Undisturbed, after: float, place: Place) -> Tuple[bool, bool]:
    """Whether the kill met it, and whether all that stood there afterwards, and in the end, was as it should be."""
    fresh(place)
    process = start(job.begin(place))
    try:
        process.wait(after)
        met = False
    except subprocess.TimeoutExpired:
        met = True
    kill(process)
    try:
        left = job.made(place.out)  # nothing half-written stands under its name
        assert left in (None, whole.digest), "left %s" % left
        ended = run(job.again(place))
        assert ended.code == 0, ended
        assert job.made(place.out) == whole.digest, "another result"
    except AssertionError as difference:
        print("%s, killed after %.2f s: %s" % (job.name, after, difference), flush=True)
        return met, False
    return met, True
