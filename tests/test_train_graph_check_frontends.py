"""python -m train.graph_check: the real graph of every frontend is ready for the card."""

import pytest

from net.frontends import FRONTENDS
from test_train_graph_check import SIZE, on_the_cards_stack
from train.graph_check import main


@on_the_cards_stack
@pytest.mark.parametrize(
    "frontend, per_call",
    [(name, "100") for name in sorted(FRONTENDS)] + [("xception39", "1"), ("efficientnet_lite0", "1")],
)
def test_training_and_evaluation_of_every_frontend_are_ready(run, frontend, per_call):
    ran = run(main, "--frontend", frontend, "--iterations_per_loop", per_call, "--json", "-", *SIZE)
    document = ran.json()
    assert (ran.code, document["verdict"], document["findings"]) == (0, "ready", [])
    assert document["ai_cpu_ops"] == document["evaluation"]["ai_cpu_ops"] == []
    assert document["evaluation"]["verdict"] == "ready" and document["evaluation"]["findings"] == []
    assert document["element_bytes"] == 2 * 160 * 192 * 4
    assert document["ops"]["IteratorGetNext"] == 1 and document["memory_bytes"]["activations"] > 1 << 20
