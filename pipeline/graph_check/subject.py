"""What the rules look at: a graph as plain records, what a step fetches from it, and the session's configuration."""

from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

Shape = Optional[Tuple[Optional[int], ...]]  # None: not even the rank is known


class Tensor(NamedTuple):
    """One output of a node: the dtype's name without `_ref`, and its static shape."""

    dtype: str
    shape: Shape

    @property
    def is_static(self) -> bool:
        """Whether every dimension is known."""
        return self.shape is not None and None not in self.shape

    def bytes(self) -> int:
        """Size of a static tensor; 0 where it has none."""
        count = 1
        for length in self.shape or ():
            count *= length or 0
        return count * BYTES.get(self.dtype, 0) if self.is_static else 0


BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16, "bool": 1}
BYTES.update({sign + "int%d" % bits: bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)})


class Node(NamedTuple):
    """One operation. inputs: (node, output) of each data input; controls: nodes that have to run before it.

    functions: names of those that its attributes carry; source: finds the file and line that made it, where that is
    known; it takes a while.
    """

    name: str
    op: str
    inputs: Tuple[Tuple[str, int], ...]
    controls: Tuple[str, ...]
    outputs: Tuple[Tensor, ...]
    attributes: Mapping[str, Any] = {}
    functions: Tuple[str, ...] = ()
    source: Callable[[], Optional[str]] = lambda: None


class Subject(NamedTuple):
    """A graph to be judged. fetch: the node that a step runs; per_call: steps that one call is to make.

    functions: of the graph's library, the nodes of each; config: the session's ConfigProto, None where it is not known;
    ranks: cards that train together; lengths: by name, in steps, of what is to come in whole calls.
    """

    nodes: Dict[str, Node]
    functions: Dict[str, List[Node]]
    fetch: str
    per_call: int = 1
    config: Any = None
    ranks: int = 1
    lengths: Mapping[str, int] = {}

    def step(self) -> List[Node]:
        """The nodes that a step runs, in the order of their names."""
        return [self.nodes[name] for name in sorted(reached(self.nodes, [self.fetch]))]

    def of(self, *ops: str) -> List[Node]:
        """All nodes of the whole graph with one of these ops."""
        return [node for node in self.nodes.values() if node.op in ops]

    def library_below(self, names: Iterable[str]) -> Iterator[Node]:
        """The nodes of these functions and of all that they call."""
        waiting, seen = list(names), set()
        while waiting:
            name = waiting.pop()
            if name not in seen and name in self.functions:
                seen.add(name)
                for node in self.functions[name]:
                    yield node
                    waiting += node.functions


def reached(nodes: Mapping[str, Node], start: Iterable[str], controls: bool = True) -> FrozenSet[str]:
    """The names of all nodes that `start` depends on, itself included."""
    waiting, seen = list(start), set()
    while waiting:
        name = waiting.pop()
        if name not in seen and name in nodes:
            seen.add(name)
            waiting += [source for source, _ in nodes[name].inputs]
            waiting += nodes[name].controls if controls else ()
    return frozenset(seen)


class Finding(NamedTuple):
    """What a rule says. rule: its name, filled in where all rules are applied; severity: `error`, `warning`, or `open`
    where no source establishes what the card does."""

    rule: str
    severity: str
    node: Optional[str]
    source: Optional[str]
    detail: str
    remedy: str


def finding(severity: str, node: Optional[Node], detail: str, remedy: str) -> Finding:
    """What a rule has to say of a node, or of no node in particular."""
    return Finding("", severity, node and node.name, node and node.source(), detail, remedy)


ERROR, WARNING, OPEN = "error", "warning", "open"
BACKWARD = "gradients"  # the scope in which TensorFlow builds them
Rule = Callable[[Subject], Iterator[Finding]]
