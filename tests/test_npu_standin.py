"""The card that the tests play: it does what the adapter's sources say, above all where the real one fails silently."""

import json
import os
import subprocess
import sys

import pytest

import standins
from standins import on_the_cards_stack
from test_pipeline_npu import RELEASES, parameters, recorded  # noqa: F401

pytestmark = on_the_cards_stack
CALLABLES = {
    "npu_bridge.estimator.npu.util": (
        "set_iteration_per_loop",
        "IterationPerLoop.create_iteration_per_loop_var",
        "IterationPerLoop.load_iteration_per_loop_var",
    ),
    "npu_bridge.estimator.npu.npu_scope": ("keep_dtype_scope",),
    "npu_bridge.estimator.npu.npu_loss_scale_manager": (
        "FixedLossScaleManager.__init__",
        "ExponentialUpdateLossScaleManager.__init__",
    ),
    "npu_bridge.estimator.npu.npu_loss_scale_optimizer": (
        "NPULossScaleOptimizer.__init__",
        "NPULossScaleOptimizer.apply_gradients",
    ),
    "npu_bridge.estimator.npu.npu_optimizer": ("NPUDistributedOptimizer.__init__",),
    "npu_bridge.hccl.hccl_ops": ("allreduce", "broadcast"),
}
SHOW = """
import importlib, inspect, json, sys
found = {}
for module, names in json.loads(sys.argv[1]).items():
    for name in names:
        one = importlib.import_module(module)
        for part in name.split("."):
            one = getattr(one, part)
        taken = inspect.signature(inspect.unwrap(one)).parameters.values()
        found[module + " " + name] = {p.name: None if p.default is p.empty else repr(p.default) for p in taken}
json.dump(found, sys.stdout)
"""


def output(words, folder):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=standins.environ(folder))
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout.decode())


def test_its_signatures_are_part_of_those_of_every_release(recorded, tmp_path):  # noqa: F811
    found = output([sys.executable, "-c", SHOW, json.dumps(CALLABLES)], tmp_path)
    assert len(found) == 11
    for place, ours in found.items():
        module, name = place.split()
        for release in RELEASES:
            text = recorded[release][module][name]
            theirs = dict(zip(parameters(text), text[text.index("(") + 1 : text.rindex(")")].split(", ")))
            assert [p for p in parameters(text) if p in ours] == list(ours), "%s of %s takes %s" % (name, release, text)
            for parameter, default in ours.items():
                if default is not None and "fusion" not in parameter:
                    assert theirs[parameter] == "%s=%s" % (parameter, default), (release, place)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    environment = standins.environ(folder)
    environment["PYTHONPATH"] += os.pathsep + standins.HERE
    done = subprocess.run(
        [sys.executable, os.path.join(standins.HERE, "played.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout.decode().splitlines()[-1])


def test_a_sound_call_makes_all_its_steps_on_batches_of_their_own(played):
    assert played["sound"] == [4, 1 + 2 + 3 + 4]


@pytest.mark.parametrize(
    "fault",
    [
        "in a variable scope",
        "in a name scope",
        "made twice",
        "never loaded",
        "the train op itself",
        "local variables initialised again",
        "a dynamic shape",
        "no word in the session",
        "mixed compilation",
        "on the host",
        "a key read into existence",
        "a parameter server",
        "a misspelt key",
    ],
)
def test_one_condition_that_is_missed_leaves_one_step_a_call(played, fault):
    assert played[fault] == [1, 1]


def test_data_from_the_host_are_one_batch_for_all_steps_of_a_call(played):
    assert played["data from the host"] == [4, 4 * 1]


def test_variables_that_are_initialised_beside_an_iterator_stay_zero(played):
    assert played["variables beside an iterator"] == [0, 0]


@pytest.mark.parametrize(
    "fault, text",
    [
        ("an iterator that was not started", "E30008"),
        ("a one-shot iterator", "iterator_per_loop only support 1 when using OneShotIterator"),
        ("no steps a call", "iterator_per_loop should be int and must >= 1"),
    ],
)
def test_what_the_card_refuses_ends_in_its_own_words(played, fault, text):
    assert text in played[fault]


def test_an_overflow_skips_the_update_and_the_step_and_two_halve_the_scale(played):
    assert played["overflow by hand"] == [[1, 0.75, 2**15], [1, 0.75, 2**15], [1, 0.75, 2**14], [2, 0.5, 2**14]]


def test_where_overflow_gives_infinities_the_step_stands_still_but_for_ours(played):
    assert played["infinities"] == [0, 2]


def test_an_error_of_the_data_stands_in_the_log_alone(played):
    said, logged = played["a frame that is lost"]
    assert logged and "GEOP::::DoRunAsync Failed" in said and "0001TP" not in said


def test_that_a_model_was_compiled_is_told_at_the_level_of_information(played):
    assert [played[name] for name in ("the line", "the line, hidden", "the line, on the host")] == [True, False, False]
