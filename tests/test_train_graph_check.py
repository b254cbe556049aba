"""python -m train.graph_check: the real graph of every recipe is ready for the card; the predecessor's is not."""

import json

import pytest
import tensorflow.compat.v1 as tf

import drawn
import predecessor
from pipeline.graph_check import reading, rules
from train import recipes
from train.graph_check import main

on_the_cards_stack = pytest.mark.skipif(
    not tf.VERSION.startswith("1."), reason="the card's graphs are built by TensorFlow 1.15"
)
SIZE = ["--height", "160", "--width", "192", "--batch_size", "2"]


@on_the_cards_stack
@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_every_recipe_is_ready(run, name):
    document = run(main, "--recipe", name, "--frontend", "xception39", "--json", "-", *SIZE).json()
    assert (document["verdict"], document["findings"], document["ai_cpu_ops"]) == ("ready", [], [])


@on_the_cards_stack
def test_every_optimiser_schedule_and_loss_is_ready(run, tmp_path):
    chosen = {"class_weights": "enet", "logit_adjustment": 0.5, "label_smoothing": 0.1, "ohem_kept": 0.2}
    chosen.update(clip_norm=1.0, ema_decay=0.9)
    frozen = dict(zip(recipes.OPTIMISERS, recipes.FROZEN_NORMS))
    for optimiser, schedule in zip(recipes.OPTIMISERS, recipes.SCHEDULES):
        file = tmp_path / (optimiser + ".json")
        settings = dict(chosen, optimiser=optimiser, schedule=schedule, frozen_norms=frozen.get(optimiser))
        file.write_text(json.dumps(settings))
        document = run(main, "--recipe", file, "--frontend", "xception39", "--json", "-", *SIZE).json()
        assert (document["verdict"], document["findings"], document["ai_cpu_ops"]) == ("ready", [], []), optimiser


@on_the_cards_stack
def test_the_answer_is_told_in_words(run):
    ran = run(main, "--iterations_per_loop", "10", *SIZE)
    assert ran.code == 0
    assert ran.out.strip().endswith("ready for the card, as far as can be told without one")
    assert "an element has 0.2 MB, the card keeps 128 waiting" in ran.out


@on_the_cards_stack
def test_classes_and_size_are_those_of_the_data(run, tmp_path):
    tree = drawn.tree(str(tmp_path / "set"), 64, 96)
    document = run(main, "--data_path", tree, "--batch_size", "2", "--json", "-").json()
    assert document["verdict"] == "ready" and document["element_bytes"] == 2 * 64 * 96 * 4


@on_the_cards_stack
@pytest.mark.parametrize(
    "option, fact",
    [
        ("presicion_mode=force_fp32", "precision_mode"),
        ("precision_mode=half", "force_fp32"),
        ("op_execute_timeout=soon", "a whole number"),
        ("hcom_parallel=maybe", "true or false"),
        ("deterministic", "KEY=VALUE"),
    ],
)
def test_an_option_that_the_adapter_would_pass_over_is_refused(run, option, fact):
    assert fact in run(main, "--npu_option", option, *SIZE).refusal()


@on_the_cards_stack
def test_options_that_undo_each_other_are_found(run):
    ran = run(main, "--npu_option", "use_off_line=false", "--json", "-", *SIZE)
    assert ran.code == 1 and ran.json()["verdict"] == "not-ready"
    assert [one["rule"] for one in ran.json()["findings"]] == ["options-agree"]


@on_the_cards_stack
def test_somebody_elses_graph_is_judged_by_what_its_step_fetches(run, tmp_path):
    graph, fetch = predecessor.graph()
    tf.io.write_graph(graph.as_graph_def(), str(tmp_path), "theirs.pbtxt")
    ran = run(main, "--graph", tmp_path / "theirs.pbtxt", "--fetch", fetch, "--json", "-")
    assert ran.code == 1 and "evaluation" not in ran.json()
    found = {one["rule"] for one in ran.json()["findings"]}
    assert {"iterators-can-be-started", "ops-have-kernels", "types-are-plain"} <= found
    assert "ops-have-kernels" in run(main, "--graph", tmp_path / "theirs.pbtxt", "--fetch", fetch).out


@on_the_cards_stack
def test_what_the_predecessors_graph_would_meet():
    graph, fetch = predecessor.graph()
    config = predecessor.config()
    alone = {(one.rule, one.severity) for one in rules.findings(reading.from_graph(graph, fetch, 1, config))}
    assert ("iterators-can-be-started", "warning") in alone  # no data of the card's own
    assert ("rewriters-are-off", "error") in alone
    assert ("types-are-plain", "error") in alone  # running metrics count in double
    assert ("losses-stay-float32", "error") in alone
    many = {(one.rule, one.severity) for one in rules.findings(reading.from_graph(graph, fetch, 100, config))}
    assert {(rule, "error") for rule in ("loop-is-asked-for", "loop-is-fetched", "iterators-can-be-started")} <= many


def test_another_tensorflow_gets_no_verdict(run, monkeypatch):
    monkeypatch.setattr(tf, "VERSION", "2.21.0")
    assert "1.15" in run(main, *SIZE).refusal()


@pytest.mark.parametrize(
    "flags, fact",
    [
        (["--graph", "x.pb"], "--fetch"),
        (["--fetch", "step"], "--graph"),
        (["--batch_size", "0"], "--batch_size"),
        (["--iterations_per_loop", "0"], "--iterations_per_loop"),
    ],
)
def test_flags_that_cannot_be_are_named(run, flags, fact):
    assert fact in run(main, *flags).refusal()


@on_the_cards_stack
@pytest.mark.parametrize(
    "flags, fact",
    [(["--frontend", "vgg"], "xception39"), (["--height", "100"], "32"), (["--recipe", "secret"], "default")],
)
def test_a_training_that_cannot_be_is_named(run, flags, fact):
    assert fact in run(main, *flags).refusal()


@on_the_cards_stack
def test_a_graph_file_that_is_none_is_named(run, tmp_path):
    (tmp_path / "x.pb").write_text(json.dumps({}))
    assert "x.pb" in run(main, "--graph", tmp_path / "x.pb", "--fetch", "step").refusal()
