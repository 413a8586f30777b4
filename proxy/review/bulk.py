"""Bulk: the same step for several cases. Judgements are not given in bulk: what nobody read has no label."""

from aiohttp import web

from handrail.classifiers.errors import RequestError, ReviewError
from handrail.proxy.review.account import May, account_name
from handrail.proxy.review.choosing import SHOWN
from handrail.proxy.review.desk import Visit, first, own_path
from handrail.proxy.review.layout import see


async def do_to_all(visit: Visit) -> web.StreamResponse:
    """Claim, release, take back or hand out the cases that were ticked; say how many that was."""
    form = await visit.form()
    names = list(dict.fromkeys(form.get("case", [])))[:SHOWN]
    step = first(form, "step")
    if step not in {"claim", "release", "take-back", "assign"}:
        raise RequestError("Say what is to be done: claim, release, take back or assign.")
    if step in {"take-back", "assign"} and not visit.may(May.ASSIGN):
        raise RequestError("Only leads take cases back or assign them.", status=403)
    reviewer = await _reviewer(visit, first(form, "to")) if step == "assign" else visit.who.name
    done = 0
    for name in names:
        done += await _do(visit, step, name, reviewer)
    back = own_path(first(form, "back"))
    return see(back, done=str(done), refused=str(len(names) - done))


async def _do(visit: Visit, step: str, name: str, reviewer: str) -> bool:
    journal = visit.desk.journal
    try:
        if step in {"claim", "assign"}:
            await journal.claim(name, reviewer)
        else:
            await journal.release(name, reviewer, forced=step == "take-back")
    except ReviewError:
        return False
    did = {"claim": "claimed", "release": "released", "take-back": "took back", "assign": "assigned"}[step]
    await visit.note(did, name, f"to {reviewer}" if step == "assign" else "")
    return True


async def _reviewer(visit: Visit, name: str) -> str:
    account = await visit.desk.accounts.find(account_name(name)) if name else None
    if account is None or not account.may(May.JUDGE):
        raise RequestError("Choose a reviewer to assign the cases to.")
    return account.name
