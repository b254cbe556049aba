"""What a session's options of Ascend's TF Adapter say, and what of it the adapter would pass over, or refuse."""

from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from ..npu_options import OPTIONS, Value, near

MIXED = ("allow_mix_precision", "allow_mix_precision_fp16", "allow_mix_precision_bf16")


def read(parameter_map: Mapping[str, Any]) -> Dict[str, Optional[Value]]:
    """What a session's parameter_map says, each value from the slot that it lies in; None where none is filled.

    Goes through what is there: to read a key that is missing would put it there, empty.
    """
    found: Dict[str, Optional[Value]] = {}
    for key, entry in parameter_map.items():
        slot = entry.WhichOneof("value")
        value = None if slot is None else getattr(entry, slot)
        found[key] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return found


def faults(options: Mapping[str, Optional[Value]], slots: Mapping[str, Optional[str]]) -> Iterator[Tuple[str, str]]:
    """(key, what is wrong with it alone) for options as `read` gives them; slots: the one that each was found in."""
    for key, value in sorted(options.items()):
        option, slot = OPTIONS.get(key), slots[key]
        if option is None:
            yield key, "is no option of the adapter, which ignores it without a word; " + near(key)
        elif slot is None:
            yield (
                key,
                "is there without a value, as if a program had read it; the adapter takes it as %s"
                % EMPTY[option.kind.slot],
            )
        elif slot != option.kind.slot:
            taken = EMPTY[option.kind.slot]
            yield key, "lies in .%s, the adapter reads .%s and takes it as %s" % (slot, option.kind.slot, taken)
        elif not option.kind.accepts(value):
            yield key, "is %r, %s is due" % (value, option.kind.words)


EMPTY = {"b": "false", "i": "0", "s": "an empty text"}


def clashes(options: Mapping[str, Optional[Value]]) -> Iterator[Tuple[str, str]]:
    """(key, why it cannot be as it is) for options that the adapter refuses together, or that undo each other."""
    get = options.get
    many = isinstance(get("iterations_per_loop"), int) and get("iterations_per_loop", 1) > 1
    for key, wrong, why in (
        ("use_off_line", get("use_off_line", True) is not True, "off: the whole graph would run on the host"),
        ("job", get("job") in ("ps", "default"), "is a job whose graph runs on the host"),
        ("precision_mode_v2", "precision_mode" in options, "stands beside precision_mode"),
        ("modify_mixlist", not is_mixed(options), "needs a mixed precision_mode"),
        ("enable_dump", bool(get("enable_dump_debug")) and bool(get("enable_dump")), "stands beside enable_dump_debug"),
        ("enable_dump", bool(get("enable_dump")) and "dump_path" not in options, "needs dump_path"),
        ("enable_dump_debug", bool(get("enable_dump_debug")) and "dump_path" not in options, "needs dump_path"),
        ("optypelist_for_implmode", "op_select_implmode" not in options, "needs op_select_implmode"),
        ("mix_compile_mode", many and bool(get("mix_compile_mode")), "allows one iteration a call"),
        ("dynamic_graph_execute_mode", many and get("dynamic_graph_execute_mode") == "lazy_recompile", ONE_CALL),
        ("aoe_mode", many, "makes some releases do one iteration a call"),
        ("variable_placement", get("variable_placement") == "Host" and not get("mix_compile_mode"), MIX_NEEDED),
        ("in_out_pair", not get("mix_compile_mode"), MIX_NEEDED),
        ("compress_weight_conf", bool(get("enable_compress_weight")), "stands beside enable_compress_weight"),
    ):
        if wrong and key in options:
            yield key, why
    shapes = {"input_shape", "dynamic_dims", "dynamic_node_type"}
    if shapes & set(options) not in (set(), shapes):
        yield min(shapes & set(options)), "has to come with all of %s" % ", ".join(sorted(shapes))


ONE_CALL, MIX_NEEDED = "allows one iteration a call", "needs mix_compile_mode"


def is_mixed(options: Mapping[str, Optional[Value]]) -> bool:
    """Whether these options ask for float16 beside float32."""
    return options.get("precision_mode") in MIXED or str(options.get("precision_mode_v2", "")).startswith("mixed")
