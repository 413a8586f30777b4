"""Session: what earlier turns of a conversation leave behind for the reading of the present one.

Each message of the person is read once, when it comes. What showed in it is carried on and fades: by half in
EXPLICIT_TURNS or EXPLICIT_HOURS where it was said in so many words, faster where it only showed between
the lines. Once a reply has met a risk with what it calls for (or a few turns
later), a new message is read by itself, without the old words. What is
carried then counts towards a risk only together with what the message says and what the reply to it does,
as prior knowledge counts beside evidence, and only for what a reply does wrong, never for what it leaves
out. So "what's the weather?" after a disclosure stays a question about the weather, and a question about
means does not. The rule, its constants and what they were measured on: docs/sessions.md.
"""

import math
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace

from pydantic.json_schema import SkipJsonSchema

from handrail.classifiers.assessment import BehaviourReading, RiskReading
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk

# Turns and hours in which what is carried loses half its strength.
EXPLICIT_TURNS, EXPLICIT_HOURS = 20.0, 72.0
LATENT_TURNS, LATENT_HOURS = 5.0, 12.0

# A message's risk is carried on from this probability, and what is carried counts down to this strength.
SHOWN, FAINT = 0.5, 0.1

# What a reply can do that makes a risk worse (the commissions of docs/taxonomy.md), and what a risk that is
# carried at FULL strength or more adds to the log-odds of the present message when the reply does it.
WEIGHTS: Mapping[Risk, Mapping[Behaviour, float]] = {
    Risk.SUICIDAL_IDEATION: {
        Behaviour.GIVES_MEANS: 3.2,
        Behaviour.ENCOURAGES_RISK: 3.2,
        Behaviour.MINIMISES: 3.2,
    },
    Risk.DELUSION: {Behaviour.AFFIRMS_BELIEF: 3.2},
    Risk.HALLUCINATION: {Behaviour.AFFIRMS_BELIEF: 3.2, Behaviour.GIVES_MEANS: 2.5},
    Risk.MANIA: {Behaviour.ENCOURAGES_RISK: 3.2, Behaviour.GIVES_MEANS: 2.5},
    Risk.COMPULSION: {Behaviour.SERVES_COMPULSION: 3.2},
}
FULL = 0.5

# Nearly every practical answer gives some means to something: that says so much at most, in log-odds.
MOST_OF_MEANS = 1.5

# A risk rises where a message reads at least so much, and so much more than the calmest of the few before.
RISING_FROM, RISING_BY, RISING_OVER = 0.2, 0.15, 3

# Messages, of both sides, that are read together while nothing is carried.
LOOK_BACK = 12

# The person's messages that are read anew for a session that nothing is known of: after as many turns even
# the openest words have become too faint to count.
REBUILT = 70

# What in a reply meets each risk: the other side of the omissions there.
MEETS: Mapping[Risk, tuple[Behaviour, ...]] = {
    Risk.SUICIDAL_IDEATION: (Behaviour.CHECKS_RISK, Behaviour.REFERS_TO_HELP),
    Risk.DELUSION: (Behaviour.TESTS_REALITY,),
    Risk.HALLUCINATION: (Behaviour.REFERS_TO_HELP, Behaviour.TESTS_REALITY),
    Risk.MANIA: (Behaviour.NAMES_PATTERN, Behaviour.CHECKS_RISK, Behaviour.DECLINES),
    Risk.COMPULSION: (Behaviour.NAMES_PATTERN, Behaviour.DECLINES, Behaviour.REFERS_TO_HELP),
}

# A reply does what it more likely does than not; turns for which a risk that no reply has met stays in view.
MET, UNMET_TURNS = 0.5, 3

# Answers that say nothing by themselves, and all together with the question before them.
_BARE_YES = frozenset(
    {"yes", "yeah", "yep", "yup", "yes i have", "yes i am", "yes i do", "i have", "i am", "i do", "i did"}
    | {"both", "all of them", "sometimes", "maybe", "a bit", "a little", "kind of", "sort of", "i think so"}
    | {"i guess", "i guess so", "probably", "often", "most days", "every day", "every night", "definitely"}
    | {"correct", "right", "that's right", "it is"}
)
# A reply that does everything.
_ANYTHING = BehaviourReading(dict.fromkeys(BEHAVIOURS, 1.0))
_HOUR = 3600.0
_LEAST = 1e-6

Risks = Mapping[Risk, float]
Read = RiskReading | BehaviourReading


def _none() -> Risks:
    return dict.fromkeys(RISKS, 0.0)


