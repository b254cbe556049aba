"""The options of Ascend's TF Adapter as a typed table: the adapter itself ignores a key that it does not know, and
reads a value that lies in the wrong slot as zero, without a word.

Keys, slots, values and releases are those of the adapter's own parser (util/npu_attrs.cc of Ascend/tensorflow, branches
r1.1.1 to master); OLDEST is the first release looked at, where all of them are meant.
"""

import difflib
import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from camvid_tools.errors import ToolkitError

Value = Union[bool, int, str]
OLDEST, NEWEST = "r1.1.1", "master"
PRECISIONS = (
    "force_fp32 allow_fp32_to_fp16 force_fp16 must_keep_origin_dtype allow_mix_precision cube_fp16in_fp32out "
    "allow_mix_precision_fp16 allow_mix_precision_bf16 allow_fp32_to_bf16"
).split()
PRECISIONS_V2 = "fp16 origin cube_fp16in_fp32out mixed_float16 mixed_bfloat16".split()


class Kind(NamedTuple):
    """What values an option takes. slot: the field of its AttrValue, `b`, `i` or `s`; words: what is due."""

    slot: str
    words: str
    accepts: Callable[[Any], bool]


def _one_of(texts: Sequence[str]) -> Kind:
    return Kind("s", "one of " + ", ".join(texts), lambda value: value in texts)


def _whole(least: int, most: Optional[int] = None) -> Kind:
    words = "a whole number from %d" % least + ("" if most is None else " to %d" % most)
    return Kind("i", words, lambda value: least <= value and (most is None or value <= most))


SWITCH = Kind("b", "true or false", lambda value: True)
TEXT = Kind("s", "text", lambda value: bool(value))
FILE = Kind("s", "a file that exists", os.path.isfile)
FOLDER = Kind("s", "a folder that exists", os.path.isdir)
ANY = _whole(-(2**63))


class Option(NamedTuple):
    """One key of the adapter's parameter_map; since and until: the adapter's releases that read it."""

    key: str
    kind: Kind
    since: str = OLDEST
    until: str = NEWEST
    note: str = ""


def _options(kind: Kind, since: str, *keys: str) -> Tuple[Option, ...]:
    return tuple(Option(key, kind, since) for key in keys)


