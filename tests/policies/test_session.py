"""Sessions: what fades, what is carried, and what it may never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.assessment import RiskReading
from handrail.classifiers.labels import RISKS, Risk
from handrail.policies.session import (
    EXPLICIT_HOURS,
    EXPLICIT_TURNS,
    LATENT_TURNS,
    SessionState,
    advance,
    intervened,
)

SUICIDAL = Risk.SUICIDAL_IDEATION
OWED = dict.fromkeys(RISKS, 0.6)
PROBABILITY = st.floats(0, 1)


def reading(present: float = 0.01, explicit: float = 0.0) -> RiskReading:
    """A reading of one message: of suicidal ideation so much, of all else nothing."""
    nothing = dict.fromkeys(RISKS, 0.0)
    return RiskReading({**nothing, SUICIDAL: present}, {**nothing, SUICIDAL: explicit})


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
    informed = state.informed(reading(now), OWED)
    assert informed.present[SUICIDAL] >= now
    assert informed.present[SUICIDAL] < OWED[SUICIDAL] or informed.present[SUICIDAL] == now
    assert informed.explicit == reading(now).explicit


def test_a_doubtful_message_is_read_otherwise_after_a_disclosure() -> None:
    """Ten turns after open words, what alone would be doubtful is not; what says nothing stays nothing."""
    state = after(reading(0.95, 0.95), *[reading()] * 9, reading(0.2))
    assert state.informed(reading(0.2), OWED).present[SUICIDAL] > 0.5
    assert state.informed(reading(0.005), OWED).present[SUICIDAL] < 0.1


def test_nothing_carried_changes_nothing() -> None:
    """Without a past a reading stays what it is."""
    one = reading(0.3, 0.1)
    assert after(one).informed(one, OWED).present[SUICIDAL] == pytest.approx(0.3)


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
