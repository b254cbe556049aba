"""The one module that knows the adapter calls only what every release has, by names that every release gives."""

import ast
import json
import os

import pytest

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIGNATURES = os.path.join(os.path.dirname(HERE), "shared", "npu_bridge_signatures.json")
RELEASES = ("r1.2.0", "r1.8.0", "r1.15.0", "master")


@pytest.fixture(scope="module")
def tree():
    with open(os.path.join(HERE, "pipeline", "npu.py"), encoding="utf-8") as file:
        return ast.parse(file.read())


@pytest.fixture(scope="module")
def recorded():
    if not os.path.exists(SIGNATURES):
        pytest.skip("the recorded signatures of npu_bridge are not here")
    with open(SIGNATURES, encoding="utf-8") as file:
        return json.load(file)


def imports(tree):
    """Local name -> dotted name of all that is imported from the adapter."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("npu_bridge"):
            for name in node.names:
                found[name.asname or name.name] = "%s.%s" % (node.module, name.name)
    return found


def calls(tree):
    """(dotted name of a module or None, name, call) for each call into the adapter."""
    known = imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in known:
                module, name = known[node.func.id].rsplit(".", 1)
                yield module, name, node
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                if node.func.value.id in known:
                    yield known[node.func.value.id], node.func.attr, node
            elif isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_iteration_per_loop_var"):
                yield "npu_bridge.estimator.npu.util", "IterationPerLoop." + node.func.attr, node


def parameters(text):
    """The names in a recorded signature such as `(self, opt, is_distributed=False)`."""
    inside = text[text.index("(") + 1 : text.rindex(")")]
    return [part.split("=")[0].strip() for part in inside.split(",")]


def test_every_call_exists_in_every_release_with_the_names_that_it_is_given(tree, recorded):
    seen = set()
    for module, name, node in calls(tree):
        seen.add(name)
        for release in RELEASES:
            there = recorded[release][module]
            text = there.get(name + ".__init__", there.get(name))
            assert text is not None, "%s has no %s.%s" % (release, module, name)
            assert not node.args, "%s is called by position" % name
            if not text.startswith("class"):
                given = {keyword.arg for keyword in node.keywords}
                assert given <= set(parameters(text)), "%s of %s takes %s" % (name, release, text)
    assert {"NPULossScaleOptimizer", "broadcast", "allreduce", "IterationPerLoop.load_iteration_per_loop_var"} <= seen


def test_the_adapter_is_imported_by_name_within_functions_and_never_by_its_star(tree):
    inside = {
        id(node) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for node in ast.walk(function)
    }
    found = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "npu_bridge" in (node.module or "")
    ]
    assert len(found) >= 5
    for node in found:
        assert id(node) in inside
        assert all(name.name != "*" for name in node.names) and not node.module.endswith("npu_init")
