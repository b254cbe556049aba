"""Several equal trainings that are one: they start alike, step alike and stop together, by what an engine exchanges."""

from typing import Any, Callable, List, Mapping, NamedTuple, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault

# What has to be the same of all ranks, each told by a sha256, and what to do where it is not.
FACTS = {
    "settings": "give all ranks the same command, the same version and the same packages",
    "training frames": "give all ranks the same --data_path, or equal copies",
    "weights to begin with": "all ranks have to see the same --output_path, and to be given --resume alike",
}


class Engine(NamedTuple):
    """Exchanges tensors between ranks. mean: of a float tensor over all ranks, with the same bits in each; from_first:
    rank 0's value of a tensor, which goes by a name."""

    mean: Callable[[tf.Tensor], tf.Tensor]
    from_first: Callable[[tf.Tensor, str], tf.Tensor]


class Alone:
    """A training that is the only one."""

    def begin(self, session: tf.Session, facts: Mapping[str, str]) -> None:
        """Nothing to compare, nothing to copy."""

    def agree(self, session: tf.Session, stop: bool) -> bool:
        """Whether any rank is to stop."""
        return stop


class Peers(Alone):
    """One of several ranks. All of them have to make the same calls in the same order, else each waits for the rest."""

    def __init__(self, engine: Engine, variables: List[Any]) -> None:
        """Adds to the default graph what gives all ranks rank 0's values of these variables, and a vote."""
        self._copies = tf.group(
            *[tf.assign(variable, engine.from_first(variable, variable.op.name)) for variable in variables]
        )
        self._facts = tf.placeholder(tf.int64, [len(FACTS)])
        self._first_facts = engine.from_first(self._facts, "facts")  # a name that no rank's graph lacks
        self._vote = tf.placeholder(tf.float32, [])
        self._votes = engine.mean(self._vote)

    def begin(self, session: tf.Session, facts: Mapping[str, str]) -> None:
        """Give all ranks rank 0's values. facts: a sha256 for each of FACTS; RunFault names one that differs."""
        own = np.array([_number(facts[name]) for name in FACTS])
        first = _run(session, self._first_facts, {self._facts: own})
        for name, same in zip(FACTS, own == first):
            if not same:
                raise RunFault("its %s are not those of rank 0" % name, remedy=FACTS[name])
        _run(session, self._copies)

    def agree(self, session: tf.Session, stop: bool) -> bool:
        """Whether any rank is to stop: all ask after the same call, so that none waits for one that has gone."""
        return bool(_run(session, self._votes, {self._vote: float(stop)}))


ALONE = Alone()


def _number(digest: str) -> int:
    return int.from_bytes(bytes.fromhex(digest)[:8], "little", signed=True)


def _run(session: tf.Session, fetches: Any, feed: Optional[Any] = None) -> Any:
    try:
        return session.run(fetches, feed)
    except tf.errors.OpError as error:
        raise RunFault(
            "the ranks do not reach each other any more: %s" % error.message.splitlines()[0],
            remedy="what the launcher printed tells which of them ended, and why; --resume goes on from what was saved",
        ) from None
