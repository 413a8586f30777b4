"""Exchange page: one exchange with all that is known of it, and what is done with it."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from handrail.classifiers.errors import RequestError, ReviewError
from handrail.classifiers.labels import HARMS
from handrail.policies.decision import SEVERITY_ORDER
from handrail.proxy.journal.queue import ANY, Case, Filter, Page, State
from handrail.proxy.journal.record import Record
from handrail.proxy.review.account import May
from handrail.proxy.review.desk import Form, Visit
from handrail.proxy.review.form import NOTE_MOST, read_form
from handrail.proxy.review.layout import render, see
from handrail.proxy.review.sampling import drawn
from handrail.proxy.review.showing import (
    conversation,
    done_to,
    labels_shown,
    readings,
    replies,
    session_course,
    visible_reviews,
)

# Other exchanges of the same session, or of the same person, that are listed.
_COURSE = 50


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was sent and could not be kept: what it brought, and what is wrong with which field."""

    form: Form
    problems: Mapping[str, str]


UNTRIED = Tried({}, {})


async def show_exchange(visit: Visit) -> web.StreamResponse:
    """The exchange, its words hidden until they are asked for."""
    return await _page(visit, *await _found(visit))


async def claim(visit: Visit) -> web.StreamResponse:
    """Take the case."""
    await visit.form()
    name = _name(visit)
    await visit.step("claimed", name, lambda: visit.desk.journal.claim(name, visit.who.name))
    return see(_address(name))


async def release(visit: Visit) -> web.StreamResponse:
    """Put the case back; a lead takes it from whoever holds it."""
    await visit.form()
    name = _name(visit)
    case = await visit.desk.journal.case(name)
    others = case is not None and case.assignee != visit.who.name
    forced = others and visit.may(May.ASSIGN)

    def put_back() -> Awaitable[Case]:
        return visit.desk.journal.release(name, visit.who.name, forced=forced)

    await visit.step("took back" if forced else "released", name, put_back)
    return see(_address(name))


async def finish(visit: Visit) -> web.StreamResponse:
    """Keep the answers; what is missing is said beside its question, and nothing typed is lost."""
    form = await visit.form()
    record, case = await _found(visit)
    blind = bool(case.readers)
    answers = read_form(form, visit.who.name, datetime.now(UTC), blind=blind)
    if answers.problems:
        return await _page(visit, record, case, Tried(form, answers.problems))
    again = not blind and drawn(case.id, visit.desk.settings.review_second_share)

    def keep() -> Awaitable[Case]:
        return visit.desk.journal.finish(case.id, answers.review, again=again)

    try:
        await visit.step("reviewed", case.id, keep, "second reading" if blind else "")
    except ReviewError as error:
        # Somebody took the case meanwhile: what was typed is shown once more.
        return await _page(
            visit, record, case, Tried(form, {"note": f"{error}. Your answers were not kept."})
        )
    return see("/review", done="review")


async def _page(visit: Visit, record: Record, case: Case, tried: Tried = UNTRIED) -> web.Response:
    everything = visit.request.query.get("show") == "all"
    await visit.note("saw", case.id, "all texts open" if everything else "")
    said, written = conversation(record), replies(record)
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "record": record,
        "case": case,
        "moment": now,
        "done": done_to(record),
        "corrections": (record.decision or {}).get("corrections", ()),
        "rules": (record.decision or {}).get("rules", ()),
        "texts": said,
        "replies": written,
        "everything": everything or bool(tried.problems),
        "legend": labels_shown([*said, *written]),
        "readings": readings(record),
        "session": session_course(record),
        "course": await _course(visit, case),
        "reviews": visible_reviews(visit.who, case, await visit.desk.journal.reviews(case.id)),
        "answering": bool(tried.problems),
        "mine": case.state == State.CLAIMED and case.assignee == visit.who.name,
        "open_to_me": _open_to(visit, case),
        "form": tried.form or {"opened": [f"{now.timestamp():.1f}"]},
        "problems": tried.problems,
        "harms": [str(harm) for harm in HARMS],
        "severities": [str(severity) for severity in SEVERITY_ORDER],
        "note_most": NOTE_MOST,
    }
    return render(visit, "exchange.html", status=422 if tried.problems else 200, **values)


async def _found(visit: Visit) -> tuple[Record, Case]:
    name = _name(visit)
    record, case = await visit.desk.journal.find(name), await visit.desk.journal.case(name)
    if record is None or case is None:
        raise RequestError("There is no such exchange. It may have been deleted.", status=404)
    return record, case


async def _course(visit: Visit, case: Case) -> list[Case]:
    """The latest flagged exchanges of the same session, or else of the same person, oldest first."""
    for chosen in (Filter(sessions=_only(case.session)), Filter(users=_only(case.user))):
        if chosen != ANY:
            listing = await visit.desk.journal.queue(chosen, Page(_COURSE, order="newest"))
            if listing.total > 1:
                return list(reversed(listing.cases))
    return []


def _only(name: str | None) -> frozenset[str]:
    return frozenset() if name is None else frozenset({name})


def _open_to(visit: Visit, case: Case) -> bool:
    waits = case.state in {State.NEW, State.SECOND}
    return waits and visit.may(May.JUDGE) and visit.who.name not in case.readers


def _name(visit: Visit) -> str:
    return visit.request.match_info["name"]


def _address(name: str) -> str:
    return f"/review/exchanges/{name}"
