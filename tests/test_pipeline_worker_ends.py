"""Worker processes to their end: kills, signals, no memory, trainings; none outlives what it works for."""

import faulthandler
import os
import shutil
import signal
import subprocess
import sys

import pytest

from camvid_tools.errors import RunFault, ToolkitError
from pipeline.spec import BatchSpec
from pipeline.workers import Workers
from processes import batches, descendants, is_there, wait_until
from trainings import command, digest, numbers


def test_a_process_that_is_killed_is_a_fault_that_says_so(packed_street):
    with Workers(batches(packed_street), 2) as workers:
        workers(0)
        os.kill(min(descendants()), signal.SIGKILL)
        with pytest.raises(RunFault, match="signal 9") as caught:
            for number in range(1, 20):
                workers(number)
        assert "memory" in caught.value.remedy


@pytest.fixture
def no_dumps():
    """A process that is meant to die of a signal leaves no trace on the terminal."""
    enabled = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    if enabled:
        faulthandler.enable(sys.__stderr__)


def test_a_packed_file_that_is_cut_short_under_them_is_a_fault_that_says_so(packed_street, tmp_path, no_dumps):
    path = shutil.copy(packed_street, str(tmp_path / "set.h5"))
    make = batches(path)
    with Workers(make, 2) as workers:
        os.truncate(path, 8192)
        with pytest.raises(RunFault, match="signal 7") as caught:
            for number in range(20):
                workers(number)
    assert "cut short" in caught.value.remedy


def test_no_process_is_left_when_they_are_closed(packed_street):
    before = descendants()
    with Workers(batches(packed_street), 3) as workers:
        workers(0)
        assert len(descendants() - before) == 3
    assert descendants() <= before


def test_no_process_is_left_when_the_one_they_work_for_is_killed(packed_street, tmp_path):
    program = (
        "import sys; sys.path[:0] = {path!r}\n"
        "import processes as t, time\n"
        "from pipeline.workers import Workers\n"
        "workers = Workers(t.batches({packed!r}), 3)\n"
        "workers(0); print(*t.descendants(), flush=True); time.sleep(60)\n"
    ).format(path=sys.path, packed=packed_street)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 3 and all(map(is_there, pids))
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(is_there, pids)))


def test_a_process_that_cannot_be_had_leaves_none_of_those_before_it(packed_street, monkeypatch):
    before, make, forks, fork = descendants(), batches(packed_street), [], os.fork
    opened = os.listdir("/proc/self/fd")

    def third_time_unlucky():
        forks.append(1)
        if len(forks) == 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    monkeypatch.setattr(os, "fork", third_time_unlucky)
    with pytest.raises(ToolkitError, match="Resource temporarily unavailable"):
        Workers(make, 5)
    assert len(forks) == 3 and descendants() <= before
    assert len(os.listdir("/proc/self/fd")) <= len(opened)


INTERRUPTED = """
import os, signal, sys, time
sys.path[:0] = {path!r}
import processes
from pipeline.workers import Workers
make, forks = processes.batches({packed!r}), []
def within_a_fork():  # what is raised here is passed over
    forks.append(1)
    if len(forks) == 3:
        os.kill(os.getpid(), signal.{name})
        for _ in range(1000):
            pass
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
os.register_at_fork(after_in_parent=within_a_fork)
with Workers(make, 6) as workers:
    workers(0)
"""


@pytest.mark.parametrize("name, code", [("SIGINT", (1, -2)), ("SIGTERM", (143,))])
def test_a_signal_while_processes_start_is_heeded(packed_street, name, code):
    program = INTERRUPTED.format(path=sys.path, packed=packed_street, name=name)
    ran = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, universal_newlines=True)
    assert ran.returncode in code and "ignored" not in ran.stderr


def test_memory_that_cannot_be_had_is_one_line_and_leaves_no_process(packed_street):
    before, make = descendants(), batches(packed_street)
    make.spec = BatchSpec(2**20, 2**10, 2**10, 32)
    with pytest.raises(ToolkitError, match="fewer --workers"):
        Workers(make, 64)
    assert descendants() <= before


def test_a_training_with_processes_ends_with_the_weights_of_one_without(finished, data, tmp_path):
    run = str(tmp_path / "run")
    subprocess.run(command(data, run) + ["--workers", "2"], check=True)
    assert (digest(run), numbers(run)) == (digest(finished), numbers(finished))


def test_a_training_with_processes_can_go_on_with_threads(data, tmp_path):
    run = str(tmp_path / "run")
    subprocess.run(command(data, run) + ["--workers", "2", "--train_steps", "2"], check=True)
    resumed = [sys.executable, "-m", "train", "--output_path", run, "--resume", "--workers", "0", "--train_steps", "4"]
    subprocess.run(resumed, check=True)
    assert numbers(run)[-1]["step"] == 4


def test_ctrl_c_in_a_terminal_stops_such_a_training_saved_and_alone(data, tmp_path):
    run = str(tmp_path / "run")
    arguments = command(data, run) + ["--workers", "2", "--train_steps", "5000"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: os.path.exists(os.path.join(run, "metrics.jsonl")) and numbers(run), 60)
    there = len(numbers(run))
    for pid, number in zip(descendants(process.pid), (signal.SIGINT, signal.SIGTERM)):
        os.kill(pid, number)
    wait_until(lambda: len(numbers(run)) > there + 20, 60)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of them
    said = process.communicate()[1].decode()
    assert process.returncode == 130 and "saved" in said and "--resume" in said and "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
