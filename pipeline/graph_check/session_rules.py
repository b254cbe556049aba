"""What a session's configuration must say, and must not."""

from typing import Iterator

from . import options
from .subject import ERROR, Finding, Subject, finding

OPTIMIZER, OFF = "NpuOptimizer", 2  # RewriterConfig.OFF


def one_optimizer(subject: Subject) -> Iterator[Finding]:
    """The adapter's passes look for one custom optimizer by its name; without it all of them pass over the graph."""
    names = [one.name for one in _rewrite(subject).custom_optimizers]
    if names != [OPTIMIZER]:
        detail = "custom optimizers of the session are %s" % (", ".join(names) or "none")
        yield finding(ERROR, None, detail, "exactly one named %s: else everything runs on the host" % OPTIMIZER)


def options_are_known(subject: Subject) -> Iterator[Finding]:
    """Each option is one of the adapter's, in the slot that it reads, with a value that it takes."""
    parameters = _parameters(subject)
    slots = {key: entry.WhichOneof("value") for key, entry in parameters.items()}
    for key, what in options.faults(options.read(parameters), slots):
        yield finding(ERROR, None, "%s %s" % (key, what), "set it by the table of docs/ascend.md, or leave it out")


def options_agree(subject: Subject) -> Iterator[Finding]:
    """No option undoes or forbids another one."""
    for key, what in options.clashes(options.read(_parameters(subject))):
        yield finding(ERROR, None, "%s %s" % (key, what), "change one of them")


def rewriters_are_off(subject: Subject) -> Iterator[Finding]:
    """TensorFlow's own rewriters make nodes that the card has no kernel for."""
    rewrite = _rewrite(subject)
    for name in ("remapping", "memory_optimization"):
        if getattr(rewrite, name) != OFF:
            yield finding(ERROR, None, "%s is on" % name, "rewrite_options.%s = RewriterConfig.OFF" % name)


def loop_is_asked_for(subject: Subject) -> Iterator[Finding]:
    """More than one step a call needs the session's own word for it, and data that the device takes by itself."""
    if subject.per_call > 1:
        said = options.read(_parameters(subject))
        for key, due in (("iterations_per_loop", subject.per_call), ("enable_data_pre_proc", True)):
            if said.get(key) != due:
                detail = "%s is %s, %d steps a call need %s" % (key, said.get(key), subject.per_call, due)
                yield finding(ERROR, None, detail, "else one step a call, or the same batch again, in silence")


def _rewrite(subject: Subject):
    return subject.config.graph_options.rewrite_options


def _parameters(subject: Subject):
    found = [one for one in _rewrite(subject).custom_optimizers if one.name == OPTIMIZER]
    return found[0].parameter_map if found else {}
