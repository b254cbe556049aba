"""The processor time in a run's record."""

import glob
import os
import shutil
import subprocess
import sys
import time

import trainings
from eval import runfolder
from eval.runfolder import read_metrics
from train.spent import Spent

BURN = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"


def busy():
    """A process that has used half a second of a processor, and waits."""
    process = subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_what_a_process_spends_is_added_to_what_was_spent_before():
    spent = Spent(before=100.0)
    first, until = spent.seconds(), time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert first >= 100.0 and 0.2 <= spent.seconds() - first < 5.0


def test_a_worker_process_counts_once_while_it_runs_and_after_it_ended():
    spent = Spent()
    before, worker = spent.seconds(), busy()
    spent.workers = [worker.pid]
    running = spent.seconds() - before
    worker.communicate(b"\n")
    ended = spent.seconds() - before
    assert 0.4 <= ended < 0.9
    if sys.platform.startswith("linux"):
        assert 0.4 <= running <= ended


def test_metrics_tell_the_processor_time_of_a_run_and_of_its_resumption(finished, tmp_path):
    times = [entry["cpu_s"] for entry in read_metrics(finished)]
    assert times == sorted(times) and times[0] > 0
    run = str(tmp_path / "resumed")
    shutil.copytree(finished, run)
    for path in glob.glob(os.path.join(run, "checkpoints", "*-12.*")):
        os.remove(path)
    saved = runfolder.checkpoints(run)[-1]
    trainings.resume(run)
    after = [entry["cpu_s"] for entry in read_metrics(run) if entry["step"] > saved.step]
    assert saved.step < 12 and after[0] > saved.about["cpu_s"] + 1  # starting TensorFlow alone takes more
