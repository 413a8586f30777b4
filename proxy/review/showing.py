"""Showing: what of an exchange a page shows, as plain values for its template. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from handrail.proxy.journal.queue import Case, State
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.review import Review
from handrail.proxy.review.account import Account, May
from handrail.proxy.review.marks import Piece, pieces
from handrail.proxy.review.words import done

# A risk that is carried with less is as good as forgotten.
_CARRIED = 0.05


@dataclass(frozen=True, slots=True)
class Text:
    """A text that stays hidden until it is asked for: whose it is, and its pieces."""

    title: str
    kind: str
    pieces: list[Piece]

    @property
    def length(self) -> int:
        """How many characters it has."""
        return sum(len(piece.text) for piece in self.pieces)

    @property
    def marked(self) -> int:
        """How many of its pieces counted."""
        return sum(bool(piece.labels) for piece in self.pieces)


def conversation(record: Record) -> list[Text]:
    """The messages, oldest first, those passages marked that counted."""
    evidence = _evidence(record)
    whose = {"user": "The person", "assistant": "The chatbot"}
    return [
        Text(f"{whose[each.role]}, message {at + 1}", each.role, pieces(each.content, at, evidence))
        for at, each in enumerate(record.messages)
    ]


def replies(record: Record) -> list[Text]:
    """The reply as the model wrote it, those that were asked for in its place, and what was delivered."""
    found = [Text("The reply as the model wrote it", "reply", pieces(record.reply, None, _evidence(record)))]
    for at, draft in enumerate(record.drafts):
        evidence = (draft.get("assessment") or {}).get("evidence", ())
        title = f"Asked for in its place, try {at + 1}: {draft.get('outcome', '')}"
        found.append(Text(title, "draft", pieces(str(draft.get("reply", "")), None, evidence)))
    decision = record.decision or {}
    title = "What was delivered"
    if decision.get("enforced") is False:
        would = Text("What would have been delivered", "delivered", [Piece(str(decision["would_deliver"]))])
        title = "What was delivered (it was only watched)"
        return [*found, would, Text(title, "delivered", [Piece(record.delivered)])]
    return [*found, Text(title, "delivered", [Piece(record.delivered)])]


def done_to(record: Record) -> str:
    """What was done to the reply, in words."""
    decision = record.decision or {}
    if record.status == "failed":
        let = "was let through, as the settings say" if record.delivered == record.reply else "was held back"
        return f"The reply could not be judged, and {let}."
    words = done(str(decision.get("action")))
    return f"Nothing, it was only watched. Otherwise: {words}" if decision.get("enforced") is False else words


def readings(record: Record) -> dict[str, list[tuple[str, float]]]:
    """The model's probabilities, highest first: of the risks, and of what the reply does."""
    assessment = record.assessment or {}
    return {name: _ranked(assessment.get(name, {})) for name in ("risk", "behaviours")}


def labels_shown(texts: Iterable[Text]) -> list[tuple[str, str]]:
    """The labels that are marked in these texts, with the kind that colours them."""
    found = {label: piece.kind for text in texts for piece in text.pieces for label in piece.labels}
    return sorted(found.items())


def visible_reviews(account: Account, case: Case, reviews: Iterable[Review]) -> list[Review]:
    """The reviews somebody may see: while a reading is open, whoever might do it sees nobody else's."""
    if case.state == State.DONE or not account.may(May.JUDGE):
        return list(reviews)
    return [review for review in reviews if review.by == account.name]


def session_course(record: Record) -> Mapping[str, Any]:
    """What was known of the session when the reply was judged, and the risks carried into it that show."""
    session: Mapping[str, Any] = record.context.get("session") or {}
    carried = [each for each in _ranked(session.get("carried", {})) if each[1] >= _CARRIED]
    return {**session, "carried": carried} if session else {}


def _evidence(record: Record) -> list[Mapping[str, Any]]:
    wrong = [{**each, "message": None} for each in (record.decision or {}).get("corrections", ())]
    return [*(record.assessment or {}).get("evidence", ()), *wrong]


def _ranked(probabilities: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(probabilities.items(), key=lambda each: -each[1])
