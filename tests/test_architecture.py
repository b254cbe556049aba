"""The directions of imports, and what may be imported where: DESIGN as a test."""

import ast
import configparser
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALLOWED = {
    "camvid_tools": set(),
    "augment": set(),
    "pipeline": {"camvid_tools", "augment"},
    "net": set(),
    "eval": {"camvid_tools", "pipeline", "net"},
    "train": {"camvid_tools", "pipeline", "net", "eval"},
}
MAY_KNOW_TENSORFLOW = {
    "pipeline": set(
        "tfdata.py device.py host.py hvd.py peers.py needs.py npu.py npu_marks.py bench.py quiet.py reading.py".split()
    ),
    "eval": {"runner.py", "serving.py", "exported.py"},
    "train": set(
        "graph.py calls.py loop.py checkpoint.py logs.py self_test.py command.py run_start.py graph_check.py "
        "card_graphs.py optimiser.py objective.py averages.py weights.py".split()
    ),
}
LONGEST = 300


def sources(package):
    for folder, _, names in os.walk(os.path.join(HERE, package)):
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    yield path, file.read()


def imported(text):
    """Top names of all absolute imports, also those inside functions."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            for name in node.names:
                yield node.module + "." + name.name


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_packages_import_only_in_the_directions_of_the_design(package):
    for path, text in sources(package):
        ours = {name.split(".")[0] for name in imported(text)} & set(ALLOWED)
        assert ours <= ALLOWED[package] | {package}, path


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_tensorflow_is_known_only_where_it_must_be(package):
    for path, text in sources(package):
        if package != "net" and os.path.basename(path) not in MAY_KNOW_TENSORFLOW.get(package, ()):
            assert not any(name.split(".")[0] == "tensorflow" for name in imported(text)), path


def test_only_one_module_may_know_npu_bridge():
    for package in ALLOWED:
        for path, text in sources(package):
            if not path.endswith(os.path.join("pipeline", "npu.py")):
                assert not any(name.split(".")[0] == "npu_bridge" for name in imported(text)), path


def test_every_module_can_be_imported_where_no_adapter_is():
    names = []
    for package in ALLOWED:
        for path, _ in sources(package):
            name = os.path.relpath(path, HERE)[: -len(".py")].replace(os.sep, ".")
            names.append(name[: -len(".__init__")] if name.endswith(".__init__") else name)
    assert "pipeline.npu" in names and "train.running" in names
    program = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]\n"
    program += "assert 'npu_bridge' not in sys.modules"
    subprocess.run([sys.executable, "-c", program, *names], check=True, cwd=HERE)


def test_nothing_of_tensorflow_that_only_one_stack_has():
    for package in ALLOWED:
        for path, text in sources(package):
            names = set(imported(text))
            assert not any("contrib" in name or "keras" in name for name in names), path
            assert "tensorflow" not in names, path + ": import tensorflow.compat.v1 as tf"
            assert "tf.layers" not in text and "tf.contrib" not in text, path


def test_the_installed_packages_are_all_of_ours_and_no_tests():
    setup = configparser.ConfigParser()
    setup.read(os.path.join(HERE, "setup.cfg"))
    shipped = setup["options"]["packages"].split()
    found = {os.path.dirname(path) for package in ALLOWED for path, _ in sources(package)}
    assert sorted(shipped) == sorted(os.path.relpath(folder, HERE).replace(os.sep, ".") for folder in found)


def test_files_tell_one_story():
    for package in ALLOWED:
        for path, text in sources(package):
            assert text.count("\n") <= LONGEST, path


def test_printing_is_left_to_the_console_module():
    for package in ALLOWED:
        for path, text in sources(package):
            calls = [n.func for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
            prints = any(isinstance(call, ast.Name) and call.id == "print" for call in calls)
            assert not prints or path.endswith(os.path.join("pipeline", "__main__.py")), path


WITHOUT_TENSORFLOW = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ImportError("no TensorFlow here")
sys.meta_path.insert(0, Refuse())
sys.argv[0] = "command"
from {module} import main
sys.exit(main(sys.argv[1:]))
"""
COMMANDS = ["camvid_tools.commands." + name for name in ("synth", "split", "check", "fix", "encode")]
COMMANDS += ["train.__main__", "eval.__main__", "eval.predict", "eval.export", "pipeline.__main__", "pipeline.view"]


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_answers_help_with_an_example_and_without_tensorflow(module):
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW.format(module=module), "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=HERE,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert "example:" in run.stdout.decode()


def test_a_strangers_package_in_the_current_folder_is_named_not_mixed_in(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "__init__.py").write_text("")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(tmp_path), HERE]))
    run = subprocess.run(
        [sys.executable, "-m", "camvid_tools.commands.check", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=str(tmp_path),
        env=environment,
    )
    said = run.stderr.decode()
    assert run.returncode == 2 and "'net'" in said and str(tmp_path) in said and "Traceback" not in said
