"""Record: one flagged exchange as it is kept for review."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from handrail.classifiers.assessment import Assessment, Span
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decision import Decision
from handrail.policies.false_resource import FALSE_RESOURCE

Status = Literal["screened", "failed"]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an exchange came from: its own id, dialect, path, time, and the context it is judged in.

    `user` is the pseudonym of who asks, where the app named them; `session` that of the conversation.
    """

    id: str
    dialect: str
    path: str
    at: datetime
    context: Context
    user: str | None = None
    session: str | None = None

    @classmethod
    def now(cls, dialect: str, path: str, context: Context = NOWHERE, user: str | None = None) -> "Origin":
        """A new origin, with a fresh id and the present time (UTC)."""
        return cls(f"ex_{uuid.uuid4().hex}", dialect, path, datetime.now(UTC), context, user)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One reply (of one choice): what was said, what the model wrote, what the person was sent.

    `would` is what would have been sent, where the reply was only watched; otherwise None.
    """

    choice: int
    conversation: Conversation
    reply: str
    delivered: str
    would: str | None = None
    drafts: tuple["Draft", ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that was asked for again: its words, what became of it, and how it was judged if it was.

    `outcome` is "used", "harmful", "empty", "unjudged", "timeout", "internal_error", or the code of an
    upstream error.
    """

    reply: str
    outcome: str
    assessment: Values | None = None
    decision: Values | None = None
    opinion: Values | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A flagged exchange.

    `reply` is what the model wrote, as far as it had been written when the decision fell; `delivered` is
    what the person was sent. `status` is "failed" when the reply could not be judged, and then `reason`
    says why and there is neither assessment nor decision. `user` and `session` are pseudonyms. `drafts` are
    the replies that were asked for in place of `reply`, in order; `opinion` is what a second judge said.
    `policy` is the hash of the policy in force, `context` what was known beside the words. `referred` says
    that the person was told where to turn by words of ours.
    """

    id: str
    at: datetime
    dialect: str
    path: str
    country: str | None
    choice: int
    status: Status
    messages: tuple[Message, ...]
    reply: str
    delivered: str
    assessment: Values | None
    decision: Values | None
    reason: str | None = None
    locale: str | None = None
    user: str | None = None
    session: str | None = None
    drafts: tuple[Values, ...] = ()
    opinion: Values | None = None
    policy: str | None = None
    context: Values = field(default_factory=dict)
    referred: bool = False


def screened(origin: Origin, delivery: Delivery, assessment: Assessment, decision: Decision) -> Record:
    """The record of an exchange that was judged and flagged."""
    watched = {} if delivery.would is None else {"enforced": False, "would_deliver": delivery.would}
    judged = (assessment_values(assessment), {**decision_values(decision), **watched})
    # What other validators said of the reply belongs to what the decision rests on.
    origin = replace(origin, context=replace(origin.context, failed=decision.failed))
    record = _record(origin, delivery, judged, decision.policy)
    return replace(record, referred=_refers(delivery, decision))


def failed(origin: Origin, delivery: Delivery, decision: Decision, reason: str) -> Record:
    """The record of an exchange that could not be judged, and of what was decided all the same."""
    record = _record(origin, delivery, (None, None), decision.policy, reason)
    return replace(record, referred=_refers(delivery, decision))


def assessment_values(assessment: Assessment) -> dict[str, Any]:
    """An assessment as plain values."""
    return {
        "risk": rounded(assessment.risk.present),
        "risk_explicit": rounded(assessment.risk.explicit),
        "behaviours": rounded(assessment.behaviour.probabilities),
        "read": assessment.behaviour.read,
        "evidence": [_span_values(span) for span in assessment.evidence],
        "model": assessment.model,
        "seconds": round(assessment.seconds, 4),
    }


def decision_values(decision: Decision) -> dict[str, Any]:
    """A decision as plain values."""
    return {
        "action": str(decision.action),
        "escalate": decision.escalate,
        "severity": decision.severity,
        "rules": [
            {"id": f.rule, "harm": str(f.harm), "why": f.why, "probability": round(f.probability, 4)}
            for f in decision.fired
        ],
        "harms": rounded(decision.harms),
        "policy": decision.policy,
        "corrections": corrections_values(decision),
    }


def corrections_values(decision: Decision) -> list[Values]:
    """What was put right in a reply: where it stood, what was wrong and why."""
    return [
        {"label": FALSE_RESOURCE, "start": c.start, "end": c.end, "wrong": c.wrong, "fault": c.fault}
        for c in decision.corrections
    ]


def context_values(context: Context) -> dict[str, Any]:
    """A context as plain values, without what is not known."""
    named = ("country", "locale", "route", "persona", "age_band", "hour")
    values = {name: getattr(context, name) for name in named if getattr(context, name) is not None}
    if context.failed is not None:
        values["failed"] = sorted(context.failed)
    session = context.session
    if session is not None:
        counts = {n: getattr(session, n) for n in ("turns", "rising", "interventions", "since_intervention")}
        values["session"] = {"carried": rounded(session.carried), **counts}
    return values


def rounded(probabilities: Mapping[Any, float]) -> dict[str, float]:
    """Probabilities by label name, to four places."""
    return {str(label): round(float(p), 4) for label, p in probabilities.items()}


def _refers(delivery: Delivery, decision: Decision) -> bool:
    """Whether a text of ours that says where to turn has been delivered."""
    return decision.refers and delivery.would is None and decision.text in delivery.delivered


def _span_values(span: Span) -> dict[str, Any]:
    return {"label": span.label, "message": span.message, "start": span.start, "end": span.end}


def _record(
    origin: Origin,
    delivery: Delivery,
    judged: tuple[Values | None, Values | None],
    policy: str,
    reason: str | None = None,
) -> Record:
    return Record(
        id=f"{origin.id}.{delivery.choice}",
        at=origin.at,
        dialect=origin.dialect,
        path=origin.path,
        country=origin.context.country,
        choice=delivery.choice,
        status="screened" if reason is None else "failed",
        messages=delivery.conversation.messages,
        reply=delivery.reply,
        delivered=delivery.delivered,
        assessment=judged[0],
        decision=judged[1],
        reason=reason,
        locale=origin.context.locale,
        user=origin.user,
        session=origin.session,
        policy=policy,
        context=context_values(origin.context),
        drafts=tuple(asdict(draft) for draft in delivery.drafts),
    )
