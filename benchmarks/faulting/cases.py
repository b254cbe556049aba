"""Single faults, each with what has to come of it. A case returns a sentence, or fails with an AssertionError."""

import contextlib
import glob
import os
import resource
import shutil
import signal
import subprocess
import time
from typing import Callable, Dict, Iterator, List, Tuple

from camvid_tools.errors import ToolkitError
from eval import runfolder

from .jobs import JOBS, Ended, Job, Place, kill, run, start, train
from .kills import Undisturbed, fresh

Case = Tuple[str, Callable[[], str]]
MOST_SMALL = 3000  # bytes that a file may have in the small cases: less than any result


class Skipped(Exception):
    """Why a case cannot be tried here."""


def cases(place: Place, whole: Dict[str, Undisturbed]) -> List[Case]:
    """All of them, with their names."""
    found: List[Case] = []
    for name, job in ((name, JOBS[name]) for name in whole):
        found.append(("%s, no room for a file's end" % name, lambda j=job: _limited(j, place, whole)))
        found.append(("%s, a full disk" % name, lambda j=job: _full_disk(j, place, whole)))
        found.append(("%s, a target that cannot be written" % name, lambda j=job: _read_only(j, place)))
    if "train" not in whole:
        return found
    found += [
        ("train, the last checkpoint truncated", lambda: _truncated(place, whole)),
        ("train, a byte of the last checkpoint changed", lambda: _changed_byte(place, whole)),
        ("train, a frame damaged, then restored", lambda: _frame(place, whole, _truncate)),
        ("train, a frame missing, then restored", lambda: _frame(place, whole, os.remove)),
        ("train, another label on resuming", lambda: _changed(place, whole)),
        ("train, two at once into one folder", lambda: _two(place, whole)),
    ]
    return found


def _one_line(ended: Ended, codes: Tuple[int, ...]) -> str:
    """The error, which has to be one line and no traceback."""
    assert ended.code in codes, ended
    assert "Traceback" not in ended.said, ended.said
    lines = [line for line in ended.said.strip().splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1, ended.said
    return lines[0]


def _then_whole(job: Job, place: Place, whole: Dict[str, Undisturbed], says: str = "") -> str:
    """Repeated without the fault it has to end as if there had been none; says: what it has to say on the way."""
    ended = run(job.again(place))
    assert ended.code == 0 and says in ended.said, ended
    assert job.made(place.out) == whole[job.name].digest, "another result"
    return "the same result once repeated"


def _limited(job: Job, place: Place, whole: Dict[str, Undisturbed]) -> str:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_SMALL, MOST_SMALL))

    fresh(place)
    _one_line(run(job.begin(place), limit), (2, 3))
    assert job.made(place.out) is None
    return "one line, nothing under the final name; " + _then_whole(job, place, whole)


def _full_disk(job: Job, place: Place, whole: Dict[str, Undisturbed]) -> str:
    fresh(place)
    with _mounted(place.out, "size=%dk" % (whole[job.name].kilobytes // 2)):
        _one_line(run(job.begin(place)), (2, 3))
        assert job.made(place.out) is None
        subprocess.run(["mount", "-o", "remount,size=1g", place.out], check=True)
        return "one line, nothing under the final name; with room, " + _then_whole(job, place, whole)


def _read_only(job: Job, place: Place) -> str:
    fresh(place)
    with _mounted(place.out, "size=1g"):
        subprocess.run(["mount", "-o", "remount,ro", place.out], check=True)
        _one_line(run(job.begin(place)), (2,))
        assert os.listdir(place.out) == []
    return "one line"


@contextlib.contextmanager
def _mounted(folder: str, options: str) -> Iterator[None]:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], stderr=subprocess.DEVNULL).returncode:
        raise Skipped("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _interrupted(place: Place) -> str:
    """A run folder with two checkpoints, killed before its end."""
    fresh(place)
    folder = os.path.join(place.out, "run")
    process = start(train(place))
    while len({checkpoint.step for checkpoint in runfolder.checkpoints(folder)}) < 2:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    kill(process)
    return folder


def _truncate(path: str) -> None:
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)


def _truncated(place: Place, whole: Dict[str, Undisturbed]) -> str:
    folder = _interrupted(place)
    last = runfolder.checkpoints(folder)[-1]
    _truncate(_data_of(last))
    before = runfolder.checkpoints(folder)[-1].step
    assert before < last.step or runfolder.checkpoints(folder)[-1].kind != last.kind
    same = _then_whole(JOBS["train"], place, whole, says=last.prefix + " is damaged")
    return "named, and went back from step %d to %d; %s" % (last.step, before, same)


def _changed_byte(place: Place, whole: Dict[str, Undisturbed]) -> str:
    last = runfolder.checkpoints(_interrupted(place))[-1]
    with open(_data_of(last), "r+b") as file:
        file.seek(1000)
        byte = file.read(1)[0]
        file.seek(1000)
        file.write(bytes([byte ^ 1]))
    line = _one_line(run(JOBS["train"].again(place)), (2,))
    assert "remove %s.*" % last.prefix in line, line
    for path in glob.glob(last.prefix + ".*"):
        os.remove(path)
    return "one line that says to remove it; removed, " + _then_whole(JOBS["train"], place, whole)


def _data_of(checkpoint: runfolder.Checkpoint) -> str:
    return os.path.join(os.path.dirname(checkpoint.prefix), sorted(checkpoint.about["files"])[0])


def _frame(place: Place, whole: Dict[str, Undisturbed], damage: Callable[[str], None]) -> str:
    fresh(place)
    path = _a_file(place.split, "train")
    with _restored(path):
        damage(path)
        line = _one_line(run(train(place)), (2, 3))
        assert os.path.basename(path).split(".")[0] in line, line
        assert not os.path.exists(os.path.join(place.out, "run"))
    return "one line with its name; " + _then_whole(JOBS["train"], place, whole)


def _changed(place: Place, whole: Dict[str, Undisturbed]) -> str:
    _interrupted(place)
    path = _a_file(place.split, "train_labels")
    with _restored(path):
        shutil.copy(_a_file(place.split, "train_labels", 1), path)
        _one_line(run(JOBS["train"].again(place)), (2,))
    return "refused in one line; restored, " + _then_whole(JOBS["train"], place, whole)


def _a_file(split: str, folder: str, number: int = 0) -> str:
    return os.path.join(split, folder, sorted(os.listdir(os.path.join(split, folder)))[number])


@contextlib.contextmanager
def _restored(path: str) -> Iterator[None]:
    """The file as it was, with its time, when all is done."""
    kept = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(path))), "kept")
    shutil.copy2(path, kept)
    try:
        yield
    finally:
        os.replace(kept, path)


def _two(place: Place, whole: Dict[str, Undisturbed]) -> str:
    fresh(place)
    both = [start(train(place)) for _ in range(2)]
    ended = [Ended(process.returncode, said.decode()) for process, said in ((p, p.communicate()[1]) for p in both)]
    good = [one for one in ended if one.code == 0]
    assert len(good) == 1, ended
    _one_line(next(one for one in ended if one.code), (2,))
    assert JOBS["train"].made(place.out) == whole["train"].digest
    return "one goes on, the other is refused in one line"


def tried(case: Case) -> str:
    """How a case ended, in words."""
    try:
        return case[1]()
    except Skipped as reason:
        return "not tried: %s" % reason
    except (AssertionError, ToolkitError, subprocess.CalledProcessError) as failure:
        return "FAILED: %s" % failure
