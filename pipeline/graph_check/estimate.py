"""What a step asks of the card's memory and of the channel to it, from static shapes."""

from typing import Dict, Iterator, Set, Tuple

from .subject import BACKWARD, ERROR, Finding, Subject, finding

CARD_BYTES = 32 << 30
QUEUE_BYTES, QUEUE_MOST, QUEUE_LEAST = 2 << 30, 128, 2
HOST_BYTES = 8 << 30  # the adapter's threads read ahead so far, and at most QUEUE_MOST elements
VARIABLES = ("VariableV2", "VarHandleOp")


def element_bytes(subject: Subject) -> int:
    """Bytes of what one step takes from its iterator."""
    taken = [node for node in subject.step() if node.op.startswith("IteratorGetNext")]
    return sum(tensor.bytes() for node in taken for tensor in node.outputs)


def queue_depth(element: int) -> int:
    """Elements that wait on the card: two GiB of them, and from 2 to 128 (the adapter's rule since r1.8)."""
    return max(QUEUE_LEAST, min(QUEUE_MOST, QUEUE_BYTES // max(1, element)))


def host_ahead(element: int) -> int:
    """Elements that the adapter reads ahead on the host, whatever the dataset prefetches."""
    return min(QUEUE_MOST, HOST_BYTES // max(1, element))


def memory(subject: Subject) -> Dict[str, int]:
    """Bytes by use, in float32 throughout: an upper bound where a mixed precision halves the activations."""
    element = element_bytes(subject)
    nodes = subject.step()
    variables = sum(tensor.bytes() for node in nodes if node.op == "VariableV2" for tensor in node.outputs)
    variables += sum(_declared(node) for node in nodes if node.op == "VarHandleOp")
    found = {
        "variables": variables,
        "activations": _kept(subject),
        "gradients": sum(t.bytes() for n in nodes if n.op.endswith("BackpropFilter") for t in n.outputs),
        "queue": element * queue_depth(element),
    }
    return dict(found, total=sum(found.values()))


def _declared(node) -> int:
    """Bytes of a resource variable, by its attributes."""
    size = 4 if node.attributes["dtype"].type in (1, 3) else 8
    for dimension in node.attributes["shape"].shape.dim:
        size *= dimension.size
    return size


def _kept(subject: Subject) -> int:
    """Bytes of all that the forward pass makes and the backward pass reads."""
    kept: Set[Tuple[str, int]] = set()
    for node in subject.step():
        if node.name.split("/", 1)[0].startswith(BACKWARD):
            kept.update(one for one in node.inputs if not one[0].startswith(BACKWARD))
    folded = VARIABLES + ("Const", "Shape", "ShapeN")
    whole = 0
    for name, place in kept:
        node = subject.nodes[name]
        reads_variable = node.op in ("Identity", "ReadVariableOp") and subject.nodes[node.inputs[0][0]].op in VARIABLES
        if node.op not in folded and not reads_variable:
            whole += node.outputs[place].bytes()
    return whole


def fits_the_card(subject: Subject) -> Iterator[Finding]:
    """An estimate of what a step needs stays below the card's memory."""
    total = memory(subject)["total"]
    if total > CARD_BYTES:
        detail = "a step needs some %.1f GiB, the card has %d" % (total / 2**30, CARD_BYTES >> 30)
        yield finding(ERROR, None, detail, "use a smaller batch or crop")
