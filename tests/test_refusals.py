"""What no command can use: one line with the fact, exit code 2, nothing written."""

import importlib.util
import os
import subprocess
import sys

import pytest

import drawn
import synthetic
from camvid_tools.commands import check, encode, split, synth
from eval.__main__ import main as score
from eval.predict import main as label
from pipeline.__main__ import main as measure
from train.__main__ import main as train

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VAST = "100000000"


@pytest.mark.parametrize(
    "main, flags, fact",
    [
        (synth.main, ["--out", "o", "--frames", "0"], "--frames 0"),
        (synth.main, ["--out", "o", "--height", VAST, "--width", VAST], VAST),
        (synth.main, ["--out", "o", "--layout", "round"], "raw"),
        (split.main, ["--src", "nowhere"], "nowhere"),
        (split.main, ["--src", "{data}", "--shares", "nan/1/1"], "nan/1/1"),
        (split.main, ["--src", "{data}", "--shares", "60/40"], "60/40"),
        (encode.main, ["--src", "{data}", "--groups", "nonsense"], "segnet11, matlab11"),
        (encode.main, ["--src", "{data}", "--resize", "1000000x1000000"], "1000000x1000000"),
        (encode.main, ["--src", "{data}", "--out", "{data}/class_dict.csv"], "never changed"),
        (encode.main, ["--src", "{data}", "--out", __file__], "not overwritten"),
        (check.main, ["{data}/class_dict.csv"], "is a file"),
        (check.main, ["--nonsense"], "--nonsense"),
        (measure, ["--data_path", "{data}", "--step_time", "inf"], "--step_time inf"),
        (measure, ["--data_path", "{data}", "--first_step", "9223372036854775807"], "--first_step"),
        (measure, ["--data_path", "{data}", "--batch_size", "1000000000", "--digest", "1"], "GB"),
        (measure, ["--data_path", "{data}", "--height", "3200000", "--width", "3200000", "--digest", "1"], "GB"),
        (train, ["--data_path", "{data}", "--momentum", "nan"], "'nan'"),
        (train, ["--data_path", "{data}", "--momentum", "5"], "'5'"),
        (train, ["--data_path", "{data}", "--weight_decay", "-1"], "'-1'"),
        (train, ["--data_path", "{data}", "--train_steps", "99999999999999999999"], "99999999999999999999"),
        (train, ["--data_path", "{data}", "--batch_size", "x"], "whole number"),
        (train, ["--data_path", "{data}", "--resume", "--overwrite"], "--overwrite"),
        (train, [], "--data_path"),
        (train, ["--data_path", "{data}", "--output_path", "rate[0.01]"], "for patterns"),
        (train, ["--output_path", "nowhere", "--resume"], "holds no run to go on with"),
        (train, ["--data_path", "{data}", "--train_epochs", "1e18"], "more than can be counted"),
        (train, ["--data_path", "{data}", "--profile", __file__, "--weights", "none", "--device", "cpu"], "else"),
        (train, ["--self_test", "--precision", "mixed"], "takes no --precision"),
        (train, ["--self_test", "--frontend", "nonet"], "no frontend 'nonet'"),
        (score, ["--run", "{data}"], "no run"),
        (score, ["--pictures", "-3"], "--pictures -3"),
        (score, ["--out", "{data}/class_dict.csv"], "class_dict.csv"),
        (score, ["--predictions", "o", "--run", "r", "--data_path", "{data}"], "--run says nothing"),
        (label, ["--src", "{data}/test", "--out", "{data}/test_labels"], "labels of a data set"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_line_that_names_it(main, flags, fact, data, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fact in run(main, *[flag.format(data=data) for flag in flags]).refusal()
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize(
    "recipe, fact",
    [
        ('{"epochs": "ten"}', "epochs"),
        ('{"learning_rate": -1}', "learning_rate"),
        ('{"norm_decay": 1}', "norm_decay"),
        ('{"frozen_norms": "heads"}', "frozen_norms"),
        ('{"frozen_norms": "frontend", "frontend": "xception39"}', "no weights whose statistics"),
        ('{"logit_adjustment": -0.5}', "logit_adjustment"),
        ('{"logit_adjustment": "half"}', "logit_adjustment"),
        ('{"loss_strides": [2, 4]}', "loss_strides"),
        ('{"loss_strides": [3, 3, 3]}', "loss_strides"),
        ('{"score_stride": 1}', "score_stride"),
        ('{"score_stride": 2.0}', "score_stride"),
        ('{"score_stride": 2, "loss_strides": [4, 4, 4]}', "loss_strides"),
        ('{"class_weights": "none.json"}', "median_frequency"),
        ('{"warm_up": 1.5}', "warm_up"),
        ('{"frontend": 18}', "frontend"),
        ('{"ignored": ["Nonsense"]}', "Nonsense"),
        ("[]", "object"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_by_the_setting(recipe, fact, data, run, tmp_path):
    (tmp_path / "own.json").write_text(recipe)
    said = run(train, "--data_path", data, "--recipe", tmp_path / "own.json", "--output_path", tmp_path / "r").refusal()
    assert fact in said and not (tmp_path / "r").exists()


def test_a_table_of_nothing_but_void_cannot_be_learned(run, tmp_path):
    tree = synthetic.split(tmp_path / "set")
    (tmp_path / "set" / "class_dict.csv").write_text("name,r,g,b\nVoid,0,0,0\n")
    assert "no class is left" in run(train, "--data_path", tree, "--height", "32", "--width", "32").refusal()


def test_a_reader_that_goes_away_changes_neither_work_nor_exit_code(tmp_path):
    tree = drawn.tree(str(tmp_path / "set"), 32, 32)
    os.remove(os.path.join(tree, "val_labels", drawn.LISTS["val"][0] + "_L.png"))
    command = [sys.executable, "-m", "camvid_tools.commands.check", tree, "--json", str(tmp_path / "check.json")]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE)
    ran.stdout.close()
    assert ran.stderr.read() == b"" and ran.wait() == 1
    assert (tmp_path / "check.json").exists()


def test_ranks_that_nothing_joins_are_refused(data, run, monkeypatch, tmp_path):
    monkeypatch.setenv("HOROVOD_SIZE", "2")
    monkeypatch.setenv("HOROVOD_RANK", "1")
    begun = [train, "--data_path", data, "--frontend", "resnet18", "--output_path", tmp_path / "r"]
    assert "give --distributed horovod" in run(*begun).refusal()
    begun += ["--distributed", "horovod"]
    if importlib.util.find_spec("horovod") is None:
        assert "rank 1 of 2: --distributed horovod needs Horovod, which is not installed" in run(*begun).refusal()
    monkeypatch.setenv("RANK_SIZE", "2")
    monkeypatch.setenv("RANK_ID", "1")
    monkeypatch.setenv("JOB_ID", "1")
    monkeypatch.setenv("RANK_TABLE_FILE", __file__)
    said = run(*begun, "--distributed", "hccl", "--device", "cpu").refusal()
    assert "rank 1 of 2: hccl joins Ascend cards, horovod processors and GPUs" in said
    assert not (tmp_path / "r").exists()
