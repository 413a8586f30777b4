"""Session: what earlier turns of a conversation leave behind for the reading of the present one.

Each message of the person is read by itself, once. What it showed is carried on and fades: by half in
EXPLICIT_TURNS or EXPLICIT_HOURS where it was said in so many words, faster where it only showed between
the lines. What is carried informs the reading of the present message and never replaces it: it adds to the
log-odds of a risk, as prior knowledge does, and only up to where a harmful act counts, never to where
something is owed. So "what's the weather?" after a disclosure stays a question about the weather, and a
question about means does not. The rule, its constants and what they were measured on: docs/sessions.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handrail.classifiers.assessment import RiskReading
from handrail.classifiers.labels import RISKS, Risk

# Turns and hours in which what is carried loses half its strength.
EXPLICIT_TURNS, EXPLICIT_HOURS = 20.0, 72.0
LATENT_TURNS, LATENT_HOURS = 5.0, 12.0

# What a risk carried at full strength adds to the log-odds of the present message.
WEIGHT = 3.5

# A risk rises where a message reads at least so much, and so much more than the calmest of the few before.
RISING_FROM, RISING_BY, RISING_OVER = 0.2, 0.15, 3

_HOUR = 3600.0
_LEAST = 1e-6


Risks = Mapping[Risk, float]


def _none() -> Risks:
    return dict.fromkeys(RISKS, 0.0)


@dataclass(frozen=True, slots=True)
class Trace:
    """What a session needs to go on from: strengths in [0, 1] for each risk.

    `latent` and `explicit` are what earlier messages left, faded to now; `present` and `said` what the
    present message showed by itself (at all, and in so many words), and `recent` the first of these for the
    few messages before it. `at` is when the message came, in seconds of Unix time, None when nobody knows;
    `seen` a digest of the messages that were read.
    """

    latent: Risks = field(default_factory=_none)
    explicit: Risks = field(default_factory=_none)
    present: Risks = field(default_factory=_none)
    said: Risks = field(default_factory=_none)
    recent: tuple[Risks, ...] = ()
    at: float | None = None
    seen: str = ""


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
    trace: Trace = Trace()

    def informed(self, reading: RiskReading, owed: Risks) -> RiskReading:
        """A reading of the present message, as one reads it who knows what was said before.

        `owed` [0, 1] is, for each risk, the probability from which something may be missing from a reply.
        Carried risk never lifts a reading to there, nor what was said openly: old words alone owe nothing.
        """
        present = {
            risk: _lifted(p, WEIGHT * self.carried.get(risk, 0.0), owed[risk])
            for risk, p in reading.present.items()
        }
        return replace(reading, present=present)


def advance(
    state: SessionState, reading: RiskReading, at: float | None = None, seen: str = ""
) -> SessionState:
    """The session once a further message of the person has been read by itself.

    What the message before it showed becomes part of what is carried, and all that is carried fades by one
    turn and by the time since, where both times are known.
    """
    trace = _advanced(state.trace, reading, at, seen)
    if not state.turns:
        trace = replace(trace, recent=())
    since = state.since_intervention
    return replace(
        state,
        carried={risk: max(trace.latent[risk], trace.explicit[risk]) for risk in RISKS},
        turns=state.turns + 1,
        rising=bool(trace.recent) and any(_rises(risk, trace) for risk in RISKS),
        since_intervention=None if since is None else since + 1,
        trace=trace,
    )


def intervened(state: SessionState) -> SessionState:
    """The session once a reply to its present message has been repaired."""
    return replace(state, interventions=state.interventions + 1, since_intervention=0)


def _advanced(trace: Trace, reading: RiskReading, at: float | None, seen: str) -> Trace:
    hours = max(0.0, at - trace.at) / _HOUR if at is not None and trace.at is not None else 0.0
    latent = 0.5 ** (1 / LATENT_TURNS + hours / LATENT_HOURS)
    explicit = 0.5 ** (1 / EXPLICIT_TURNS + hours / EXPLICIT_HOURS)
    return Trace(
        latent={r: max(trace.latent[r], trace.present[r]) * latent for r in RISKS},
        explicit={r: max(trace.explicit[r], trace.said[r]) * explicit for r in RISKS},
        present=dict(reading.present),
        said=dict(reading.explicit),
        recent=(*trace.recent, trace.present)[-RISING_OVER:],
        at=trace.at if at is None else at,
        seen=seen,
    )


def _rises(risk: Risk, trace: Trace) -> bool:
    now, calmest = trace.present[risk], min(before[risk] for before in trace.recent)
    return now >= RISING_FROM and now - calmest >= RISING_BY


def _lifted(probability: float, by: float, below: float) -> float:
    """A probability with so much added to its log-odds, short of a bound; never less than it was."""
    sure = min(max(probability, _LEAST), 1 - _LEAST)
    lifted = 1 / (1 + math.exp(-(math.log(sure / (1 - sure)) + by)))
    return max(probability, min(lifted, below - _LEAST))
