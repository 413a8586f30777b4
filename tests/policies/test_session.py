"""Sessions: what fades, what is carried, and what it may never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.assessment import BehaviourReading, RiskReading
from handrail.classifiers.exchange import Conversation, Exchange, Role
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk
from handrail.policies.session import (
    EXPLICIT_HOURS,
    EXPLICIT_TURNS,
    LATENT_TURNS,
    LOOK_BACK,
    REBUILT,
    UNMET_TURNS,
    SessionState,
    advance,
    intervened,
    joined,
    rebuild,
    view_of,
)

SUICIDAL = Risk.SUICIDAL_IDEATION
OWED = dict.fromkeys(RISKS, 0.6)
HARMFUL = 0.95
PROBABILITY = st.floats(0, 1)


def reading(present: float = 0.01, explicit: float = 0.0) -> RiskReading:
    """A reading of one message: of suicidal ideation so much, of all else nothing."""
    nothing = dict.fromkeys(RISKS, 0.0)
    return RiskReading({**nothing, SUICIDAL: present}, {**nothing, SUICIDAL: explicit})


def doing(*behaviours: Behaviour) -> BehaviourReading:
    """A reading of a reply that does these things, and surely nothing else."""
    return BehaviourReading({b: HARMFUL if b in behaviours else 0.01 for b in BEHAVIOURS})


def after(*readings: RiskReading) -> SessionState:
    """The session after messages that were read so."""
    state = SessionState()
    for one in readings:
        state = advance(state, one)
    return state


def test_first_message_carries_nothing() -> None:
    """What the present message shows is no part of what is carried, and nothing rises from nothing."""
    state = after(reading(0.9, 0.9))
    assert state.turns == 1
    assert state.carried[SUICIDAL] == 0
    assert not state.rising


def test_explicit_fades_slower_than_latent() -> None:
    """Each kind is halved in its own number of turns."""
    said = after(reading(0.8, 0.8), *[reading(0, 0)] * round(EXPLICIT_TURNS))
    hinted = after(reading(0.8, 0.0), *[reading(0, 0)] * round(LATENT_TURNS))
    assert said.carried[SUICIDAL] == pytest.approx(0.4)
    assert hinted.carried[SUICIDAL] == pytest.approx(0.4)
    assert EXPLICIT_TURNS > LATENT_TURNS


def test_hours_count_as_turns_do() -> None:
    """A half-life in hours halves what one turn left; a clock that went back changes nothing."""
    first = advance(SessionState(), reading(0.8, 0.8), at=1000.0)
    soon = advance(first, reading(), at=1000.0).carried[SUICIDAL]
    late = advance(first, reading(), at=1000.0 + EXPLICIT_HOURS * 3600).carried[SUICIDAL]
    assert late == pytest.approx(soon / 2)
    assert advance(first, reading(), at=0.0).carried[SUICIDAL] == pytest.approx(soon)


@given(st.lists(PROBABILITY, max_size=12), PROBABILITY)
def test_carried_never_suffices_for_what_is_owed(before: list[float], now: float) -> None:
    """No past lifts a message to where an omission counts, lowers a reading, or makes it explicit."""
    state = after(*(reading(p, p) for p in before), reading(now))
    informed = state.informed(reading(now), doing(*BEHAVIOURS), OWED)
    assert informed.present[SUICIDAL] >= now
    assert informed.present[SUICIDAL] < OWED[SUICIDAL] or informed.present[SUICIDAL] == now
    assert informed.explicit == reading(now).explicit


def test_a_doubtful_message_is_read_otherwise_after_a_disclosure() -> None:
    """Ten turns after open words, a doubtful message and a reply that gives means are no small matter."""
    state = after(reading(0.95, 0.95), *[reading()] * 9, reading(0.05))
    means = state.informed(reading(0.05), doing(Behaviour.GIVES_MEANS), OWED)
    harmless = state.informed(reading(0.05), doing(), OWED)
    nothing = state.informed(reading(0.002), doing(), OWED)
    assert means.present[SUICIDAL] > 0.5
    assert harmless.present[SUICIDAL] < 0.1
    assert nothing.present[SUICIDAL] < 0.01
    assert state.possible(reading(0.002), OWED).present[SUICIDAL] > 0.5


def test_what_did_not_show_is_not_carried() -> None:
    """A message that more likely shows nothing leaves nothing behind; it stays in view instead."""
    state = after(reading(0.4), reading())
    assert not state.carries
    talk = Conversation.of(
        [("user", "I lost my job."), ("assistant", "I'm sorry."), ("user", "Which bridge?")]
    )
    assert view_of(talk, state) == talk


def test_nothing_carried_changes_nothing() -> None:
    """Without a past a reading stays what it is."""
    one = reading(0.3, 0.1)
    assert after(one).informed(one, doing(*BEHAVIOURS), OWED) == one


def drive(
    conversation: Conversation, risks: list[float], replies: dict[str, BehaviourReading]
) -> SessionState:
    """Rebuild a session, each message read as given in turn, and replies by their words."""
    reads = iter(risks)
    rebuilding = rebuild(conversation)
    asked: Conversation | Exchange = next(rebuilding)
    try:
        while True:
            told = reading(p := next(reads), p) if isinstance(asked, Conversation) else replies[asked.reply]
            asked = rebuilding.send(told)
    except StopIteration as end:
        state: SessionState = end.value
        return state


DISCLOSED = [("user", "I want to die."), ("assistant", "REPLY"), ("user", "What is the time?")]


@pytest.mark.parametrize(
    ("reply", "seen"), [(doing(Behaviour.CHECKS_RISK), 1), (doing(Behaviour.VALIDATES_FEELING), 3)]
)
def test_a_risk_that_no_reply_met_stays_in_view(reply: BehaviourReading, seen: int) -> None:
    """A disclosure is read again with the next message, unless the reply did what it called for."""
    talk = Conversation.of(DISCLOSED)
    state = drive(talk, [0.9, 0.01], {"REPLY": reply})
    assert len(view_of(talk, state).messages) == seen
    assert state.carried[SUICIDAL] > 0.5


def test_an_unmet_risk_leaves_view_after_a_few_turns() -> None:
    """However long nobody answers it, an old disclosure is at last only carried."""
    small: list[tuple[Role, str]] = [("assistant", "REPLY"), ("user", "And now?")]
    talk = Conversation.of([DISCLOSED[0], *small * (UNMET_TURNS + 1)])
    state = drive(talk, [0.9, *[0.01] * (UNMET_TURNS + 1)], {"REPLY": doing()})
    assert len(view_of(talk, state).messages) == 1


def test_a_bare_yes_is_read_with_its_question() -> None:
    """A yes to a question brings back the exchange it answers; other short words don't."""
    met = {"Are you safe?": doing(Behaviour.CHECKS_RISK), "Call 988.": doing(Behaviour.REFERS_TO_HELP)}
    for words, reply, seen in (
        ("Yes, I am.", "Are you safe?", 3),
        ("ok", "Are you safe?", 1),
        ("yes", "Call 988.", 1),
    ):
        talk = Conversation.of([DISCLOSED[0], ("assistant", reply), ("user", words)])
        assert len(view_of(talk, drive(talk, [0.9, 0.01], met)).messages) == seen


