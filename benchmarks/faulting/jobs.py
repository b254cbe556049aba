"""The commands that write, each with what it makes and with what a user types once it was cut off."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import h5py

from camvid_tools import manifest
from camvid_tools.errors import ToolkitError
from eval import runfolder, runner

STEPS = 12
TRAINING = "--batch_size 2 --height 64 --width 96 --frontend xception39 --recipe scratch --augment base --threads 2"
TRAINING += " --tf_threads 1 --validate_every 5 --save_every 4 --log_every 1"


class Place(NamedTuple):
    """Where the frames and a finished run lie, and a folder for results."""

    raw: str
    split: str
    run: str
    out: str


class Job(NamedTuple):
    """A command. begin: its words; again: those with which it is repeated; made: a digest of the result, None where
    there is none, AssertionError where what stands there under its name is not whole."""

    name: str
    begin: Callable[[Place], List[str]]
    again: Callable[[Place], List[str]]
    made: Callable[[str], Optional[str]]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    said: str


def _module(name: str, *words: str) -> List[str]:
    return [sys.executable, "-m", name] + list(words)


def _split(place: Place) -> List[str]:
    words = ("--src", place.raw, "--out", os.path.join(place.out, "set"), "--allow_partial")
    return _module("camvid_tools.commands.split", *words)


def _encode(place: Place) -> List[str]:
    words = ("--src", place.split, "--out", os.path.join(place.out, "set.h5"))
    return _module("camvid_tools.commands.encode", *words)


def train(place: Place) -> List[str]:
    """A short training."""
    words = ["--data_path", place.split, "--output_path", os.path.join(place.out, "run"), "--train_steps", str(STEPS)]
    return _module("train", *(words + TRAINING.split()))


def _export(form: str, name: str) -> Callable[[Place], List[str]]:
    def words(place: Place) -> List[str]:
        out = os.path.join(place.out, name)
        return _module("eval.export", "--run", place.run, "--form", form, "--out", out)

    return words


def tree_digest(folder: str) -> str:
    """Names and bytes of all files."""
    total = hashlib.sha256()
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            total.update(os.path.relpath(path, folder).encode())
            total.update(_bytes(path))
    return total.hexdigest()


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _made_split(out: str) -> Optional[str]:
    """With a manifest, and without the mark that is taken away last, the folder is whole."""
    folder = os.path.join(out, "set")
    is_whole = os.path.exists(os.path.join(folder, manifest.FILE_NAME)) and manifest.cut_off_command(folder) is None
    return tree_digest(folder) if is_whole else None


def _made_file(name: str) -> Callable[[str], Optional[str]]:
    def made(out: str) -> Optional[str]:
        path = os.path.join(out, name)
        return hashlib.sha256(_bytes(path)).hexdigest() if os.path.exists(path) else None

    return made


def _made_packed(out: str) -> Optional[str]:
    """What the file holds; HDF5 writes the time, too."""
    path = os.path.join(out, "set.h5")
    if not os.path.exists(path):
        return None
    total = hashlib.sha256()

    def add(name: str, item: Any) -> None:
        total.update(("%s %s" % (name, sorted((key, str(value)) for key, value in item.attrs.items()))).encode())
        if isinstance(item, h5py.Dataset):
            total.update(item[()].tobytes() if item.dtype.kind != "O" else str(list(item[()])).encode())

    with h5py.File(path, "r") as file:
        add("", file)
        file.visititems(add)
    return total.hexdigest()


def _made_run(out: str) -> Optional[str]:
    """The last weights of a whole run; every checkpoint that counts as whole has to be readable."""
    found = runfolder.checkpoints(os.path.join(out, "run"))
    for checkpoint in found:
        try:
            runner.read_checkpoint(checkpoint.prefix)
        except ToolkitError as error:
            raise AssertionError(str(error)) from error
    return found[-1].about["weights_digest"] if found and found[-1].step == STEPS else None


def _made_model(out: str) -> Optional[str]:
    folder = os.path.join(out, "net")
    return tree_digest(folder) if os.path.exists(folder) else None


JOBS: Dict[str, Job] = {
    "camvid-split": Job("camvid-split", _split, _split, _made_split),
    "camvid-encode": Job("camvid-encode", _encode, _encode, _made_packed),
    "train": Job("train", train, lambda place: train(place) + ["--resume"], _made_run),
    "export frozen": Job("export frozen", *[_export("frozen", "net.pb")] * 2, made=_made_file("net.pb")),
    "export saved_model": Job("export saved_model", *[_export("saved_model", "net")] * 2, made=_made_model),
}


def run(words: List[str], prepare: Optional[Callable[[], None]] = None) -> Ended:
    """Run a command to its end; `prepare` is called in its process before it starts."""
    process = start(words, prepare)
    said = process.communicate()[1]
    return Ended(process.returncode, said.decode("utf-8", "replace"))


def start(words: List[str], prepare: Optional[Callable[[], None]] = None) -> subprocess.Popen:
    """Start a command in a process group of its own."""
    environ = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}  # set by ourselves
    return subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environ,
        start_new_session=True,
        preexec_fn=prepare,
    )


def kill(process: subprocess.Popen) -> None:
    """SIGKILL for the process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
