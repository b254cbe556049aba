"""What makes the card repeat a step by itself: one miss, and it does one step a call, without a word."""

from typing import Iterator, List

from .subject import ERROR, Finding, Node, Subject, finding, reached

LOOP = "IterationOp"
VARIABLES = tuple("npu_runconfig/" + name for name in ("iterations_per_loop", "loop_cond", "zero", "one"))
UPDATES = ("Apply", "ResourceApply")
STEP_COUNTERS = ("AssignAdd", "AssignAddVariableOp")


def loop_is_fetched(subject: Subject) -> Iterator[Finding]:
    """The step is a NoOp of that very name, made once and in no scope, behind which all updates stand."""
    if subject.per_call == 1:
        return
    for node in subject.nodes.values():
        last = node.name.rsplit("/", 1)[-1]
        if node.name != LOOP and (last == LOOP or last.startswith(LOOP + "_") and last[len(LOOP) + 1 :].isdigit()):
            yield finding(ERROR, node, "the adapter looks for %s alone" % LOOP, ONCE)
    node = subject.nodes[subject.fetch]
    if node.name != LOOP or node.op != "NoOp":
        yield finding(ERROR, node, "a step fetches this %s, not the NoOp %s" % (node.op, LOOP), ONCE)
        return
    behind = [subject.nodes[name] for name in reached(subject.nodes, [LOOP])]
    if not any(one.op.startswith(UPDATES) for one in behind):
        yield finding(ERROR, node, "no update of a variable stands behind it", "group it with train_op")
    if not _counts_steps(behind):
        yield finding(ERROR, node, "the global step does not stand behind it", "give minimize global_step")


ONCE = "build it once, at the graph's top level, outside every scope, and fetch it"


def _counts_steps(nodes: List[Node]) -> bool:
    """Whether an integer that is no loop variable is counted up."""
    counted = [node for node in nodes if node.op in STEP_COUNTERS and node.inputs[0][0] not in VARIABLES]
    return any(tensor.dtype == "int64" for node in counted for tensor in node.outputs) or any(
        node.attributes["dtype"].type == 9 for node in counted if node.op == "AssignAddVariableOp"
    )


def loop_variables_are_there(subject: Subject) -> Iterator[Finding]:
    """The card takes the count of steps from four int64 scalars with names of their own."""
    if subject.per_call == 1:
        return
    for name in VARIABLES:
        node = subject.nodes.get(name)
        if node is None or node.op != "VarHandleOp":
            detail = "the variable %s is not there" % name
            yield finding(ERROR, None, detail, "build them with the adapter's util, " + TOP)
        elif node.attributes["dtype"].type != 9 or node.attributes["shape"].shape.dim:
            yield finding(ERROR, node, "is no int64 scalar", "build them with the adapter's util")


TOP = "at the graph's top level"


def nothing_is_fed(subject: Subject) -> Iterator[Finding]:
    """What is fed stays the same for all steps of a call."""
    for node in subject.step():
        if node.op in ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault") and subject.per_call > 1:
            detail = "is fed once a call: all %d steps would see the same value" % subject.per_call
            yield finding(ERROR, node, detail, "take data from an iterator, and compute the rest in the graph")
