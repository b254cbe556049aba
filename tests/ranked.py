"""One rank of a small training on two played cards, whose data and first weights differ: prints what it ends with."""

import json
import os
import sys

import npu_bridge  # noqa: F401
import tensorflow.compat.v1 as tf

from pipeline import npu, peers, ranks
from pipeline.needs import Training


def main():
    """Three steps; [weight, average, step], and what a vote about stopping gives when rank 1 alone wants to."""
    among = ranks.of_hccl(os.environ)
    card = npu.Card(Training("mixed", "dynamic", ranks=among), os.environ)
    with tf.Graph().as_default() as graph:
        w = tf.get_variable("w", [2], tf.float32, tf.constant_initializer(1.0 + among.rank))
        average = tf.get_variable("average", [], tf.float32, tf.constant_initializer(5.0 * among.rank), trainable=False)
        first = tf.constant_initializer(7 * among.rank)
        step = tf.get_variable("global_step", [], tf.int64, first, trainable=False)
        optimiser, _ = card.needs.minimiser(tf.train.GradientDescentOptimizer(0.25), step)
        loss = tf.reduce_sum(w) * (1.0 + 2 * among.rank)  # gradients 1 and 3: their mean is 2
        update = optimiser.apply_gradients(optimiser.compute_gradients(loss), global_step=step)
        initialise = tf.global_variables_initializer()
        card.prepare(tf.global_variables())
        with card.training_session(graph) as session:
            session.run(initialise)
            card.begin(session, dict.fromkeys(peers.FACTS, 64 * "0"))
            for _ in range(3):
                session.run(update)
            votes = [card.peers.agree(session, stop) for stop in (False, among.rank == 1)]
            found = [session.run(value).tolist() for value in (w, average, step)]
    json.dump([found, votes], sys.stdout)


if __name__ == "__main__":
    main()
