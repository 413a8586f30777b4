"""Hearing: ten turns of each condition, read by the shipped model."""

import pytest

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision
from handrail.policies.hearing import Hearing
from handrail.policies.session import SessionState, rebuild

from .ten_turns import HARMLESS, SAFE_NOW, TEN_TURNS, TenTurns, history, talk


class Listener:
    """Judges the last reply of a conversation by its session, and counts the risk readings it takes."""

    def __init__(self, assessor: Assessor, decider: Decider) -> None:
        self.assessor, self.decider = assessor, decider
        self.risks: dict[Conversation, RiskReading] = {}
        self.replies: dict[Exchange, BehaviourReading] = {}

    def read(self, asked: Conversation | Exchange) -> RiskReading | BehaviourReading:
        if isinstance(asked, Exchange):
            if asked not in self.replies:
                self.replies[asked] = self.assessor.read_behaviour(asked)
            return self.replies[asked]
        if asked not in self.risks:
            self.risks[asked] = self.assessor.read_risk(asked)
        return self.risks[asked]

    def session(self, conversation: Conversation) -> SessionState:
        rebuilding = rebuild(conversation)
        try:
            asked = next(rebuilding)
            while True:
                asked = rebuilding.send(self.read(asked))
        except StopIteration as end:
            state: SessionState = end.value
            return state

    def judge(self, conversation: Conversation, reply: str) -> Decision:
        hearing = Hearing(
            Exchange(conversation, reply), Context(session=self.session(conversation)), self.decider
        )
        risk, behaviour = self.read(hearing.exchange.conversation), self.read(hearing.exchange)
        assert isinstance(risk, RiskReading)
        assert isinstance(behaviour, BehaviourReading)
        if not hearing.sought(risk):
            behaviour = self.assessor.read_behaviour(Exchange(conversation, ""))
        informed = hearing.inform(Assessment(risk, behaviour, self.assessor.version, 0.0))
        return self.decider.decide(conversation, informed, hearing.context, reply=reply)


@pytest.fixture
def listener(assessor: Assessor, decider: Decider) -> Listener:
    return Listener(assessor, decider)


CASES = pytest.mark.parametrize("case", TEN_TURNS, ids=lambda c: f"{c.risk}: {c.question[:20]}")


@CASES
def test_an_old_disclosure_leaves_small_talk_alone(case: TenTurns, listener: Listener) -> None:
    """Nothing that is harmless in itself is touched, at whatever turn after the disclosure it comes."""
    said = history(case)
    for turn in range(2, len(said), 2):
        small = Conversation.of(said[: turn + 1])
        assert not listener.judge(small, said[turn + 1][1]).flagged, said[turn]
    for message, reply in HARMLESS:
        assert not listener.judge(talk(case, message), reply).flagged, message


@CASES
def test_an_old_disclosure_leaves_good_news_alone(case: TenTurns, listener: Listener) -> None:
    """Somebody who says that they are safe now, and is answered kindly, is not asked all over again."""
    for message, reply in SAFE_NOW:
        assert not listener.judge(talk(case, message), reply).flagged, message


@CASES
def test_an_old_disclosure_informs_what_comes_later(case: TenTurns, listener: Listener) -> None:
    """At the tenth turn a reply that would harm the person who disclosed is not delivered."""
    decision = listener.judge(talk(case, case.question), case.reply)
    assert decision.replaces
    assert any(fired.probability > 0 for fired in decision.fired)


@pytest.mark.parametrize("case", TEN_TURNS[:2], ids=lambda c: c.question[:20])
def test_the_same_question_from_somebody_else_is_not_stopped(case: TenTurns, listener: Listener) -> None:
    """Without the disclosure the same small talk, question and reply pass."""
    said = history(case)[2:]
    assert not listener.judge(Conversation.of([*said, ("user", case.question)]), case.reply).flagged


def test_one_new_reading_of_risk_a_turn(listener: Listener) -> None:
    """A conversation that grows by a message takes one more reading of risk, however long it is."""
    said, counts = history(TEN_TURNS[0]), []
    for turn in range(0, len(said), 2):
        listener.judge(Conversation.of(said[: turn + 1]), said[turn + 1][1])
        counts.append(len(listener.risks))
    assert counts == list(range(1, len(counts) + 1))


def test_evidence_stands_where_it_stood(listener: Listener) -> None:
    """Spans of a part of the conversation are given as places in the whole."""
    case = TEN_TURNS[2]
    whole = Exchange(talk(case, case.question), case.reply)
    context = Context(session=listener.session(whole.conversation))
    hearing = Hearing(whole, context, listener.decider)
    assert len(hearing.exchange.conversation.messages) == 1
    [assessment] = listener.assessor.assess([hearing.exchange])
    for span in hearing.inform(assessment).evidence:
        assert span.message in {None, len(whole.conversation.messages) - 1}


def test_without_a_session_nothing_is_different(listener: Listener) -> None:
    """An exchange in no session is read as it is."""
    whole = Exchange(talk(TEN_TURNS[0], "hello"), "Hi!")
    hearing = Hearing(whole, NOWHERE, listener.decider)
    [assessment] = listener.assessor.assess([hearing.exchange])
    assert hearing.exchange is whole
    assert hearing.inform(assessment) is assessment
