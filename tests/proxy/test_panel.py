import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.policies.outside import Outside
from handrail.policies.policy import Policy, Rule
from handrail.policies.source import read_policy
from handrail.proxy.panel import Panel

RULE: dict[str, Any] = {
    "id": "house",
    "harm": "stigma",
    "why": "w",
    "when": {"fails": ["quick", "slow"]},
    "then": "deliver",
    "examples": [
        {"client": "a", "reply": "b", "fires": True},
        {"client": "a", "reply": "c", "fires": False},
    ],
}
EXCHANGE = Exchange(Conversation.of([("user", "What should I cook?")]), "Soup with pepper.")


def asked(name: str, exchange: Exchange) -> bool:
    """Validators as a policy might have them: one that answers, one that hangs, one that raises."""
    if name == "slow":
        time.sleep(0.5)
    if name == "broken":
        raise RuntimeError(exchange.reply)
    return "pepper" in exchange.reply


def decider_with(decider: Decider, outside: dict[str, Outside], names: list[str]) -> Decider:
    rule = Rule.model_validate({**RULE, "when": {"fails": names}})
    policy = decider.policy.model_copy(update={"validators": outside, "rules": (*decider.policy.rules, rule)})
    return replace(decider, policy=policy, ask=asked)


@pytest.fixture
def failures() -> Counter:
    return Counter("failures", "f", ["validator"], registry=CollectorRegistry())


async def told(assessor: Assessor, decider: Decider, failures: Counter) -> frozenset[str] | None:
    (assessment,) = assessor.assess([EXCHANGE])
    panel = Panel(failures)
    context = await panel.told(decider, EXCHANGE, assessment, NOWHERE)
    panel.close()
    fired = decider.decide(EXCHANGE.conversation, assessment, context, reply=EXCHANGE.reply).rules
    assert ("house" in fired) is bool(context.failed)
    return context.failed


async def test_a_validator_is_heard(assessor: Assessor, decider: Decider, failures: Counter) -> None:
    """A rule fires when a validator that it names fails the reply."""
    with_one = decider_with(decider, {"quick": Outside(use="a/b")}, ["quick"])
    assert await told(assessor, with_one, failures) == {"quick"}


@pytest.mark.parametrize(("on_error", "failed"), [("pass", frozenset()), ("fail", frozenset({"broken"}))])
async def test_one_that_raises_counts_as_the_policy_says(
    assessor: Assessor, decider: Decider, failures: Counter, on_error: Any, failed: frozenset[str]
) -> None:
    """A validator that raises is counted, and is passed or failed as the policy says."""
    with_one = decider_with(decider, {"broken": Outside(use="a/b", on_error=on_error)}, ["broken"])
    assert await told(assessor, with_one, failures) == failed
    assert failures.labels("broken")._value.get() == 1


async def test_one_that_hangs_is_not_waited_for(
    assessor: Assessor, decider: Decider, failures: Counter
) -> None:
    """A validator that takes longer than its time counts as one that can't tell."""
    hanging = {"slow": Outside(use="a/b", seconds=0.05), "quick": Outside(use="a/b")}
    assert await told(assessor, decider_with(decider, hanging, ["slow", "quick"]), failures) == {"quick"}


async def test_nobody_is_asked_where_nothing_depends_on_it(
    assessor: Assessor, decider: Decider, failures: Counter
) -> None:
    """A policy that names no validators asks none."""
    assert await told(assessor, decider, failures) is None


def test_a_rule_may_only_ask_whom_the_policy_declares() -> None:
    """A name that is not declared is refused, with the rule that uses it."""
    values = {"version": 1, "name": "p", "rules": [RULE]}
    with pytest.raises(ValueError, match="rule house asks quick, slow, not declared"):
        Policy.model_validate(values)


def test_without_guardrails_the_mend_is_named(tmp_path: Path) -> None:
    """A policy with validators can be read anywhere; to use it, Guardrails AI must be there."""
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\nname: p\nextends: default\nvalidators: {quick: {use: a/b}}\n")
    assert read_policy(path).validators["quick"].use == "a/b"
    with pytest.raises(PolicyError, match="validators"):
        from handrail.policies.load import load_decider

        load_decider({"balanced": {}}, path)
