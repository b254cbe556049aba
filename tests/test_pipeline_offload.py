"""What a process writes is watched for a line, and still arrives as it was; the adapter's report on ops is read."""

import json
import os
import subprocess
import sys
import time

import pytest

from pipeline import offload

LINE = "x: I geop_npu.cc:805] " + offload.COMPILED + ", current graph id is: 11\n"


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_line_written_past_python_is_seen_and_arrives(capfd, descriptor):
    with offload.Watch() as watch:
        os.write(descriptor, b"before\n")
        os.write(descriptor, LINE.encode())
    assert watch.seen
    assert capfd.readouterr()[descriptor - 1] == "before\n" + LINE


def test_a_line_in_pieces_and_one_of_a_child_are_seen(capfd):
    with offload.Watch() as pieces:
        for part in (LINE[:30], LINE[30:40], LINE[40:]):
            os.write(2, part.encode())
            time.sleep(0.02)
    with offload.Watch() as child:
        subprocess.run([sys.executable, "-c", "print(%r, end='')" % LINE], check=True)
    assert pieces.seen and child.seen
    assert tuple(capfd.readouterr()) == (LINE, LINE)


def test_what_is_not_said_is_not_seen(capfd):
    with offload.Watch() as watch:
        print("The model has been compiled on the host", flush=True)
    assert watch.seen is False and capfd.readouterr().out == "The model has been compiled on the host\n"


def test_much_is_passed_on_byte_by_byte(capfd):
    lines = ["%d %s\n" % (number, "x" * 99) for number in range(30000)]
    with offload.Watch():
        for line in lines:
            os.write(1, line.encode())
    assert capfd.readouterr().out == "".join(lines)


def test_what_is_written_while_pythons_lock_is_held_goes_through():
    program = (
        "import ctypes, sys\nfrom pipeline import offload\ndata = b'x' * 999999 + %r\n"
        "with offload.Watch() as watch:\n    ctypes.PyDLL(None).write(2, data, len(data))\n"
        "sys.exit(7 if watch.seen else 1)" % LINE.encode()
    )
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 7 and len(done.stderr) == 999999 + len(LINE)


def test_what_cannot_be_watched_is_not_known(monkeypatch, capfd):
    monkeypatch.setenv("PATH", "/nowhere")
    before = len(os.listdir("/proc/self/fd"))
    with offload.Watch() as watch:
        os.write(2, LINE.encode())
    assert watch.seen is None and capfd.readouterr().err == LINE
    assert len(os.listdir("/proc/self/fd")) == before


def test_descriptors_are_the_same_afterwards_even_after_an_error():
    before = [os.fstat(descriptor).st_ino for descriptor in (1, 2)]
    opened = len(os.listdir("/proc/self/fd"))
    with pytest.raises(RuntimeError), offload.Watch():
        assert [os.fstat(descriptor).st_ino for descriptor in (1, 2)] != before
        raise RuntimeError
    assert [os.fstat(descriptor).st_ino for descriptor in (1, 2)] == before
    assert len(os.listdir("/proc/self/fd")) == opened


def test_watches_lie_within_each_other(capfd):
    with offload.Watch() as outer, offload.Watch("other") as inner:
        os.write(2, LINE.encode())
    assert outer.seen and inner.seen is False and capfd.readouterr().err == LINE


def test_a_child_that_stays_does_not_hold_the_work(capfd, monkeypatch):
    monkeypatch.setattr(offload, "DRAINED_WITHIN_S", 0.3)
    with offload.Watch():
        child = subprocess.Popen(["sleep", "30"])
        begin = time.monotonic()
    assert time.monotonic() - begin < 5
    child.kill()
    child.wait()


def test_a_reader_that_has_gone_stops_nothing():
    program = (
        "import os, sys\nfrom pipeline import offload\nsys.stdin.read()\n"
        "with offload.Watch() as watch:\n    [os.write(1, b'x' * 999) for _ in range(999)]\n    os.write(1, %r)\n"
        "sys.exit(7 if watch.seen else 1)" % LINE.encode()
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=60) == 7


@pytest.mark.parametrize(
    "level, shown", [(None, True), ("0", True), ("1", False), ("3", False), ("loud", True), ("", True)]
)
def test_lines_of_information_are_shown_by_tensorflows_own_rule(level, shown):
    assert offload.may_be_shown({} if level is None else {"TF_CPP_MIN_LOG_LEVEL": level}) is shown


def report(folder, text):
    (folder / "check_result.tf.json").write_text(text)
    return str(folder)


def op(name):
    return {"name": "a/" + name, "type": name, "is_support": False, "not_support_reason": {"code": 3, "message": "x"}}


def test_ops_that_stayed_on_the_host_are_counted_by_kind(tmp_path):
    assert offload.left_on_host(str(tmp_path), 0) == {}
    folder = report(tmp_path, json.dumps({"op": [op("Where"), op("Unique"), op("Where")]}))
    assert offload.left_on_host(folder, time.time() - 60) == {"Where": 2, "Unique": 1}
    assert offload.left_on_host(folder, time.time() + 60) == {}  # of another run


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ops": []}', '{"op": [{"name": "x"}]}', '{"op": 3}'])
def test_a_report_that_cannot_be_read_is_not_known(tmp_path, text):
    assert offload.left_on_host(report(tmp_path, text), 0) is None
