import pytest

from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import Risk, RiskLevel
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Action
from handrail.policies.repeat import may_add
from handrail.policies.session import SessionState
from handrail.policies.texts import Moment, read_texts

from .test_decide import assessed

TEXTS = read_texts()
LATENT, EXPLICIT = RiskLevel.LATENT, RiskLevel.EXPLICIT


def _said(name: str, level: RiskLevel | None) -> str:
    """A reply that a text was added to, or that it took the place of."""
    text = TEXTS.choose(
        name, Moment(Conversation.of([("user", "hi")]), level=level, resources="R", service="s")
    )
    return f"Kind words.\n\n{text}" if name.endswith("_append") else text


@pytest.mark.parametrize(
    ("before", "then", "now", "added"),
    [
        (None, None, LATENT, True),
        ("crisis_append", LATENT, LATENT, False),
        ("crisis_append", LATENT, EXPLICIT, True),
        ("crisis_append", EXPLICIT, EXPLICIT, False),
        ("crisis_append", EXPLICIT, LATENT, False),
        ("crisis_replace", LATENT, LATENT, False),
        ("crisis_replace", LATENT, EXPLICIT, True),
        ("crisis_replace", EXPLICIT, EXPLICIT, True),
        ("delusion_append", LATENT, LATENT, True),
    ],
)
def test_nothing_is_added_twice_in_a_row(
    before: str | None, then: RiskLevel | None, now: RiskLevel, added: bool
) -> None:
    """What was added or asked a moment ago is not said again, unless the risk has come into the open."""
    reply = "A plain reply." if before is None else _said(before, then)
    conversation = Conversation.of([("user", "a"), ("assistant", reply), ("user", "b")])
    assert may_add(TEXTS, "crisis_append", Moment(conversation, "Fine.", now)) is added


def test_a_turn_later_it_may_be_said_again() -> None:
    """Only the reply just before counts."""
    talk = [
        ("user", "a"),
        ("assistant", _said("crisis_append", LATENT)),
        ("user", "b"),
        ("assistant", "Fine."),
    ]
    conversation = Conversation.of([*talk, ("user", "c")])  # type: ignore[list-item]
    assert may_add(TEXTS, "crisis_append", Moment(conversation, "Fine.", LATENT))


@pytest.mark.parametrize(
    ("since", "rising", "added"),
    [(None, False, True), (1, False, False), (2, False, True), (1, True, True)],
)
def test_without_a_history_the_session_remembers(
    decider: Decider, since: int | None, rising: bool, added: bool
) -> None:
    """Where a client sends no earlier replies, a repair a turn ago keeps an addition back."""
    context = Context(session=SessionState(turns=3, rising=rising, interventions=1, since_intervention=since))
    found = assessed({Risk.SUICIDAL_IDEATION: LATENT}, set())
    conversation = Conversation.of([("user", "a")])
    decision = decider.decide(conversation, found, context, reply="Fine.")
    assert (decision.action == Action.APPEND) == added
    assert decision.flagged


@pytest.mark.parametrize(
    ("name", "reply", "added"),
    [
        ("crisis_append", "Are you having thoughts of suicide?", False),
        ("crisis_append", "Are you thinking about ending your life? Call 988.", False),
        ("crisis_append", "Are you thinking about a holiday?", True),
        ("mania_append", "How have you been sleeping?", False),
        ("compulsion_append", "The urge is what a therapist can help with.", False),
    ],
)
def test_what_the_reply_has_is_not_added(name: str, reply: str, added: bool) -> None:
    """A reply that already says it is left alone."""
    conversation = Conversation.of([("user", "a")])
    assert may_add(TEXTS, name, Moment(conversation, reply, LATENT)) is added