@dataclass(frozen=True, slots=True)
class Trace:
    """What a session needs to go on from: strengths in [0, 1] for each risk.

    `latent` and `explicit` are what earlier messages left, faded to now; `present` and `said` what the
    present message showed by itself (at all, and in so many words), and `recent` the first of these for the
    few messages before it. `unmet` are the risks that showed and that no reply has met, `since` the number of
    the person's messages from the first of these to the present one. `at` is when the message came, in
    seconds of Unix time, None when nobody knows;
    `seen` a digest of the messages that were read.
    """

    latent: Risks = field(default_factory=_none)
    explicit: Risks = field(default_factory=_none)
    present: Risks = field(default_factory=_none)
    said: Risks = field(default_factory=_none)
    recent: tuple[Risks, ...] = ()
    unmet: tuple[Risk, ...] = ()
    since: int = 0
    at: float | None = None
    seen: str = ""

    @property
    def awaits(self) -> tuple[Risk, ...]:
        """The risks that the reply to the present message should meet."""
        return tuple(r for r in RISKS if r in self.unmet or self.present[r] >= SHOWN)


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session as it stands when the person's present message is read: what a policy can ask about.

    `carried` is what earlier messages left of each risk, in [0, 1]; the present one has no part in it.
    `turns` counts the person's messages, this one included. `rising` says that some risk shows clearly more
    in this message than in the calmest of the few before. `interventions` counts the replies that were
    repaired; `since_intervention` the messages since (1: it was the reply before this one), None when there
    was none.
    """

    carried: Risks = field(default_factory=_none)
    turns: int = 0
    rising: bool = False
    interventions: int = 0
    since_intervention: int | None = None
    trace: SkipJsonSchema[Trace] = Trace()

    @property
    def carries(self) -> bool:
        """Whether enough is left of any earlier message to count."""
        return any(strength >= FAINT for strength in self.carried.values())

    def possible(self, reading: RiskReading, owed: Risks) -> RiskReading:
        """The reading with every risk that is carried as high as any reply could make it count."""
        return self.informed(reading, _ANYTHING, owed)

    def informed(self, reading: RiskReading, behaviour: BehaviourReading, owed: Risks) -> RiskReading:
        """A reading of the present message, as one reads it who knows what was said before.

        To the log-odds of a risk that is carried come its weight and the log-odds of what the reply does to
        make that risk worse, whatever comes to the most. `owed` [0, 1] is, for each risk, the probability
        from which something may be missing from a reply. No reading is lifted to there, and none of what was
        said openly is changed: old words alone owe nothing.
        """
        present = dict(reading.present)
        for risk, strength in self.carried.items():
            if strength >= FAINT:
                odds = _log_odds(present[risk]) + _evidence(risk, strength, behaviour)
                lifted = 1 / (1 + math.exp(-odds))
                present[risk] = max(present[risk], min(lifted, owed[risk] - _LEAST))
        return replace(reading, present=present)


def advance(state: SessionState, reading: RiskReading, at: float | None = None) -> SessionState:
    """The session once a further message of the person has been read; the reply before it is not known."""
    return heard(passed(state, None, at), reading)


def passed(
    state: SessionState, reply: BehaviourReading | None, at: float | None = None, seen: str = ""
) -> SessionState:
    """The session when a further message has come, which is yet to be read: step one of two.

    What showed in the message before it becomes part of what is carried, and all that is carried fades by
    one turn and by the time since, where both times are known. `reply` is what the reply before it did;
    where nobody knows, it counts as having met what showed.
    """
    unmet = _unmet(state.trace, reply)
    trace = replace(
        _faded(state.trace, at, seen),
        recent=(*state.trace.recent, state.trace.present)[-RISING_OVER:] if state.turns else (),
        unmet=unmet,
        since=state.trace.since + 1 if unmet else 0,
    )
    since = state.since_intervention
    return replace(
        state,
        carried={risk: max(trace.latent[risk], trace.explicit[risk]) for risk in RISKS},
        turns=state.turns + 1,
        rising=False,
        since_intervention=None if since is None else since + 1,
        trace=trace,
    )


def heard(state: SessionState, reading: RiskReading) -> SessionState:
    """The session when the message that had come has been read: step two."""
    trace = replace(state.trace, present=dict(reading.present), said=dict(reading.explicit))
    rising = bool(trace.recent) and any(_rises(risk, trace) for risk in RISKS)
    return replace(state, rising=rising, trace=trace)


def view_of(conversation: Conversation, state: SessionState) -> Conversation:
    """The part of a conversation in which its last message is read: always its end.

    While nothing is carried, that is the last LOOK_BACK messages. While a risk is unmet, it is all since the
    message that showed it. Else it is the person's message alone, or, where that is a bare yes to a
    question, the exchange before it as well.
    """
    messages = conversation.messages
    if not state.carries:
        return Conversation(messages[-LOOK_BACK:])
    said = [at for at, m in enumerate(messages) if m.role == "user"]
    back = state.trace.since
    if not back and len(said) > 1 and _bare(messages[said[-1]].content):
        back = int("?" in messages[said[-1] - 1].content)
    return Conversation(messages[said[-1 - min(back, len(said) - 1)] :] if said else messages)


def joined(one: SessionState, other: SessionState) -> SessionState:
    """Two accounts of one session as one: of each risk the higher, of what was counted the most."""
    latest = max(one, other, key=lambda state: state.turns)
    trace = replace(
        latest.trace,
        latent=_higher(one.trace.latent, other.trace.latent),
        explicit=_higher(one.trace.explicit, other.trace.explicit),
        present=_higher(one.trace.present, other.trace.present),
        said=_higher(one.trace.said, other.trace.said),
        at=max((t for t in (one.trace.at, other.trace.at) if t is not None), default=None),
    )
    repaired = max(one, other, key=lambda state: state.interventions)
    return replace(
        latest,
        trace=trace,
        interventions=repaired.interventions,
        since_intervention=repaired.since_intervention,
    )


def rebuild(
    conversation: Conversation, at: float | None = None
) -> Generator[Conversation | Exchange, Read, SessionState]:
    """The session as the conversation alone tells it.

    Yields each part whose risk is to be read, and each reply that might have met one, and is sent the
    readings. Messages from so long ago that nothing of them could be left are passed over, so there are at
    most REBUILT readings of risk, and those of a conversation that grew by one message are the earlier ones
    and one more.
    """
    state = SessionState()
    for turn in turns_of(conversation)[-REBUILT:]:
        state = yield from follow(turn, state)
    return replace(state, trace=replace(state.trace, at=at))


def follow(
    turn: Conversation, state: SessionState, at: float | None = None, seen: str = ""
) -> Generator[Conversation | Exchange, Read, SessionState]:
    """The session once the person's last message of a conversation is read, from what it was before that.

    Yields at most one reply and one part of the conversation, and is sent their readings.
    """
    answered = _answered(turn) if state.trace.awaits else None
    reply = (yield answered) if answered else None
    state = passed(state, reply if isinstance(reply, BehaviourReading) else None, at, seen)
    reading = yield view_of(turn, state)
    if not isinstance(reading, RiskReading):
        raise TypeError("a part of a conversation wants a reading of risk")
    return heard(state, reading)


def turns_of(conversation: Conversation) -> list[Conversation]:
    """The conversation as it was at each of the person's messages; the last of them is all there is."""
    messages = conversation.messages
    ends = [at + 1 for at, m in enumerate(messages) if m.role == "user"]
    return [Conversation(messages[:end]) for end in ends[:-1]] + [conversation] * bool(ends)


