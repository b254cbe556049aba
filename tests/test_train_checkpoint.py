import hashlib
import struct

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault
from eval import runfolder
from train.checkpoint import Checkpoints, weights_digest


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as opened:
        variable = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(2, 3))
        opened.run(tf.global_variables_initializer())
        opened.w = variable
        yield opened


def test_digest_changes_with_name_dtype_shape_and_bytes():
    base = {"a": np.zeros((2, 3), np.float32), "b": np.ones(2, np.int64)}
    others = [
        {"c": base["a"], "b": base["b"]},
        {"a": base["a"].astype(np.float64), "b": base["b"]},
        {"a": base["a"].reshape(3, 2), "b": base["b"]},
        {"a": base["a"] + 1, "b": base["b"]},
    ]
    assert len({weights_digest(values) for values in [base] + others}) == 5
    assert weights_digest(dict(reversed(list(base.items())))) == weights_digest(base)


def test_digest_is_sha256_over_name_dtype_shape_and_little_endian_bytes():
    by_hand = hashlib.sha256(b"w float32 [2]\n" + struct.pack("<2f", 1.5, -2.0)).hexdigest()
    assert weights_digest({"w": np.array([1.5, -2.0], ">f4")}) == by_hand
    assert weights_digest({"w": np.array([1.5, -2.0], "<f4")}) == by_hand


def test_what_is_saved_is_restored(session, tmp_path):
    checkpoints = Checkpoints(str(tmp_path), [session.w])
    saved = checkpoints.save(session, "last", {"step": 7})
    session.run(tf.assign(session.w, tf.zeros([2, 3])))
    checkpoints.restore(session, runfolder.choose(str(tmp_path), "last"))
    assert session.run(session.w).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert saved.about["step"] == 7


def test_weights_that_are_not_finite_are_never_saved(session, tmp_path):
    session.run(tf.assign(session.w, tf.fill([2, 3], float("nan"))))
    with pytest.raises(RunFault, match="w is not finite at step 3"):
        Checkpoints(str(tmp_path), [session.w]).save(session, "last", {"step": 3})
    assert runfolder.checkpoints(str(tmp_path)) == []


def test_a_checkpoint_without_its_json_or_short_of_a_byte_does_not_count(session, tmp_path):
    checkpoints = Checkpoints(str(tmp_path), [session.w])
    for step in (1, 2):
        checkpoints.save(session, "last", {"step": step})
    second = runfolder.checkpoints(str(tmp_path))[-1]
    with open(second.prefix + ".index", "r+b") as file:
        file.truncate(3)
    assert [c.step for c in runfolder.checkpoints(str(tmp_path))] == [1]
