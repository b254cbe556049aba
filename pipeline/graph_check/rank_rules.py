"""What keeps several cards one training: the same start, the same updates, the same number of steps."""

from typing import Iterator, List

from .loop_rules import UPDATES, VARIABLES
from .subject import ERROR, Finding, Node, Subject, finding, reached

HOLDERS = ("Variable", "VariableV2", "VarHandleOp")
SETS = ("Assign", "AssignVariableOp")
SHARED, COPIED, DATA = "HcomAllReduce", "HcomBroadcast", "IteratorGetNext"


def gradients_are_shared(subject: Subject) -> Iterator[Finding]:
    """With several ranks each update is made of all their gradients; else each card trains a network of its own. What a
    rank learns from its data has to come to an update through an all-reduce, and by no way past it."""
    if subject.ranks == 1:
        return
    for node in subject.step():
        if node.op.startswith(UPDATES) and (not _reaches(subject, node, SHARED) or _sees_data_alone(subject, node)):
            detail = "updates a variable by the gradient of one rank of %d" % subject.ranks
            yield finding(ERROR, node, detail, "wrap the optimizer in NPUDistributedOptimizer, inside the loss scale")


def ranks_start_equal(subject: Subject) -> Iterator[Finding]:
    """Rank 0's values go to all for every variable: the adapter's own broadcast leaves out what is not trained."""
    if subject.ranks == 1:
        return
    copied = set()
    for node in subject.of(*SETS):
        if _reaches(subject, node, COPIED):
            copied.add(node.inputs[0][0])
    for node in subject.of(*HOLDERS):
        if node.name not in copied and node.name not in VARIABLES:
            detail = "keeps a value of its own on each rank"
            yield finding(ERROR, node, detail, "assign it what hccl_ops.broadcast gives, before the first step")


def lengths_are_whole_calls(subject: Subject) -> Iterator[Finding]:
    """A call ends only with all of its steps: what is due within one would come late, or not at all."""
    for name, length in sorted(subject.lengths.items()):
        if length % subject.per_call:
            detail = "%s is %d, no multiple of the %d steps of a call" % (name, length, subject.per_call)
            yield finding(ERROR, None, detail, "take a multiple")


def _sees_data_alone(subject: Subject, node: Node) -> bool:
    """Whether values of a rank's data set come to this node without an all-reduce."""
    waiting, seen = [name for name, _ in node.inputs], set()
    while waiting:
        name = waiting.pop()
        if name in seen or subject.nodes[name].op.startswith(SHARED):
            continue
        seen.add(name)
        if subject.nodes[name].op.startswith(DATA):
            return True
        waiting += [other for other, _ in subject.nodes[name].inputs]
    return False


def _reaches(subject: Subject, node: Node, op: str) -> bool:
    names: List[str] = [name for name, _ in node.inputs]
    return any(subject.nodes[name].op.startswith(op) for name in reached(subject.nodes, names))
