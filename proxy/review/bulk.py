"""Bulk: the same step for several cases. Judgements are not given in bulk: what nobody read has no label."""

from collections.abc import Awaitable

from aiohttp import web

from handrail.classifiers.errors import RequestError, ReviewError
from handrail.proxy.journal.queue import Case
from handrail.proxy.review.account import May
from handrail.proxy.review.choosing import SHOWN
from handrail.proxy.review.desk import Visit, first, own_path
from handrail.proxy.review.layout import see

_DID = {"claim": "claimed", "release": "released", "take-back": "took back", "assign": "assigned"}


async def do_to_all(visit: Visit) -> web.StreamResponse:
    """Claim, release, take back or hand out the cases that were ticked; say how many that was."""
    form = await visit.form()
    names = list(dict.fromkeys(form.get("case", [])))[:SHOWN]
    step = first(form, "step")
    if step not in _DID:
        raise RequestError("Say what is to be done: claim, release, take back or assign.")
    if step in {"take-back", "assign"} and not visit.may(May.ASSIGN):
        raise RequestError("Only leads take cases back or assign them.", status=403)
    reviewer = await _reviewer(visit, first(form, "to")) if step == "assign" else visit.who.name
    done = sum([await _do(visit, step, name, reviewer) for name in names])
    back = own_path(first(form, "back"))
    return see(back, done=str(done), refused=str(len(names) - done))


async def _do(visit: Visit, step: str, name: str, reviewer: str) -> bool:
    def take() -> Awaitable[Case]:
        if step in {"claim", "assign"}:
            return visit.desk.journal.claim(name, reviewer)
        return visit.desk.journal.release(name, reviewer, forced=step == "take-back")

    try:
        await visit.step(_DID[step], name, take, f"to {reviewer}" if step == "assign" else "")
    except ReviewError:
        return False
    return True


async def _reviewer(visit: Visit, name: str) -> str:
    account = await visit.desk.accounts.find(name)
    if account is None or not account.may(May.JUDGE):
        raise RequestError("Choose a reviewer to assign the cases to.")
    return account.name
