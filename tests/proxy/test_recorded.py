import dataclasses
import json

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk, RiskLevel
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Action, Decision
from handrail.policies.session import SessionState
from handrail.proxy.journal.record import Delivery, Origin, failed, screened
from handrail.proxy.recorded import of_line, of_record

from ..policies.test_decide import assessed

_UNJUDGED = Decision(Action.REPLACE, False, None, (), {}, "", "abc")
SAID = Conversation.of([("user", "hello")])
ASSESSED = assessed({Risk.MANIA: RiskLevel.EXPLICIT}, {Behaviour.ENCOURAGES_RISK})
KNOWN = Context("GB", "en-GB", "/v1", "coach", "13-17", 3, SessionState({Risk.MANIA: 0.5}, 4, True, 2, 1))


def test_a_record_says_all_that_was_decided_on(decider: Decider) -> None:
    """A record gives back the reading and the context, so that deciding on it again decides the same."""
    decision = decider.decide(SAID, ASSESSED, KNOWN)
    origin = Origin.now("openai_chat", "/v1", KNOWN)
    found = of_record(screened(origin, Delivery(0, SAID, "x", "x"), ASSESSED, decision))
    assert found is not None
    assert found.context == KNOWN
    assert (found.policy, found.conversation) == (decider.policy_hash, SAID)
    assert found.decide(decider).rules == decision.rules


def test_what_could_not_be_judged_is_not_recorded() -> None:
    """An exchange that could not be judged has no reading to try a policy on, but names the policy."""
    record = failed(Origin.now("openai_chat", "/v1"), Delivery(0, SAID, "x", "x"), _UNJUDGED, "MemoryError")
    assert (record.policy, of_record(record)) == ("abc", None)


def test_a_line_lacking_a_label_is_refused() -> None:
    """A line without the probability of a label is named by its number and what it lacks."""
    row = {"risk": dict.fromkeys(RISKS, 0.1), "risk_explicit": dict.fromkeys(RISKS, 0.1)}
    short = {**row, "behaviours": dict.fromkeys(BEHAVIOURS[1:], 0.1)}
    with pytest.raises(SettingsError, match=r"line 7: row: .*no probability of gives_means"):
        of_line(json.dumps(short), 7)


def test_only_what_a_policy_asks_need_have_been_read(decider: Decider) -> None:
    """A reply nobody read is enough for a policy that asks nothing of it, and for no other."""
    row = {"risk": dict.fromkeys(RISKS, 0.1), "risk_explicit": dict.fromkeys(RISKS, 0.1), "read": False}
    found = of_line(json.dumps({**row, "behaviours": dict.fromkeys(BEHAVIOURS, 0.0)}), 1)
    assert found.lacks(decider)
    owing = tuple(r for r in decider.policy.rules if r.when.risk)
    policy = decider.policy.model_copy(update={"rules": owing})
    assert not found.lacks(dataclasses.replace(decider, policy=policy))
