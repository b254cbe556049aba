"""The card that the tests play: it does what the adapter's sources say, above all where the real one fails silently."""

import json
import os
import subprocess
import sys

import pytest
from tensorflow.python.client import session as tf_session

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
PROBES = [sys.executable, os.path.join(standins.HERE, "probes.py")]
ALONE = """
types_of_ops reads_of_the_status rule_of_the_scale wrong_words fed_data counter_left_over report_on_ops half_precision
a_rank_that_does_not_come without_a_job
"""
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
    return told(begun(words, folder))


def begun(words, folder, **more):
    """A process that finds the stand-in, started in `folder`."""
    environment = standins.environ(folder, **more)
    environment["PYTHONPATH"] += os.pathsep + standins.HERE
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, env=environment, cwd=str(folder))


def told(process):
    """What it prints last, once it has ended well."""
    out, err = process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    return json.loads(out.decode().splitlines()[-1])


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
    return output([sys.executable, os.path.join(standins.HERE, "played.py")], tmp_path_factory.mktemp("played"))


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


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return output(PROBES + ALONE.split(), tmp_path_factory.mktemp("alone"))


def test_its_ops_have_the_types_of_the_real_ones_and_known_shapes(alone):
    assert alone["types_of_ops"] == [
        ["NpuGetFloatStatusV2", [8]],
        ["NpuClearFloatStatusV2", [8]],
        ["HcomAllReduce", [6]],
        ["HcomBroadcast_int64", [4]],
    ]


def test_each_read_of_the_status_is_made_in_each_run_and_after_what_it_waits_for(alone):
    found, order = alone["reads_of_the_status"]
    assert found == [[[0] * 8, [0] * 8], [[1] * 8, [1] * 8], [[0] * 8, [0] * 8]]
    assert order == ["gradient", "status", "status"] * 3


def test_the_scale_grows_after_good_steps_in_a_row_and_shrinks_after_bad_ones_that_good_ones_part(alone):
    steps, floor, held = alone["rule_of_the_scale"]
    assert steps == [[8, 1, 0], [8, 2, 0], [16, 0, 0], [16, 1, 0], [16, 0, 1], [16, 1, 1], [8, 0, 0]]
    assert floor == [1, 0, 0] and held


def test_wrong_arguments_end_as_with_the_real_one(alone):
    assert alone["wrong_words"] == {
        "a tensor": "ValueError",
        "a list": "AttributeError",
        "a word": "TypeError",
        "a word, later": "TypeError",
        "no step, later": "ValueError",
        "a scale below 1": "ValueError",
        "overflows unseen": "TypeError",
        "weights in parts": "TypeError",
        "the star": "AssertionError",
    }
    assert alone["without_a_job"] == "AttributeError"


def test_fed_data_are_one_batch_for_all_steps_and_none_where_their_size_is_open(alone):
    assert alone["fed_data"] == [[4, 4 * 7], [1, 7], [4, 4 * 1]]


def test_a_counter_that_was_not_at_zero_shortens_one_call(alone):
    assert alone["counter_left_over"] == [2, 4, 4]


def test_ops_left_on_the_host_are_reported_by_node(alone):
    found = alone["report_on_ops"]
    assert [op["name"] for op in found] == ["AssignAdd", "AssignAdd_1"]
    assert {(op["type"], op["is_support"], op["not_support_reason"]["code"]) for op in found} == {
        ("AssignAdd", False, 3)
    }


def test_a_loss_of_float16_is_scaled_in_float16(alone):
    assert alone["half_precision"] == 0.75


def test_a_rank_that_does_not_come_is_named_and_not_taken_for_lost_data(alone):
    assert "rank 1 did not come to HcomAllReduce-0" in alone["a_rank_that_does_not_come"]


def test_two_ranks_exchange_by_kind_and_root(tmp_path):
    both = {"RANK_SIZE": "2", "JOB_ID": "1", "STANDIN_HCCL": str(tmp_path)}
    started = [begun(PROBES + ["of_one_rank"], tmp_path, RANK_ID=rank, **both) for rank in ("0", "1")]
    found = [told(process)["of_one_rank"] for process in started]
    kinds = {"sum": [4, 7], "prod": [4, 12], "max": [2, 4], "min": [2, 3]}
    assert found == [dict(kinds, mean=2.0, apart=None, **{"of 0": [0, 0], "of 1": [10, 1]})] * 2
    rounds = {name.split("-")[2] for name in os.listdir(str(tmp_path)) if name.endswith(".npy")}
    assert rounds == {"2", "3"}


def test_nothing_of_it_is_left_in_the_process_of_the_tests():
    assert "npu_bridge" not in sys.modules and standins.STANDIN not in sys.path
    assert not hasattr(tf_session.BaseSession.run, "__wrapped__")
