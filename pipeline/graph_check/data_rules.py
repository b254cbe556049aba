"""Where the input pipeline ends up, and what reaches the card from it."""

from typing import Iterator, List, Optional, Tuple

from .subject import ERROR, WARNING, Finding, Node, Subject, finding, reached

# What the adapter moves to the card, and what it never does; everything else that is no dataset may go there.
MOVED = (
    "MapDataset ParallelMapDataset BatchDataset BatchDatasetV2 MapAndBatchDataset MapAndBatchDatasetV2 "
    "DeviceQueueDataset ModelDataset OptimizeDataset"
).split()
PASSED_OVER = ("ModelDataset", "OptimizeDataset")
KEPT = ("PyFunc", "ReadFile", "WriteFile", "MatchingFiles")
KEPT_PARTS = ("Reader", "HashTable", "LookupTable", "Save", "Restore")
RESOURCES = ("VariableV2", "VarHandleOp", "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2")
CARRIED = ("float32", "float16", "int32", "int64", "uint8", "bool")
CHANGES = ("Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp")


def _makers(subject: Subject) -> List[Node]:
    return [node for node in subject.nodes.values() if node.op.startswith("MakeIterator")]


def _datasets(subject: Subject, maker: Node) -> List[Node]:
    """All nodes that a dataset is made of, in the main graph."""
    return [subject.nodes[name] for name in sorted(reached(subject.nodes, [maker.name], controls=False))]


def iterators_can_be_started(subject: Subject) -> Iterator[Finding]:
    """One initializable iterator a purpose: of a one-shot one the adapter knows nothing, and aborts in a loop."""
    for node in subject.of("OneShotIterator"):
        severity = ERROR if subject.per_call > 1 else WARNING
        detail = "is taken for no data of the card's own" + (
            ": the process would abort" if subject.per_call > 1 else ""
        )
        yield finding(severity, node, detail, INITIALIZABLE)
    made = [source for maker in _makers(subject) for source, _ in maker.inputs if _is_iterator(subject, source)]
    for name in sorted({name for name in made if made.count(name) > 1}):
        node = subject.nodes[name]
        detail = "is started from %d places: they share one channel to the card" % made.count(name)
        yield finding(ERROR, node, detail, "one iterator for each purpose")
    for maker in _makers(subject):
        if "_without_npu_compile" in maker.attributes:
            detail = "is kept from the card, and the step waits for ever for what it should send"
            yield finding(ERROR, maker, detail, "no without_npu_compile_scope around a dataset")


INITIALIZABLE = "tf.data.make_initializable_iterator, and run its initializer alone"


def _is_iterator(subject: Subject, name: str) -> bool:
    return subject.nodes[name].op.startswith("Iterator")


def data_stays_on_the_host(subject: Subject) -> Iterator[Finding]:
    """The adapter walks from MakeIterator down to the first dataset that it does not move; what lies above goes."""
    for maker in _makers(subject):
        for moved in sorted({name for edge in _split(subject, maker) for name in edge}):
            node = subject.nodes[moved]
            detail = "%s would run on the card's own processor, fed by the host one element a time" % node.op
            yield finding(ERROR, node, detail, "end the dataset with .prefetch(k): then nothing moves")


def _split(subject: Subject, maker: Node) -> List[List[str]]:
    """For each edge where the walk ends: the datasets above it that move to the card."""
    found = []
    waiting: List[Tuple[str, List[str]]] = [
        (source, []) for source, _ in maker.inputs if not _is_iterator(subject, source)
    ]
    while waiting:
        name, above = waiting.pop()
        node = subject.nodes[name]
        if _may_move(subject, node):
            waiting += [(source, above + [name]) for source, _ in node.inputs]
        else:
            found.append(_moved(subject, above))
    return found


def _moved(subject: Subject, above: List[str]) -> List[str]:
    """The datasets between MakeIterator and the edge, but for those right at it that only pass elements on."""
    datasets = [name for name in above if _is_dataset(subject.nodes[name])]
    while datasets and subject.nodes[datasets[-1]].op in PASSED_OVER:
        datasets.pop()
    return [name for name in datasets if subject.nodes[name].op not in PASSED_OVER]


def _is_dataset(node: Node) -> bool:
    return node.op.endswith(("Dataset", "DatasetV2"))


def _may_move(subject: Subject, node: Node) -> bool:
    return _is_movable(node) and all(map(_is_movable, subject.library_below(node.functions)))


def _is_movable(node: Node) -> bool:
    if _is_dataset(node):
        return node.op in MOVED
    return node.op not in KEPT and not any(part in node.op for part in KEPT_PARTS)


def python_is_called_by_its_name(subject: Subject) -> Iterator[Finding]:
    """The adapter keeps PyFunc on the host; two other ways to call Python it would compile for a card without one."""
    for function, nodes in sorted(subject.functions.items()):
        for node in nodes:
            if node.op in ("EagerPyFunc", "PyFuncStateless"):
                place = "%s in %s" % (node.name, function)
                detail = "%s is Python that would be sent to the card" % node.op
                yield finding(ERROR, node._replace(name=place), detail, "take tf.numpy_function")


def datasets_have_no_controls(subject: Subject) -> Iterator[Finding]:
    """A control edge into a dataset makes the adapter's conversion repeat itself for ever."""
    for maker in _makers(subject):
        for node in _datasets(subject, maker):
            if node.controls:
                detail = "has to wait for %s: the conversion of the dataset would not end" % ", ".join(node.controls)
                yield finding(ERROR, node, detail, "build datasets under no control_dependencies")


def datasets_read_no_variables(subject: Subject) -> Iterator[Finding]:
    """Variables and tables are filled on the card, and would be read on the host."""
    for maker in _makers(subject):
        for node in _datasets(subject, maker):
            inside = [one.op for one in subject.library_below(node.functions) if one.op in RESOURCES]
            if node.op in RESOURCES or inside:
                detail = "reads a %s, which lives on the card, on the host" % (inside or [node.op])[0]
                yield finding(ERROR, node, detail, "use constants of Python")


def iterators_start_alone(subject: Subject) -> Iterator[Finding]:
    """A run that starts an iterator takes nothing else to the card: variables would stay zero there."""
    makers = {maker.name for maker in _makers(subject)}
    for node in subject.nodes.values():
        if node.op == "NoOp" and node.controls:
            behind = reached(subject.nodes, [node.name])
            changed = [name for name in behind if subject.nodes[name].op in CHANGES]
            if behind & makers and changed:
                detail = "starts an iterator and sets %d variables, %s among them" % (len(changed), min(changed))
                yield finding(ERROR, node, detail, "run the iterator's initializer by itself")


def elements_are_static(subject: Subject) -> Iterator[Finding]:
    """One element of known shape and plain type: anything else is a dynamic graph, which is not repeated."""
    taken = [node for node in subject.step() if node.op.startswith("IteratorGetNext")]
    if len(taken) != 1:
        detail = "a step takes %d elements from iterators" % len(taken)
        yield finding(ERROR if taken else WARNING, None, detail, "take exactly one")
    for node in taken:
        for place, tensor in enumerate(node.outputs):
            what: Optional[str] = None
            if tensor.dtype not in CARRIED:
                what = "is %s, which the card does not take" % tensor.dtype
            elif not tensor.is_static:
                what = "has the shape %s" % (list(tensor.shape) if tensor.shape is not None else "unknown")
            if what:
                remedy = "set_shape, batch with drop_remainder, and plain numbers"
                yield finding(ERROR, node, "component %d %s" % (place, what), remedy)
