"""Several equal trainings that are one: they start alike, step alike and stop together, by what an engine exchanges."""

from typing import Any, Callable, List, NamedTuple, Optional

import tensorflow.compat.v1 as tf

from camvid_tools.errors import RunFault


class Engine(NamedTuple):
    """Exchanges tensors between ranks. mean: of a float tensor over all ranks, with the same bits in each; from_first:
    rank 0's value of a tensor."""

    mean: Callable[[tf.Tensor], tf.Tensor]
    from_first: Callable[[tf.Tensor], tf.Tensor]


class Alone:
    """A training that is the only one."""

    def begin(self, session: tf.Session) -> None:
        """Nothing to copy."""

    def agree(self, session: tf.Session, stop: bool) -> bool:
        """Whether any rank is to stop."""
        return stop

    def settle(self, session: tf.Session) -> None:
        """Nothing to average."""


class Peers(Alone):
    """One of several ranks. All of them have to make the same calls in the same order, else each waits for the rest."""

    def __init__(self, engine: Engine, variables: List[Any], apart: List[Any]) -> None:
        """Adds to the default graph. variables: all that are to begin alike; apart: those that each rank then moves by
        its own batches."""
        self._copies = tf.group(*[tf.assign(variable, engine.from_first(variable)) for variable in variables])
        self._vote = tf.placeholder(tf.float32, [])
        self._votes = engine.mean(self._vote)
        self._settled = _averaged(engine, apart)

    def begin(self, session: tf.Session) -> None:
        """Give all ranks rank 0's values."""
        _run(session, self._copies)

    def agree(self, session: tf.Session, stop: bool) -> bool:
        """Whether any rank is to stop: all ask after the same call, so that none waits for one that has gone."""
        return bool(_run(session, self._votes, {self._vote: float(stop)}))

    def settle(self, session: tf.Session) -> None:
        """Give the variables that the ranks move apart their mean over all of them. Of averages that each batch moves
        by the same share this is exact: the mean of the averages is the average of the means."""
        _run(session, self._settled)


ALONE = Alone()


def _averaged(engine: Engine, variables: List[Any]) -> tf.Operation:
    """One exchange for them all."""
    if not variables:
        return tf.no_op()
    sizes = [variable.shape.num_elements() for variable in variables]
    mean = engine.mean(tf.concat([tf.reshape(variable, [-1]) for variable in variables], 0))
    parts = zip(variables, tf.split(mean, sizes))
    return tf.group(*[tf.assign(variable, tf.reshape(part, variable.shape)) for variable, part in parts])


def _run(session: tf.Session, fetches: Any, feed: Optional[Any] = None) -> Any:
    try:
        return session.run(fetches, feed)
    except tf.errors.OpError as error:
        raise RunFault(
            "the ranks do not reach each other any more: %s" % error.message.splitlines()[0],
            remedy="what the launcher printed tells which of them ended, and why; --resume goes on from what was saved",
        ) from None
