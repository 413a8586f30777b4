"""Queue page: the list, its filters, and the most urgent of each severity. It shows nobody's words."""

import time
from datetime import UTC, datetime

from aiohttp import web

from handrail.classifiers.errors import ReviewError
from handrail.classifiers.labels import HARMS
from handrail.policies.decision import SEVERITY_ORDER, Severity
from handrail.proxy.journal.queue import OPEN, SLA_HOURS, Filter, Page, State
from handrail.proxy.review.account import May
from handrail.proxy.review.choosing import AGES, ORDERS, SHOWN, Choice, choice_of
from handrail.proxy.review.desk import Visit
from handrail.proxy.review.layout import render, see

# Seconds for which the same look at the queue, which reloads by itself, is on the trail only once.
_LOOK = 300.0
_STATES = {
    "open": "open",
    State.NEW: "new",
    State.CLAIMED: "claimed",
    State.SECOND: "waiting for a second reading",
    State.DONE: "done",
    "all": "all",
}
_MOST_LOOKS = 10_000


async def show_queue(visit: Visit) -> web.StreamResponse:
    """The list that the address asks for."""
    choice = choice_of(visit.request.query)
    await _note(visit, choice)
    now = datetime.now(UTC)
    listing = await visit.desk.journal.queue(choice.filter(visit.who.name, now), choice.part)
    people = [account.name for account in await visit.desk.accounts.all() if account.may(May.JUDGE)]
    return render(
        visit,
        "queue.html",
        choice=choice,
        listing=listing,
        cases=listing.cases,
        pages=max(1, -(-listing.total // SHOWN)),
        clocks=await _clocks(visit),
        moment=now,
        people=people,
        rules=sorted({*visit.desk.rules, *filter(None, [choice.rule])}),
        severities=[str(severity) for severity in reversed(SEVERITY_ORDER)],
        harms=[str(harm) for harm in HARMS],
        states=_STATES,
        ages=AGES,
        orders=ORDERS,
        done=visit.request.query.get("done", ""),
        refused=visit.request.query.get("refused", ""),
    )


async def open_next(visit: Visit) -> web.StreamResponse:
    """Claim the most urgent case that is open to who asks, and show it."""
    await visit.form()
    waiting = Filter(states=frozenset({State.NEW, State.SECOND}))
    listing = await visit.desk.journal.queue(waiting, Page(limit=200))
    for case in listing.cases:
        if visit.who.name not in case.readers and await claimed(visit, case.id):
            return see(f"/review/exchanges/{case.id}")
    return see("/review", done="nothing-left")


async def claimed(visit: Visit, name: str) -> bool:
    """Claim a case for who asks, unless somebody was faster."""
    try:
        await visit.step("claimed", name, lambda: visit.desk.journal.claim(name, visit.who.name))
    except ReviewError:
        return False
    return True


async def _clocks(visit: Visit) -> list[dict[str, object]]:
    """Of each severity: how many cases are open, when the most urgent is due, and the hours there are.

    Replies that could not be judged, which have no severity, come last.
    """
    found: list[dict[str, object]] = []
    rest = (await visit.desk.journal.queue(Filter(states=OPEN), Page(limit=1))).total
    for severity in reversed(SEVERITY_ORDER):
        chosen = Filter(states=OPEN, severities=frozenset({Severity(severity)}))
        listing = await visit.desk.journal.queue(chosen, Page(limit=1))
        due = listing.cases[0].due if listing.cases else None
        rest -= listing.total
        hours = SLA_HOURS[severity]
        found.append({"severity": str(severity), "open": listing.total, "due": due, "hours": hours})
    return [*found, {"severity": None, "open": max(rest, 0), "due": None, "hours": SLA_HOURS[None]}]


async def _note(visit: Visit, choice: Choice) -> None:
    """Put a look at the queue on the trail, unless the same one was just put there."""
    asked = ", ".join(f"{name} {value}" for name, value in choice.pairs()) or "open"
    looked, key, now = visit.desk.looked, (visit.who.name, asked), time.monotonic()
    if key in looked and now - looked[key] < _LOOK:
        return
    await visit.note("saw the queue", detail=asked)
    looked[key] = now
    if len(looked) > _MOST_LOOKS:
        looked.pop(next(iter(looked)))
