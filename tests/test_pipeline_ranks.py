"""The rank of a process, from the environment: all of Ascend's variables, or one clear line on what is amiss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camvid_tools.errors import ToolkitError
from pipeline import ranks
from pipeline.schedule import Schedule


@pytest.fixture
def environ(tmp_path):
    table = tmp_path / "table.json"
    table.write_text("{}")
    return {"RANK_SIZE": "8", "RANK_ID": "3", "JOB_ID": "10087", "RANK_TABLE_FILE": str(table)}


def test_rank_and_size_are_those_of_the_environment(environ):
    assert ranks.of_hccl(environ) == (3, 8)
    chief = {k: v for k, v in environ.items() if k != "RANK_TABLE_FILE"}
    assert ranks.of_hccl(dict(chief, CM_CHIEF_IP="10.0.0.1")) == (3, 8)
    assert ranks.of_hccl({"RANK_SIZE": "1", "RANK_ID": "0"}) == (0, 1)  # one card needs no cluster


@pytest.mark.parametrize(
    "change, fact",
    [
        ({"RANK_SIZE": None}, "RANK_SIZE is not set"),
        ({"RANK_SIZE": "many"}, "RANK_SIZE is 'many'"),
        ({"RANK_SIZE": "0"}, "from 1"),
        ({"RANK_ID": None}, "RANK_ID is not set"),
        ({"RANK_ID": "8"}, "from 0 to 7"),
        ({"RANK_ID": "-1"}, "from 0 to 7"),
        ({"JOB_ID": None}, "JOB_ID"),
        ({"POD_NAME": "pod-0"}, "POD_NAME"),
        ({"RANK_TABLE_FILE": None}, "neither is set"),
        ({"CM_CHIEF_IP": "10.0.0.1"}, "both are set"),
        ({"RANK_TABLE_FILE": "nowhere.json"}, "no such file"),
        ({"CM_WORKER_SIZE": "8"}, "CM_WORKER_SIZE"),
    ],
)
def test_what_the_adapter_would_pass_over_is_named(environ, change, fact):
    changed = {k: v for k, v in dict(environ, **change).items() if v is not None}
    with pytest.raises(ToolkitError, match=fact):
        ranks.of_hccl(changed)


def test_one_of_many_is_refused_where_nothing_joins_them():
    assert ranks.alone({}) == ranks.alone({"RANK_SIZE": "1", "RANK_ID": "0"}) == (0, 1)
    with pytest.raises(ToolkitError, match="--distributed hccl"):
        ranks.alone({"RANK_SIZE": "8", "RANK_ID": "3"})
    with pytest.raises(ToolkitError, match="--distributed horovod"):
        ranks.alone({"HOROVOD_SIZE": "2", "HOROVOD_RANK": "1"})


def test_horovodrun_tells_rank_and_size():
    assert ranks.of_horovod({"HOROVOD_SIZE": "2", "HOROVOD_RANK": "1"}) == (1, 2)
    with pytest.raises(ToolkitError, match="HOROVOD_SIZE is not set; horovodrun -np N --gloo"):
        ranks.of_horovod({})
    with pytest.raises(ToolkitError, match="from 0 to 1"):
        ranks.of_horovod({"HOROVOD_SIZE": "2", "HOROVOD_RANK": "2"})


def test_a_fault_of_one_of_several_ranks_has_its_number():
    with pytest.raises(ToolkitError) as one, ranks.named(ranks.Ranks(1, 2)):
        raise ToolkitError("no such file", "x.png", "bring it")
    with pytest.raises(ToolkitError) as alone, ranks.named(ranks.ALONE):
        raise ToolkitError("no such file", "x.png", "bring it")
    assert str(one.value) == "x.png: rank 1 of 2: no such file; bring it"
    assert str(alone.value) == "x.png: no such file; bring it"


@given(st.integers(1, 9), st.integers(2, 5), st.integers(1, 40), st.integers(0, 30))
def test_ranks_share_a_global_batch_without_overlap_or_loss(size, batch, frames, number):
    parts = [Schedule(frames, batch, 7, rank, size).batch(number) for rank in range(size)]
    whole = Schedule(frames, batch * size, 7).batch(number)
    assert Schedule(frames, batch, 7, size - 1, size).whole() == Schedule(frames, batch * size, 7)
    for got, due in zip(zip(*parts), whole):
        assert np.array_equal(np.concatenate(got), due)
