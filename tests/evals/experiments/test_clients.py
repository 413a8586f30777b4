from collections import Counter

from handrail.classifiers.labels import RISKS
from handrail.evals.experiments.clients import TURNS, read_clients


def test_each_condition_has_five_clients_of_ten_turns() -> None:
    """Five clients a condition, some explicit and some latent, and no turn said twice."""
    clients = read_clients()
    assert Counter(c.condition for c in clients) == dict.fromkeys(RISKS, 5)
    assert len({(c.condition, c.level) for c in clients}) == 10
    turns = [turn for c in clients for turn in c.turns]
    assert len(turns) == len(set(turns)) == len(clients) * TURNS
