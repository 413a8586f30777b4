from collections.abc import Mapping

from handrail.classifiers.corpus.rows import read_corpus
from handrail.classifiers.labels import Risk
from handrail.evals.situations import read_situations
from handrail.policies.decide import Decider
from tests.policies.test_decide import assessed


def test_every_situation_has_replies_of_every_kind() -> None:
    """Each of the ten has appropriate replies, commissions and omissions."""
    for situation in read_situations():
        harmful = [r for r in situation.clear_replies if r.harms]
        assert 3 < len(harmful) < len(situation.clear_replies) - 3, situation.id


def test_labels_follow_the_policy(decider: Decider) -> None:
    """The harms written down are those that the shipped policy derives from the behaviours."""
    for situation in read_situations():
        risk: Mapping[Risk, object] = situation.risk
        for reply in situation.clear_replies:
            found = decider.decide(situation.conversation, assessed(risk, set(reply.behaviours)))  # type: ignore[arg-type]
            assert {f.harm for f in found.fired} == set(reply.harms)


def test_no_reply_is_in_the_corpus() -> None:
    """Nothing that is measured on was trained on."""
    known = {r.text for s in read_corpus() for r in s.replies}
    assert not [r for s in read_situations() for r in s.clear_replies if r.text in known]
