"""The graph check: a sound graph has nothing against it, and every planted fault is named by its rule."""

import os

import pytest
import tensorflow.compat.v1 as tf

import cards
from camvid_tools.errors import ToolkitError
from pipeline import npu_options
from pipeline.graph_check import estimate, ops, reading, rules
from spoilt import DATASETS, ELEMENTS, LOOPS, RANKS, SESSIONS, STEPS, plus, ranked

one_stack = pytest.mark.skipif(not tf.VERSION.startswith("1."), reason="the card's graphs are built by TensorFlow 1.15")


def told(subject):
    """The rules that find something, with severities."""
    return {(one.rule, one.severity) for one in rules.findings(subject)}


def test_a_sound_graph_has_nothing_against_it():
    assert told(cards.subject()) == set()
    document = rules.document(cards.subject(), [])
    assert (document["schema"], document["verdict"], document["ai_cpu_ops"]) == ("graph-check/1", "ready", [])
    assert document["element_bytes"] == 4 * 32 * 32 * 4
    assert document["ops"]["IteratorGetNext"] == document["ops"]["Conv2D"] == 1


def test_one_step_a_call_needs_no_loop():
    assert told(cards.subject(1, variables=lambda: None, loop=lambda op: op)) == set()


# the session


def with_config(config, per_call=10):
    graph, fetch = cards.sound()
    return reading.from_graph(graph, fetch, per_call, config)


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_a_session_that_would_fail_without_a_word_is_told(name):
    make, rule = SESSIONS[name]
    assert (rule, "error") in told(with_config(make()))


def test_to_look_at_a_session_does_not_change_it():
    made = cards.config()
    before = made.SerializeToString(deterministic=True)
    told(with_config(made))
    assert made.SerializeToString(deterministic=True) == before


# the loop


@pytest.mark.parametrize("name", sorted(LOOPS))
def test_a_loop_that_would_not_run_is_told(name):
    parts, rule = LOOPS[name]
    assert (rule, "error") in told(cards.subject(**parts))


def test_variables_in_a_scope_are_told():
    def scoped():
        with tf.variable_scope("train"):
            cards.loop_variables()

    assert ("loop-variables-are-there", "error") in told(cards.subject(variables=scoped))


def test_what_is_fed_once_a_step_may_be():
    parts = dict(LOOPS["fed"][0], variables=lambda: None, loop=lambda op: op)
    assert ("nothing-is-fed", "error") not in told(cards.subject(1, **parts))


# several ranks


@pytest.mark.parametrize("name", sorted(RANKS))
def test_ranks_that_would_drift_apart_are_told(name):
    make, rule = RANKS[name]
    assert told(make()) == {(rule, "error")}


def test_ranks_that_stay_equal_have_nothing_against_them():
    assert told(ranked(save_every=10, total_steps=20)) == set()
    assert told(ranked(share=lambda g, name: g, copied=list, ranks=1)) == set()


# data


@one_stack
@pytest.mark.parametrize("name", sorted(DATASETS))
def test_what_moves_to_the_card_is_what_the_adapters_walk_moves(name):
    data, moved = DATASETS[name]
    found = [one for one in rules.findings(cards.subject(data=data)) if one.rule == "data-stays-on-the-host"]
    assert {one.detail.split()[0] for one in found} == moved


@pytest.mark.parametrize("name", sorted(ELEMENTS))
def test_data_that_would_not_arrive_is_told(name):
    parts, rule, severity = ELEMENTS[name]
    assert (rule, severity) in told(cards.subject(**parts))


def test_an_iterator_that_is_started_together_with_variables_is_told():
    graph, fetch = cards.sound()
    with graph.as_default():
        tf.group(tf.global_variables_initializer(), graph.get_operation_by_name("MakeIterator"), name="init_all")
    found = [one for one in rules.findings(reading.from_graph(graph, fetch, 10)) if one.rule == "iterators-start-alone"]
    assert [one.node for one in found] == ["init_all"]


def test_an_iterator_that_is_started_from_two_places_is_told():
    def shared(data):
        iterator = tf.data.Iterator.from_structure(tf.data.get_output_types(data), tf.data.get_output_shapes(data))
        iterator.make_initializer(data)
        iterator.make_initializer(cards.dataset())
        return iterator

    assert ("iterators-can-be-started", "error") in told(cards.subject(iterator=shared))


# the step


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_that_the_card_cannot_make_as_meant_is_told(name):
    make, rule, severity = STEPS[name]
    assert (rule, severity) in told(cards.subject(loss=plus(make)))


def test_a_finding_names_node_and_source_line():
    found = rules.findings(cards.subject(loss=plus(STEPS["is finite"][0])))
    assert [(one.node, one.severity) for one in found] == [("IsFinite", "open")]
    if tf.VERSION.startswith("1."):
        assert "spoilt.py:" in found[0].source