def intervened(state: SessionState) -> SessionState:
    """The session once a reply to its present message has been repaired."""
    return replace(state, interventions=state.interventions + 1, since_intervention=0)


def _answered(turn: Conversation) -> Exchange | None:
    """The person's message before the last, and the reply to it; None where there was none."""
    said = [at for at, m in enumerate(turn.messages) if m.role == "user"]
    if len(said) < 2:
        return None
    asked, answers = turn.messages[said[-2] : said[-2] + 1], turn.messages[said[-2] + 1 : said[-1]]
    reply = "\n\n".join(m.content for m in answers)
    return Exchange(Conversation(asked), reply) if reply.strip() else None


def _unmet(trace: Trace, reply: BehaviourReading | None) -> tuple[Risk, ...]:
    """The risks that showed until now and that no reply has met, short of those from too long ago."""
    if reply is None or trace.since >= UNMET_TURNS:
        return ()
    does = reply.probabilities
    return tuple(r for r in trace.awaits if not any(does[b] >= MET for b in MEETS[r]))


def _faded(trace: Trace, at: float | None, seen: str) -> Trace:
    hours = max(0.0, at - trace.at) / _HOUR if at is not None and trace.at is not None else 0.0
    latent = 0.5 ** (1 / LATENT_TURNS + hours / LATENT_HOURS)
    explicit = 0.5 ** (1 / EXPLICIT_TURNS + hours / EXPLICIT_HOURS)
    return Trace(
        latent={r: max(trace.latent[r], _shown(trace.present[r])) * latent for r in RISKS},
        explicit={r: max(trace.explicit[r], _shown(trace.said[r])) * explicit for r in RISKS},
        at=trace.at if at is None else at,
        seen=seen,
    )


def _shown(probability: float) -> float:
    return probability if probability >= SHOWN else 0.0


def _higher(one: Risks, other: Risks) -> Risks:
    return {risk: max(one[risk], other[risk]) for risk in RISKS}


def _bare(words: str) -> bool:
    return " ".join(re.findall(r"[a-z']+", words.lower().replace("\u2019", "'"))) in _BARE_YES


def _evidence(risk: Risk, strength: float, behaviour: BehaviourReading) -> float:
    """What a carried risk and a reply say together of the present message, in log-odds."""
    most = {Behaviour.GIVES_MEANS: MOST_OF_MEANS}
    share = min(1.0, strength / FULL)
    return max(
        weight * share + min(_log_odds(behaviour.probabilities[act]), most.get(act, math.inf))
        for act, weight in WEIGHTS[risk].items()
    )


def _log_odds(probability: float) -> float:
    sure = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(sure / (1 - sure))


def _rises(risk: Risk, trace: Trace) -> bool:
    now, calmest = trace.present[risk], min(before[risk] for before in trace.recent)
    return now >= RISING_FROM and now - calmest >= RISING_BY
