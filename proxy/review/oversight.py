"""Oversight: how far readers agree, and the trail of who saw and did what. For leads and auditors."""

from collections import deque

from aiohttp import web

from handrail.proxy.journal.audit import Link
from handrail.proxy.journal.queue import Filter, State
from handrail.proxy.review.agreement import agreements, pair_of
from handrail.proxy.review.desk import Visit
from handrail.proxy.review.layout import render

_LINKS = 500


async def show_agreement(visit: Visit) -> web.StreamResponse:
    """Cohen's kappa on each question, over all exchanges that were read twice."""
    await visit.note("saw the agreement")
    journal = visit.desk.journal
    done = Filter(states=frozenset({State.DONE}))
    twice = [case async for case in journal.cases(done) if len(case.readers) > 1]
    pairs = [pair for case in twice if (pair := pair_of(await journal.reviews(case.id)))]
    waiting = await journal.queue(Filter(states=frozenset({State.SECOND})))
    share = visit.desk.settings.review_second_share
    return render(visit, "agreement.html", rows=agreements(pairs), waiting=waiting.total, second_share=share)


async def show_trail(visit: Visit) -> web.StreamResponse:
    """The latest of the trail, newest first; of one exchange or one person where the address asks for it."""
    exchange = visit.request.query.get("exchange", "").strip()
    who = visit.request.query.get("who", "").strip().lower()
    await visit.note("saw the trail", exchange or None, f"of {who}" if who else "")
    latest: deque[Link] = deque(maxlen=_LINKS)
    async for link in visit.desk.journal.trail():
        if (not exchange or link.act.exchange == exchange) and (not who or link.act.who == who):
            latest.append(link)
    return render(visit, "trail.html", links=list(reversed(latest)), exchange=exchange, by=who, most=_LINKS)