def test_ops_on_the_slow_processor_are_listed():
    subject = cards.subject(loss=plus(STEPS["top k"][0]))
    assert rules.document(subject, rules.findings(subject))["ai_cpu_ops"] == ["TopKV2"]


def test_a_loss_that_would_go_to_float16_is_told_and_one_that_is_kept_is_not():
    mixed = {"precision_mode": "allow_mix_precision"}
    assert ("losses-stay-float32", "error") in told(cards.subject(options=mixed))

    def kept(image, label):
        with tf.get_default_graph()._attr_scope({"_keep_dtype": tf.AttrValue(i=1)}):
            return cards.loss_of(image, label)

    assert told(cards.subject(options=mixed, loss=kept)) == set()
    assert told(cards.subject(options={"precision_mode": "force_fp32"})) == set()


def scaled_loss(controls=()):
    with tf.control_dependencies(controls):
        return tf.get_variable("loss_scale", [], initializer=tf.ones_initializer(), trainable=False)


def test_a_scaled_loss_whose_overflow_nobody_reads_is_told():
    subject = cards.subject(loss=lambda image, label: cards.loss_of(image, label) * scaled_loss())
    assert told(subject) == {("overflow-is-seen", "error")}


# sizes


def test_the_channels_depth_is_the_adapters_rule():
    depths = {1: 128, 16 << 20: 128, 88473600: 24, 1 << 30: 2, 3 << 30: 2}
    assert {element: estimate.queue_depth(element) for element in depths} == depths
    assert estimate.host_ahead(88473600) == 97


def test_memory_counts_variables_slots_and_what_backward_reads():
    memory = estimate.memory(cards.subject())
    kernel = 3 * 3 * 3 * 5 * 4
    assert memory["gradients"] == kernel
    assert memory["variables"] == 2 * kernel + 8  # weights, momentum, step
    pixels = 4 * 32 * 32
    assert pixels * 3 * 4 <= memory["activations"] <= pixels * (3 + 2 * 5) * 4 + 4096
    assert memory["total"] == sum(size for use, size in memory.items() if use != "total")


def test_a_step_that_is_too_large_for_the_card_is_told(monkeypatch):
    monkeypatch.setattr(estimate, "CARD_BYTES", 1 << 20)
    assert ("fits-the-card", "error") in told(cards.subject())


# files


@pytest.mark.parametrize("form", ["pb", "pbtxt", "meta"])
def test_somebody_elses_graph_is_read_from_a_file(form, tmp_path):
    graph, fetch = cards.sound(loss=plus(STEPS["where"][0]))
    path = str(tmp_path / ("graph." + form))
    if form == "meta":
        with graph.as_default(), tf.Session():
            tf.train.Saver().export_meta_graph(path)
    else:
        tf.io.write_graph(graph.as_graph_def(), str(tmp_path), "graph." + form, as_text=form == "pbtxt")
    found = told(reading.from_file(path, fetch, 10))
    assert found == {(rule, severity) for _, rule, severity in (STEPS["where"], STEPS["a shape found out"])}


def test_a_file_that_is_no_graph_is_named(tmp_path):
    (tmp_path / "a.pb").write_bytes(b"no graph")
    (tmp_path / "b.pbtxt").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "a.pb", tmp_path / "b.pbtxt", tmp_path / "none.pb", tmp_path):
        with pytest.raises(ToolkitError, match=path.name):
            reading.from_file(str(path), "x")


def test_a_node_that_is_not_there_is_named():
    with pytest.raises(ToolkitError, match="no node 'no_such'"):
        reading.from_graph(cards.sound()[0], "no_such")


def test_every_rule_has_a_name_a_reason_and_a_planted_fault():
    planted = {rule for _, rule in SESSIONS.values()} | {rule for _, rule in LOOPS.values()}
    planted |= {rule for _, rule, _ in ELEMENTS.values()} | {rule for _, rule, _ in STEPS.values()}
    planted |= {rule for _, rule in RANKS.values()}
    planted |= {"data-stays-on-the-host", "iterators-start-alone", "overflow-is-seen", "losses-stay-float32"}
    assert {entry.name for entry in rules.RULES} == planted | {"fits-the-card"}
    assert all(entry.guards_against for entry in rules.RULES)
    assert all(place.remark for place in ops.OPS.values() if place.where in (ops.UNKNOWN, ops.FORBIDDEN))


def test_the_page_on_ascend_shows_these_rules_options_and_faults():
    with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "ascend.md")) as page:
        text = page.read()
    assert "\n".join(rules.markdown()) in text and "\n".join(npu_options.markdown()) in text
    for table in (SESSIONS, LOOPS, ELEMENTS, STEPS):
        for name, fault in table.items():
            assert any(": %s | `%s`" % (name, fault[1]) in line for line in text.splitlines()), name