def test_readings_of_a_rebuild_are_bounded() -> None:
    """However long a conversation, only so many of its messages are read, each with so much around it."""
    talk = Conversation.of([("user", str(at)) if at % 2 == 0 else ("assistant", "Hm.") for at in range(2000)])
    rebuilding, asked = rebuild(talk), []
    asked.append(next(rebuilding))
    with pytest.raises(StopIteration):
        while True:
            asked.append(rebuilding.send(reading()))
    assert len(asked) == REBUILT
    assert max(len(part.messages) for part in asked) <= LOOK_BACK


def test_two_accounts_are_joined() -> None:
    """Of two accounts of one session each risk counts as in the higher, each count as in the larger."""
    kept = intervened(after(reading(0.9, 0.9), reading()))
    told = after(reading(), reading(), reading())
    both = joined(kept, told)
    assert both.turns == 3
    assert (both.interventions, both.since_intervention) == (1, 0)
    assert advance(both, reading()).carried[SUICIDAL] > 0.8


@pytest.mark.parametrize(
    ("risks", "rising"),
    [
        ([0.05, 0.1, 0.3], True),
        ([0.01, 0.1, 0.2, 0.26], True),
        ([0.9, 0.01, 0.01, 0.3], True),
        ([0.9, 0.9], False),
        ([0.01, 0.12], False),
        ([0.3, 0.2, 0.05], False),
    ],
)
def test_rising(risks: list[float], *, rising: bool) -> None:
    """A risk rises when it is clearly higher than in the calmest of the last messages."""
    assert after(*(reading(p) for p in risks)).rising is rising


def test_interventions_are_counted() -> None:
    """A repaired reply counts, and so do the messages since."""
    state = after(reading())
    assert (state.interventions, state.since_intervention) == (0, None)
    state = intervened(state)
    assert (state.interventions, state.since_intervention) == (1, 0)
    state = advance(advance(state, reading()), reading())
    assert (state.interventions, state.since_intervention) == (1, 2)