OPTIONS: Dict[str, Option] = {
    option.key: option
    for option in (
        Option("use_off_line", SWITCH, note="false: the whole graph runs on the host, without an error"),
        Option("enable_data_pre_proc", SWITCH, note="needed for more than one iteration a call"),
        Option("iterations_per_loop", _whole(1)),
        Option("mix_compile_mode", SWITCH, note="only with one iteration a call"),
        Option("precision_mode", _one_of(PRECISIONS), note="the values are checked from r1.13 on"),
        Option("precision_mode_v2", _one_of(PRECISIONS_V2), "r1.13.0", note="not beside precision_mode"),
        Option("modify_mixlist", FILE, "r1.5.0", note="only with a mixed precision"),
        Option("customize_dtypes", FILE, "r1.9.0"),
        Option("graph_run_mode", _whole(0, 1), note="0 inference, 1 training"),
        Option("session_device_id", _whole(0), "r1.3.0"),
        *_options(_whole(0), "r1.7.0", "op_execute_timeout", "op_wait_timeout", "hccl_timeout"),
        Option("deterministic", _whole(0, 1), "r1.13.0"),
        Option("op_compiler_cache_mode", _one_of(("enable", "force", "disable")), "r1.2.0"),
        *_options(TEXT, "r1.2.0", "op_compiler_cache_dir", "debug_dir"),
        Option("op_debug_level", _whole(0, 4), note="other than 0 it switches the compiler's cache off"),
        Option("op_debug_config", FILE, "r1.9.0"),
        Option("enable_exception_dump", _whole(0, 2)),
        Option("enable_dump", SWITCH, note="needs dump_path; not beside enable_dump_debug"),
        Option("enable_dump_debug", SWITCH, note="needs dump_path; not beside enable_dump"),
        Option("dump_path", FOLDER),
        Option("dump_step", TEXT, note="such as 0|5|10-20"),
        Option("dump_mode", _one_of(("input", "output", "all"))),
        Option("dump_debug_mode", _one_of(("aicore_overflow", "atomic_overflow", "all"))),
        Option("dump_data", _one_of(("tensor", "stats")), "r1.10.0"),
        Option("dump_layer", TEXT, "r1.10.0"),
        Option("profiling_mode", SWITCH, note="r1.2.0 needs profiling_options beside it"),
        Option("profiling_options", TEXT, note="JSON"),
        Option("op_precision_mode", FILE, "r1.5.0"),
        Option(
            "op_select_implmode",
            _one_of(
                ("high_precision", "high_performance", "high_precision_for_all", "high_performance_for_all"),
            ),
        ),
        Option("optypelist_for_implmode", TEXT, note="needs op_select_implmode"),
        Option("enable_small_channel", _whole(0, 1), "r1.2.0"),
        Option("fusion_switch_file", FILE, "r1.2.0"),
        Option("buffer_optimize", _one_of(("l2_optimize", "off_optimize")), "r1.2.0"),
        *_options(TEXT, OLDEST, "enable_scope_fusion_passes", "stream_max_parallel_num"),
        Option("ac_parallel_enable", _one_of(("0", "1")), "r1.15.0"),
        Option("is_tailing_optimization", SWITCH),
        Option("variable_placement", _one_of(("Device", "Host")), "r1.13.0", note="Host needs mix_compile_mode"),
        Option("frozen_variable", SWITCH, "r1.13.0"),
        Option("variable_format_optimize", SWITCH),
        *_options(TEXT, OLDEST, "graph_memory_max_size", "variable_memory_max_size"),
        *_options(_whole(0), "r1.9.0", "static_memory_policy", "atomic_clean_policy"),
        Option("memory_optimization_policy", TEXT, "r1.13.0"),
        Option("external_weight", SWITCH, "r1.11.0"),
        Option("jit_compile", _one_of(("true", "false", "auto")), "r1.13.0", note="r1.10 and r1.11 read a switch"),
        Option("graph_slice", _one_of(("auto", "manual")), "r1.13.0"),
        Option("graph_compiler_cache_dir", TEXT, "r1.13.0"),
        Option("topo_sorting_mode", _whole(0), "r1.10.0"),
        Option("insert_op_file", FILE, "r1.11.0"),
        *_options(ANY, "r1.13.0", "stream_sync_timeout", "event_sync_timeout"),
        Option("graph_exec_timeout", ANY, "r1.9.0"),
        Option("auto_tune_mode", TEXT),
        Option(
            "aoe_mode", _one_of(("1", "2", "4", "mdat")), "r1.5.0", note="r1.8 to r1.11 then do one iteration a call"
        ),
        Option("aoe_config_file", FILE, "r1.11.0"),
        Option("work_path", TEXT, "r1.2.0"),
        Option("distribute_config", FILE, "r1.3.0"),
        Option("dynamic_input", SWITCH, "r1.3.0"),
        Option(
            "dynamic_graph_execute_mode",
            _one_of(("lazy_recompile", "dynamic_execute")),
            "r1.3.0",
            note="lazy_recompile only with one iteration a call",
        ),
        Option("dynamic_inputs_shape_range", TEXT, "r1.3.0"),
        *_options(TEXT, "r1.2.0", "input_shape", "dynamic_dims"),
        Option("dynamic_node_type", _whole(0, 1), "r1.2.0"),
        Option("job", TEXT, note="ps or default: the graph runs on the host"),
        Option("task_index", _whole(0)),
        Option("local_rank_id", _whole(0, 7), "r1.3.0"),
        Option("local_device_list", TEXT, "r1.3.0"),
        Option("HCCL_algorithm", TEXT, "r1.8.0"),
        Option("hcom_parallel", SWITCH),
        Option("hcom_multi_mode", SWITCH, "r1.3.0"),
        Option("in_out_pair", TEXT, "r1.3.0", note="needs mix_compile_mode"),
        Option("in_out_pair_flag", SWITCH, "r1.3.0"),
        Option("const_input", TEXT, "r1.9.0"),
        Option("lower_functional_ops", SWITCH),
        Option("device_type", TEXT, "r1.7.0"),
        Option("soc_config", TEXT, "r1.8.0"),
        Option("resource_config_path", FILE, "r1.10.0"),
        Option("enable_compress_weight", SWITCH, "r1.2.0"),
        Option("compress_weight_conf", FILE, "r1.2.0", note="not beside enable_compress_weight"),
        Option("enable_graph_parallel", SWITCH, "r1.13.0"),
        *_options(FILE, "r1.13.0", "graph_parallel_option_path", "es_cluster_config"),
        *_options(TEXT, "r1.9.0", "experimental_logical_device_cluster_deploy_mode", "experimental_logical_device_id"),
        *_options(TEXT, "r1.13.0", "experimental_model_deploy_mode", "experimental_model_deploy_devicelist"),
        Option("experimental_accelerate_train_mode", TEXT, "r1.15.0"),
        Option("mstune_mode", TEXT, "r1.2.0", "r1.3.0"),
        Option("op_tune_mode", TEXT, "r1.3.0", "r1.3.0"),
        *(Option(key, TEXT, OLDEST, OLDEST) for key in ("fp_point", "bp_point")),
    )
}


def parse(text: str) -> Tuple[str, Value]:
    """`KEY=VALUE` as typed on a command line; ToolkitError says which keys or values there are."""
    key, equals, given = text.partition("=")
    if not equals:
        raise ToolkitError("--npu_option %s has no value" % text, remedy="write KEY=VALUE")
    option = OPTIONS.get(key)
    if option is None:
        raise ToolkitError("the adapter has no option '%s'" % key, remedy=near(key))
    try:
        return key, _typed(option.kind, given)
    except ValueError:
        raise ToolkitError("--npu_option %s=%s: %s is due" % (key, given, option.kind.words)) from None


def parse_all(texts: Sequence[str]) -> Dict[str, Value]:
    """The options of several `KEY=VALUE`, of which the last of a key holds."""
    return dict(parse(text) for text in texts)


def near(key: str) -> str:
    """Options whose names are like `key`, as a remedy."""
    found = difflib.get_close_matches(key, OPTIONS, 3)
    return "near it %s" % ", ".join(found) if found else "docs/ascend.md has all of them"


def _typed(kind: Kind, given: str) -> Value:
    """ValueError where the kind does not take it."""
    value: Value = given
    if kind.slot == "b":
        value = {"true": True, "1": True, "false": False, "0": False}.get(given.lower(), given)
        if value is given:
            raise ValueError
    elif kind.slot == "i":
        value = int(given)
    if not kind.accepts(value):
        raise ValueError
    return value


def markdown() -> List[str]:
    """The table as docs/ascend.md shows it."""
    rows = ["| key | takes | releases | remark |", "|---|---|---|---|"]
    for key, option in OPTIONS.items():
        releases = "%s to %s" % (option.since, option.until)
        rows.append("| `%s` | %s | %s | %s |" % (key, option.kind.words, releases, option.note))
    return rows
