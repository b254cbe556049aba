"""What a training step is made of: ops with a kernel, static shapes, plain types, float32 where numbers need it."""

from collections import Counter
from typing import Dict, Iterator, List

from . import ops, options
from .subject import BACKWARD, ERROR, OPEN, WARNING, Finding, Subject, finding

PLAIN = ("float16", "float32", "int8", "uint8", "int16", "int32", "int64", "uint32", "bool")
# Outputs without a static shape in any graph of TensorFlow 1.15: folded away, or a handle that means nothing.
SHAPELESS = {"BroadcastGradientArgs": (0, 1), "FusedBatchNormV3": (5,), "IteratorV2": (), "VarHandleOp": ()}
HANDLES = ("IteratorV2", "Iterator", "VarHandleOp", "OneShotIterator")
PINNED = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits", "Softmax", "LogSoftmax")
LOSS_STATES = ("loss_scale", "good_steps", "bad_steps")
STATUS = ("NpuGetFloatStatus", "NpuGetFloatStatusV2")


def ops_have_kernels(subject: Subject) -> Iterator[Finding]:
    """Every op of a step has its place on the card."""
    for node in subject.step():
        place = ops.OPS.get(node.op)
        if place is None:
            detail = "%s is in no list of what the card runs" % node.op
            yield finding(ERROR, node, detail, "say it with other ops, or keep it on the host")
        elif place.where == ops.FORBIDDEN:
            yield finding(ERROR, node, "%s: %s" % (node.op, place.remark), "take it out of the step")
        elif place.where == ops.AI_CPU:
            detail = "%s runs on the card's slow processor" % node.op
            yield finding(WARNING, node, detail, place.remark or "say it with other ops")
        elif place.where == ops.UNKNOWN:
            remedy = "look for %s among the ops left on the host or the AI CPU in the first profile" % node.op
            yield finding(OPEN, node, "%s: %s" % (node.op, place.remark), remedy)


def shapes_are_static(subject: Subject) -> Iterator[Finding]:
    """One tensor of unknown shape makes the whole graph dynamic, and a dynamic graph is not repeated on the card."""
    for node in subject.step():
        unknown = [i for i, tensor in enumerate(node.outputs) if not tensor.is_static]
        left = [i for i in unknown if i not in SHAPELESS.get(node.op, ())]
        if left:
            shape = node.outputs[left[0]].shape
            text = "has the shape %s" % (list(shape) if shape is not None else "unknown")
            yield finding(ERROR, node, text, "fix every size when the graph is built")


def types_are_plain(subject: Subject) -> Iterator[Finding]:
    """No list of kernels has double, complex, text or variants."""
    for node in subject.step():
        odd = [tensor.dtype for tensor in node.outputs if tensor.dtype not in PLAIN]
        if odd and not (odd == ["resource"] and node.op in HANDLES):
            yield finding(ERROR, node, "gives %s" % odd[0], "cast it before, or keep it on the host")


def overflow_is_seen(subject: Subject) -> Iterator[Finding]:
    """Overflow saturates on the 910: only the device's own status tells of it, and the scale waits for nothing."""
    nodes = subject.step()
    for name in LOSS_STATES:
        node = subject.nodes.get(name)
        if node is not None and node.controls:
            detail = "was built under control_dependencies (%s)" % ", ".join(node.controls)
            yield finding(ERROR, node, detail, "make the loss-scale manager outside of them")
    scaled = LOSS_STATES[0] in subject.nodes
    if scaled and not any(node.op in STATUS for node in nodes):
        detail = "the loss is scaled, and no step reads the card's float status"
        remedy = "take NPULossScaleOptimizer's own minimize: finite checks see nothing where overflow saturates"
        yield finding(ERROR, subject.nodes[LOSS_STATES[0]], detail, remedy)


def losses_stay_float32(subject: Subject) -> Iterator[Finding]:
    """Under mixed precision the loss follows the convolutions to float16, unless it is kept; backward follows it."""
    if subject.config is None or not _is_mixed(subject):
        return
    for node in subject.step():
        if node.op in PINNED and not node.name.startswith(BACKWARD) and "_keep_dtype" not in node.attributes:
            detail = "%s would be computed in float16" % node.op
            yield finding(ERROR, node, detail, "build it under keep_dtype_scope")


def _is_mixed(subject: Subject) -> bool:
    for one in subject.config.graph_options.rewrite_options.custom_optimizers:
        if options.is_mixed(options.read(one.parameter_map)):
            return True
    return False


def counts(subject: Subject) -> Dict[str, int]:
    """How often each op comes in a step."""
    return dict(sorted(Counter(node.op for node in subject.step()).items()))


def on_ai_cpu(subject: Subject) -> List[str]:
    """The ops of a step that fall to the card's slow processor."""
    return [op for op in counts(subject) if op in ops.OPS and ops.OPS[op].where == ops.AI_CPU]
