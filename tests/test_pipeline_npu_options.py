"""The table of the adapter's options: what is typed becomes what the adapter reads, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camvid_tools.errors import ToolkitError
from pipeline.npu_options import OPTIONS, parse


@pytest.mark.parametrize(
    "text, value",
    [
        ("hcom_parallel=false", False),
        ("hcom_parallel=1", True),
        ("profiling_mode=True", True),
        ("op_execute_timeout=600", 600),
        ("precision_mode=force_fp32", "force_fp32"),
        ("aoe_mode=2", "2"),
        ("profiling_options={}", "{}"),
        ("dump_step=0|5|10-20", "0|5|10-20"),
        ("enable_scope_fusion_passes=a=b", "a=b"),
    ],
)
def test_a_value_has_the_type_that_the_adapter_reads(text, value):
    key, found = parse(text)
    assert key == text.split("=")[0] and found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "text, fact",
    [
        ("hcom_parallel", "KEY=VALUE"),
        ("hcom_paralel=true", "hcom_parallel"),
        ("sfusion_switch_file=x", "fusion_switch_file"),
        ("xyzzy=1", "docs/ascend.md"),
        ("hcom_parallel=2", "true or false"),
        ("op_execute_timeout=1.5", "whole number"),
        ("op_execute_timeout=-1", "from 0"),
        ("iterations_per_loop=0", "from 1"),
        ("enable_exception_dump=3", "from 0 to 2"),
        ("precision_mode=", "allow_mix_precision"),
        ("dump_path=/no/such/folder", "a folder that exists"),
        ("fusion_switch_file=/no/such/file", "a file that exists"),
    ],
)
def test_what_the_adapter_would_pass_over_or_abort_at_is_refused_with_what_is_due(text, fact):
    with pytest.raises(ToolkitError) as caught:
        parse(text)
    assert fact in str(caught.value)


def test_files_and_folders_that_exist_are_taken(tmp_path):
    (tmp_path / "mix.json").write_text("{}")
    assert parse("modify_mixlist=%s" % (tmp_path / "mix.json"))[1].endswith("mix.json")
    assert parse("dump_path=%s" % tmp_path)[1] == str(tmp_path)


@given(st.sampled_from(sorted(OPTIONS)), st.text(max_size=12))
def test_any_text_becomes_a_value_of_the_options_own_type_or_a_refusal(key, text):
    kinds = {"b": bool, "i": int, "s": str}
    try:
        found = parse("%s=%s" % (key, text))
    except ToolkitError as refusal:
        assert key in str(refusal) and OPTIONS[key].kind.words in str(refusal)
    else:
        assert found[0] == key and type(found[1]) is kinds[OPTIONS[key].kind.slot]
