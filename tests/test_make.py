"""make/environment.sh with a pip that only notes what it is asked for: when it builds, when not, and what it says."""

import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STACK = "tf1" if sys.version_info[:2] == (3, 7) else "tf2"
PIP = """
import os, sys
with open(os.environ["PIP_NOTES"], "a") as notes:
    notes.write(" ".join(sys.argv[1:]) + "\\n")
sys.exit(int(os.environ.get("PIP_FAILS", 0)))
"""


class Checkout:
    """A checkout's make folder and pins, and a machine with this Python alone."""

    def __init__(self, tmp_path):
        self.folder, self.notes = tmp_path / "a b", tmp_path / "notes.txt"
        shutil.copytree(os.path.join(HERE, "make"), str(self.folder / "make"))
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(os.path.join(HERE, name), str(self.folder))
        (tmp_path / "stub" / "pip").mkdir(parents=True)
        (tmp_path / "stub" / "pip" / "__init__.py").write_text("")
        (tmp_path / "stub" / "pip" / "__main__.py").write_text(PIP)
        self.bin = tmp_path / "bin"
        self.bin.mkdir()
        name = "python%d.%d" % sys.version_info[:2]
        (self.bin / name).symlink_to(os.path.realpath(sys.executable))
        self.environment = {
            "PATH": "%s:/usr/bin:/bin" % self.bin,
            "HOME": str(tmp_path),
            "PYTHONPATH": str(tmp_path / "stub"),
            "PIP_NOTES": str(self.notes),
        }

    def build(self, stack=STACK, **more):
        """(exit code, what was said, how often pip was called)"""
        self.notes.write_text("")
        ran = subprocess.run(
            ["sh", "make/environment.sh", ".venv", stack],
            cwd=str(self.folder),
            env=dict(self.environment, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return ran.returncode, ran.stdout.decode(), self.notes.read_text().count("\n")


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_set_up_is_done_once_and_again_only_when_a_pin_changed(checkout):
    code, said, calls = checkout.build()
    assert code == 0 and str(checkout.bin) in said and calls > 2
    assert checkout.build() == (0, "", 0)
    with open(str(checkout.folder / "setup.cfg"), "a") as pins:
        pins.write("\n# changed\n")
    # As a user has it who followed the demo's advice: the environment that is to be rebuilt is the active one.
    active = "%s:%s" % (checkout.folder / ".venv" / "bin", checkout.environment["PATH"])
    assert checkout.build(PATH=active)[::2] == (0, calls)
    assert checkout.build() == (0, "", 0)


def test_an_install_that_fails_says_where_to_look_and_is_done_again(checkout):
    code, said, _ = checkout.build(PIP_FAILS="1")
    assert code == 1 and ".venv.log" in said and "run the same command again" in said
    code, said, calls = checkout.build()
    assert code == 0 and calls > 2 and not (checkout.folder / ".venv.log").exists()


def test_without_a_usable_python_it_says_what_is_needed(checkout):
    for name in os.listdir(str(checkout.bin)):
        os.remove(str(checkout.bin / name))
        (checkout.bin / name).write_text(
            "#!/bin/sh\necho no such version >&2\nexit 127\n"
        )  # a shim that selects nothing
        os.chmod(str(checkout.bin / name), 0o755)
    code, said, calls = checkout.build("tf1", PATH=str(checkout.bin) + ":" + _without_python(checkout))
    assert code == 2 and calls == 0 and "3.7" in said and "STACK=tf2" in said


def _without_python(checkout):
    """A folder with the few programs that the script needs, and no Python."""
    folder = checkout.folder / "programs"
    folder.mkdir()
    for name in ("sh", "uname", "dirname", "cat", "sed", "cmp", "rm", "mv", "tail"):
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)
