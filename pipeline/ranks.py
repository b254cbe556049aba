"""Which of several equal trainings this process is: its rank, from the environment."""

import contextlib
import os
from typing import Iterator, Mapping, NamedTuple

from camvid_tools.errors import ToolkitError

_SET = "the launcher has to set it; docs/ascend.md has a line for each variable"
_START = "horovodrun -np N --gloo starts N ranks (docs/distributed.md); --distributed none trains alone"


class Ranks(NamedTuple):
    """This process's rank, from 0, and how many there are. Rank 0 alone writes the run folder."""

    rank: int = 0
    size: int = 1


ALONE = Ranks()


def alone(environ: Mapping[str, str]) -> Ranks:
    """One process; ToolkitError if the environment says that it is one of several."""
    if environ.get("RANK_SIZE", "1").strip() not in ("", "1"):
        raise ToolkitError(
            "RANK_SIZE is %s, and --distributed is none: each rank would train for itself" % environ["RANK_SIZE"],
            remedy="give --distributed hccl, or unset RANK_SIZE",
        )
    if environ.get("HOROVOD_SIZE", "1") != "1":
        raise ToolkitError(
            "horovodrun started %s ranks, and --distributed is none: each would train for itself"
            % environ["HOROVOD_SIZE"],
            remedy="give --distributed horovod",
        )
    return ALONE


def of_horovod(environ: Mapping[str, str]) -> Ranks:
    """By the variables that horovodrun sets for Gloo; ToolkitError names one that is missing."""
    size = _whole(environ, "HOROVOD_SIZE", 1, 1 << 16, _START)
    return Ranks(_whole(environ, "HOROVOD_RANK", 0, size - 1, _START), size)


@contextlib.contextmanager
def named(ranks: Ranks) -> Iterator[None]:
    """A fault within is said to be this rank's, where it is one of several."""
    try:
        yield
    except ToolkitError as fault:
        if ranks.size > 1:
            fault.what = "rank %d of %d: %s" % (ranks.rank, ranks.size, fault.what)
        raise


def of_hccl(environ: Mapping[str, str]) -> Ranks:
    """By Ascend's variables (read by the adapter's util/npu_attrs.cc and npu_common.py); ToolkitError names one
    that is missing, or that would be passed over in silence."""
    size = _whole(environ, "RANK_SIZE", 1, 1 << 16)
    rank = _whole(environ, "RANK_ID", 0, size - 1)
    if size == 1:
        return Ranks(rank, size)
    if not environ.get("JOB_ID"):
        raise ToolkitError("JOB_ID is not set: the cards find each other by it", remedy=_SET)
    if environ.get("POD_NAME"):
        remedy = "unset POD_NAME"
        raise ToolkitError("POD_NAME is set: the adapter would take the rank from it, not from RANK_ID", remedy=remedy)
    table, chief = environ.get("RANK_TABLE_FILE"), environ.get("CM_CHIEF_IP")
    if bool(table) == bool(chief):
        what = "both are" if table else "neither is"
        raise ToolkitError(
            "the cluster is told by RANK_TABLE_FILE or by CM_CHIEF_IP: %s set" % what, remedy="set one of them"
        )
    if table and not os.path.isfile(table):
        raise ToolkitError("RANK_TABLE_FILE: no such file", where=table)
    if environ.get("CM_WORKER_SIZE"):
        remedy = "unset one of them: the adapter refuses both"
        raise ToolkitError("CM_WORKER_SIZE is set beside RANK_SIZE", remedy=remedy)
    return Ranks(rank, size)


def _whole(environ: Mapping[str, str], name: str, least: int, most: int, remedy: str = _SET) -> int:
    text = environ.get(name)
    if text is None:
        raise ToolkitError("%s is not set" % name, remedy=remedy)
    if not text.strip().isdigit() or not least <= int(text) <= most:
        raise ToolkitError("%s is %r, a whole number from %d to %d is due" % (name, text, least, most))
    return int(text)
