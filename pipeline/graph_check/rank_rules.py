"""What keeps several cards one training: the same start, the same updates, the same number of steps."""

from collections import defaultdict
from typing import DefaultDict, Iterator, List, Optional, Set

from .loop_rules import UPDATES, VARIABLES
from .subject import ERROR, Finding, Node, Subject, finding

HOLDERS = ("Variable", "VariableV2", "VarHandleOp")
SETS = ("Assign", "AssignVariableOp")
SHARED, COPIED, DATA = "HcomAllReduce", "HcomBroadcast", "IteratorGetNext"


def gradients_are_shared(subject: Subject) -> Iterator[Finding]:
    """With several ranks each update is made of all their gradients; else each card trains a network of its own. What a
    rank learns from its data has to come to an update through an all-reduce, and by no way past it."""
    if subject.ranks == 1:
        return
    shared, alone = _behind(subject, SHARED), _behind(subject, DATA, controls=False, but=SHARED)
    for node in subject.step():
        if node.op.startswith(UPDATES) and (not _takes(node, shared) or _takes(node, alone)):
            detail = "updates a variable by the gradient of one rank of %d" % subject.ranks
            yield finding(ERROR, node, detail, "wrap the optimizer in NPUDistributedOptimizer, inside the loss scale")


def ranks_start_equal(subject: Subject) -> Iterator[Finding]:
    """Rank 0's values go to all for every variable: the adapter's own broadcast leaves out what is not trained."""
    if subject.ranks == 1:
        return
    behind = _behind(subject, COPIED)
    copied = {node.inputs[0][0] for node in subject.of(*SETS) if _takes(node, behind)}
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


def _behind(subject: Subject, op: str, controls: bool = True, but: Optional[str] = None) -> Set[str]:
    """The names of all nodes that depend on ops of that type, these included; nothing passes ops of the type `but`."""
    takers: DefaultDict[str, List[str]] = defaultdict(list)
    for node in subject.nodes.values():
        for source in [name for name, _ in node.inputs] + list(node.controls if controls else ()):
            takers[source].append(node.name)
    waiting, seen = [node.name for node in subject.nodes.values() if node.op.startswith(op)], set()
    while waiting:
        name = waiting.pop()
        if name not in seen and (but is None or not subject.nodes[name].op.startswith(but)):
            seen.add(name)
            waiting += takers[name]
    return seen


def _takes(node: Node, names: Set[str]) -> bool:
    return any(name in names for name, _ in node.inputs)
