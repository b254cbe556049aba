"""Two processes on one host that train as one through Horovod: equal to their slow twin, one who writes, one end."""

import importlib.util
import os
import signal
import subprocess
import sys

import pytest

import sliced
from eval import runfolder
from eval.runfolder import read_metrics
from sliced import words
from test_train_stops import wait_for

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("horovod") is None, reason="Horovod is not installed: make horovod builds it"
)
HOROVOD = ["--device", "cpu", "--distributed", "horovod"]
LAUNCH = [sys.executable, "-m", "horovod.runner.launch", "--gloo"]


def flags(data, folder, **changed):
    """A short training into `folder`/run, of batches of 4 over all ranks."""
    given = {"data_path": data, "output_path": str(folder / "run"), "batch_size": 2, "height": 64, "width": 96}
    given.update({"augment": "base", "frontend": "resnet18", "threads": 1, "tf_threads": 1}, **changed)
    return given


def start(given, *more, ranks=2):
    """A training of some ranks, begun: stdout and stderr go to files beside its run folder."""
    train = [sys.executable, "-m", "train", *HOROVOD, *words(given), *more]
    beside = os.path.dirname(given["output_path"])
    with open(os.path.join(beside, "out"), "w") as out, open(os.path.join(beside, "err"), "w") as err:
        return subprocess.Popen(LAUNCH + ["-np", str(ranks)] + train, stdout=out, stderr=err)


def ended(process, given):
    """The code of a training once it has ended, and all that it said; it is ended where it hangs."""
    try:
        process.wait(timeout=400)
    finally:
        process.terminate()
    beside = os.path.dirname(given["output_path"])
    said = [open(os.path.join(beside, name)).read() for name in ("out", "err")]
    return process.returncode, "".join(said)


def of_ranks(run):
    """The processes that train into this run folder, by rank: found as docs/distributed.md finds them."""
    found = {}
    pattern = r"^[^ ]*python[0-9.]* -m train .*%s" % run
    for pid in subprocess.run(["pgrep", "-f", pattern], stdout=subprocess.PIPE).stdout.split():
        with open("/proc/%d/environ" % int(pid), "rb") as environ:
            told = dict(part.split(b"=", 1) for part in environ.read().split(b"\0") if b"=" in part)
        found[int(told[b"HOROVOD_RANK"])] = int(pid)
    return found


def wait_for_steps(given, process):
    run = given["output_path"]
    wait_for(lambda: runfolder.holds_run(run) and read_metrics(run), process)
    assert sorted(of_ranks(run)) == [0, 1]


@sliced.lengths
def test_ranks_end_where_one_process_does_that_takes_their_batches_in_slices(steps, rate, clip, far, tmp_path):
    given = sliced.flags(tmp_path, steps, rate, clip)
    code, said = ended(start(given, "--workers", "1"), given)
    assert code == 0, said
    share, name = sliced.furthest(given, 2)
    assert share < far, name


def test_ranks_with_frozen_norms_end_where_one_process_does_that_takes_whole_batches(tmp_path):
    given = sliced.frozen_flags(tmp_path)
    code, said = ended(start(given), given)
    assert code == 0, said
    far, moved = sliced.from_plain(given)
    assert far < sliced.FAR and moved > 1e-2


def test_rank_0_alone_writes_and_says_anything(data, tmp_path):
    given = flags(data, tmp_path, train_steps=12, validate_every=12)
    code, said = ended(start(given, "--profile", str(tmp_path / "trace")), given)
    assert code == 0, said
    run = given["output_path"]
    assert sorted(os.listdir(str(tmp_path))) == ["err", "out", "run", "trace"]
    assert sum(line.count("made " + run) for line in said.splitlines()) == 1 and "[1]<stdout>" not in said
    assert [entry["step"] for entry in read_metrics(run) if entry["kind"] == "validation"] == [12]
    assert runfolder.read(run).settings["ranks"] == 2


def test_a_signal_to_one_rank_stops_all_of_them_saved(data, tmp_path):
    given = flags(data, tmp_path, train_steps=5000, log_every=1, validate_every=5000, save_every=5000)
    process = start(given)
    try:
        wait_for_steps(given, process)
        os.kill(of_ranks(given["output_path"])[1], signal.SIGTERM)
        code, said = ended(process, given)
    finally:
        process.kill()
    last = runfolder.choose(given["output_path"], "last")
    assert code != 0 and "stopped at step %d, saved" % last.step in said and last.step >= 1
    assert not [line for line in said.splitlines() if line.startswith("[") and "Traceback" in line], said


def test_a_rank_that_is_killed_ends_the_run_by_its_number_and_the_run_goes_on(data, tmp_path):
    given = flags(data, tmp_path, train_steps=5000, log_every=1, validate_every=5000, save_every=2)
    process = start(given)
    try:
        wait_for(lambda: runfolder.checkpoints(given["output_path"]), process)
        os.kill(of_ranks(given["output_path"])[1], signal.SIGKILL)
        code, said = ended(process, given)
    finally:
        process.kill()
    assert code != 0 and "Process name: 1" in said, said
    last = runfolder.choose(given["output_path"], "last").step
    code, said = ended(start(dict(given, train_steps=last + 2), "--resume"), given)
    assert code == 0 and "going on from" in said, said
    assert runfolder.choose(given["output_path"], "last").step == last + 2


def test_another_number_of_ranks_goes_on_with_batches_of_the_same_size(data, tmp_path):
    given = flags(data, tmp_path, train_steps=4)
    code, said = ended(start(given), given)
    assert code == 0, said
    alone = [sys.executable, "-m", "train", "--output_path", given["output_path"], "--resume", "--train_steps", "6"]
    more = subprocess.run(
        alone + ["--distributed", "none"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True
    )
    assert more.returncode == 2 and "take 4 images a step, as before, by --batch_size" in more.stderr, more.stderr
    subprocess.run(alone + ["--distributed", "none", "--batch_size", "4"], check=True)
    run = given["output_path"]
    assert runfolder.choose(run, "last").step == 6
    assert runfolder.read(run).settings["ranks"] == 1


def test_ranks_that_see_other_run_folders_do_not_go_on(data, tmp_path):
    given = flags(data, tmp_path, train_steps=4)
    assert ended(start(given), given)[0] == 0
    program = "import os, sys; rank = os.environ['HOROVOD_RANK']; run = sys.argv.index('--output_path') + 1; "
    program += "sys.argv[run] += '_elsewhere' * (rank == '1'); from train.__main__ import main; sys.exit(main())"
    train = [sys.executable, "-c", program, *words(dict(given, train_steps=8)), "--resume", *HOROVOD]
    done = subprocess.run(LAUNCH + ["-np", "2"] + train, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=400)
    assert done.returncode != 0
    assert b"rank 1 of 2: its weights to begin with are not those of rank 0" in done.stdout + done.stderr
