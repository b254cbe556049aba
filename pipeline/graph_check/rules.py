"""All rules, in the order in which they are applied, and the document that they make."""

from typing import Any, Dict, List, NamedTuple

from . import data_rules, estimate, loop_rules, rank_rules, session_rules, step_rules
from .subject import ERROR, OPEN, WARNING, Finding, Rule, Subject

SCHEMA = "graph-check/1"
READY, NOT_READY = "ready", "not-ready"


class Entry(NamedTuple):
    """A rule and the silent failure that it guards against. needs_session: it looks at the session's configuration."""

    rule: Rule
    guards_against: str
    needs_session: bool = False

    @property
    def name(self) -> str:
        """The rule's name in findings and documents."""
        return self.rule.__name__.replace("_", "-")


RULES = (
    Entry(session_rules.one_optimizer, "everything runs on the host", True),
    Entry(session_rules.options_are_known, "an option is passed over, or read as nothing", True),
    Entry(session_rules.options_agree, "everything runs on the host, or the process aborts", True),
    Entry(session_rules.rewriters_are_off, "ops that only a host has", True),
    Entry(session_rules.loop_is_asked_for, "one step a call, or the same batch again and again", True),
    Entry(loop_rules.loop_is_fetched, "one step a call where the program counts many"),
    Entry(loop_rules.loop_variables_are_there, "one step a call where the program counts many"),
    Entry(loop_rules.nothing_is_fed, "the same batch again and again"),
    Entry(data_rules.iterators_can_be_started, "an aborted process, or a step that waits for ever"),
    Entry(data_rules.data_stays_on_the_host, "augmentation that moves to the card's slow processor"),
    Entry(data_rules.python_is_called_by_its_name, "Python that is sent to the card"),
    Entry(data_rules.datasets_have_no_controls, "a conversion that never ends"),
    Entry(data_rules.datasets_read_no_variables, "variables that are read where they are not filled"),
    Entry(data_rules.iterators_start_alone, "variables that stay zero"),
    Entry(data_rules.elements_are_static, "a dynamic graph: one step a call"),
    Entry(step_rules.shapes_are_static, "a dynamic graph: one step a call"),
    Entry(step_rules.ops_have_kernels, "a graph that does not compile, or ops that crawl"),
    Entry(step_rules.types_are_plain, "a graph that does not compile, or is cut in two"),
    Entry(step_rules.overflow_is_seen, "overflow that nobody notices"),
    Entry(step_rules.losses_stay_float32, "a loss in float16"),
    Entry(rank_rules.gradients_are_shared, "cards that drift apart"),
    Entry(rank_rules.ranks_start_equal, "cards that drift apart"),
    Entry(rank_rules.lengths_are_whole_calls, "saves and validations that are missed"),
    Entry(estimate.fits_the_card, "memory that runs out"),
)


def findings(subject: Subject) -> List[Finding]:
    """What all rules say, errors first."""
    found: List[Finding] = []
    for entry in RULES:
        if subject.config is not None or not entry.needs_session:
            found += [one._replace(rule=entry.name) for one in entry.rule(subject)]
    order = (ERROR, WARNING, OPEN)
    return sorted(found, key=lambda one: order.index(one.severity))


def document(subject: Subject, found: List[Finding]) -> Dict[str, Any]:
    """The result as JSON."""
    element = estimate.element_bytes(subject)
    return {
        "schema": SCHEMA,
        "verdict": NOT_READY if any(one.severity == ERROR for one in found) else READY,
        "findings": [one._asdict() for one in found],
        "ops": step_rules.counts(subject),
        "ai_cpu_ops": step_rules.on_ai_cpu(subject),
        "element_bytes": element,
        "queue_depth": estimate.queue_depth(element),
        "memory_bytes": estimate.memory(subject),
    }


def markdown() -> List[str]:
    """The rules as docs/ascend.md shows them."""
    rows = ["| rule | guards against | because |", "|---|---|---|"]
    for entry in RULES:
        because = " ".join((entry.rule.__doc__ or "").split())
        rows.append("| `%s` | %s | %s |" % (entry.name, entry.guards_against, because))
    return rows
