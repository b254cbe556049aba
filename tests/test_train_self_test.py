"""python -m train --self_test: what it says of a machine."""

from train import self_test
from train.__main__ import main


def test_it_runs_to_its_end_and_tells_each_check(run, monkeypatch):
    monkeypatch.setattr(self_test, "STEPS", 3)  # a minute of training less: too few to learn the frames
    ran = run(main, "--self_test", "--frontend", "xception39", "--device", "cpu", "--json", "-")
    told = {check["name"]: check["passed"] for check in ran.json()["checks"]}
    assert ran.code == 1 and sorted(told) == [
        "frames are learned",
        "gradients reach everything",
        "loss falls",
        "save and restore",
    ]
    assert told["gradients reach everything"] and told["save and restore"] and not told["frames are learned"]
