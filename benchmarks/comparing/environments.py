"""One virtual environment a system, made by pip as this machine has set it up, and the interpreters of the toolkit."""

import glob
import os
import shutil
import subprocess
import sys
from typing import Dict, List, Optional, Sequence

from . import ROOT

MINORS = (11, 12)  # for which all of the systems have wheels
INSTALL_LIMIT_S = 1800
LINES_KEPT = 12  # of pip's output, where installing fails


class NotInstalled(Exception):
    """Why a system cannot be had here, in a line."""


def interpreter(wanted: Optional[str] = None) -> str:
    """A Python for the systems' environments: the wanted one, or the first that is found and can make environments."""
    for candidate in [wanted] if wanted else _candidates():
        code = "import sys, venv, ensurepip; print(sys.version_info[:2] in %r)" % ([(3, minor) for minor in MINORS],)
        try:
            answer = subprocess.run([candidate, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except OSError:
            continue
        if answer.returncode == 0 and (wanted or answer.stdout.split() == [b"True"]):
            return candidate
    raise NotInstalled("no Python 3.11 or 3.12 with its venv module was found; name one with --interpreter")


def _candidates() -> List[str]:
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    found = []
    for minor in MINORS:
        found += sorted(glob.glob(os.path.join(pyenv, "versions", "3.%d*" % minor, "bin", "python")))
        found.append("python3.%d" % minor)
    if shutil.which("uv"):
        for minor in MINORS:
            answer = subprocess.run(["uv", "python", "find", "3.%d" % minor], stdout=subprocess.PIPE)
            found += answer.stdout.decode().split()[:1]
    return found


def environment(folder: str, requirements: Sequence[str], python: str) -> str:
    """The interpreter of the environment `folder` with `requirements`, made where it is not there yet as asked for."""
    inside, stamp = os.path.join(folder, "bin", "python"), os.path.join(folder, ".stamp")
    asked = "\n".join([python] + list(requirements))
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == asked:
        return inside
    shutil.rmtree(folder, ignore_errors=True)
    print("installing %s" % ", ".join(requirements), file=sys.stderr, flush=True)
    _run([python, "-m", "venv", folder])
    for requirement in requirements:  # one by one: a package that is compiled may ask for those before it
        _run([inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement])
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(asked)
    return inside


def _run(words: Sequence[str]) -> None:
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=INSTALL_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise NotInstalled("%s took more than %d s" % (words[-1], INSTALL_LIMIT_S)) from None
    if done.returncode:
        lines = [line.strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if "Error: " in line] or [line for line in lines if "rror" in line] or lines
        print("\n".join(lines[-LINES_KEPT:]), file=sys.stderr)
        raise NotInstalled("%s does not install: %s" % (words[-1], errors[-1] if errors else "no word why"))


def toolkit(wanted: Sequence[str]) -> Dict[str, str]:
    """{TensorFlow's version: interpreter} of the wanted interpreters, or of those that this checkout holds."""
    made = [os.path.join(ROOT, name, "bin", "python") for name in (".venv", ".venv-tf2")]
    code = "import tensorflow as tf; print('version', tf.__version__)"
    found = {}
    for python in wanted or dict.fromkeys([sys.executable] + [path for path in made if os.path.exists(path)]):
        answer = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        words = answer.stdout.decode().split()
        if answer.returncode == 0 and words[:1] == ["version"]:
            found.setdefault(words[1], python)
    if not found:
        raise NotInstalled("no interpreter of the toolkit with TensorFlow was found; name one with --python")
    return found
