"""What every journal promises, tried on each of them, each the real thing."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from handrail.classifiers.errors import JournalError, ReviewError
from handrail.classifiers.labels import Harm
from handrail.policies.decision import Severity
from handrail.proxy.journal.audit import Act, first_broken
from handrail.proxy.journal.custody import Custody
from handrail.proxy.journal.journal import Event, Journal
from handrail.proxy.journal.queue import Filter, Page, State
from handrail.proxy.journal.review import Review
from handrail.proxy.journal.vault import Vault, new_key, read_vault

from .conftest import NEW_YEAR, Open, record

REVIEW = Review(
    "ada", NEW_YEAR + timedelta(hours=2), (Harm.STIGMA,), Severity.HIGH, True, False, "a note", seconds=40.0
)


async def _ids(journal: Journal, chosen: Filter, order: str = "oldest") -> list[str]:
    listing = await journal.queue(chosen, Page(order=order))  # type: ignore[arg-type]
    assert listing.total == len(listing.cases)
    return [case.id for case in listing.cases]


async def _next(journal: Journal, after: str | None, count: int) -> list[Event]:
    events = journal.events(after)
    return [await anext(events) for _ in range(count)]


async def test_a_record_comes_back_as_it_was(opened: Open, custody: Custody) -> None:
    """What was written is read back the same, also by another process's connection."""
    journal, other = await opened(custody), await opened(custody)
    await journal.write(record("a", user="u_1", session="u_2", locale="en-GB"))
    assert await journal.find("a") == record("a", user="u_1", session="u_2", locale="en-GB")
    assert await journal.find("b") is None
    assert await journal.case("b") is None
    assert await other.latest(5) == [record("a", user="u_1", session="u_2", locale="en-GB")]


async def test_a_record_that_could_not_be_judged(journal: Journal) -> None:
    """A record without assessment and decision is kept and queued like any other."""
    failed = record("a", status="failed", assessment=None, decision=None, reason="MemoryError")
    await journal.write(failed)
    assert await journal.find("a") == failed
    case = await journal.case("a")
    assert case is not None
    assert (case.action, case.severity, case.harms, case.status) == (None, None, (), "failed")


async def test_odd_text_does_not_lose_a_record(journal: Journal) -> None:
    """Lone surrogates and NULs, which JSON allows, are kept in a form that can be stored."""
    await journal.write(record("a", reply="x\ud800y\x00z"))
    found = await journal.find("a")
    assert found is not None
    assert found.reply == "x\\ud800y\x00z"


async def test_writing_twice_changes_nothing(journal: Journal) -> None:
    """A record written again, as after a doubtful end, is there once, and tells nobody again."""
    await journal.write(record("a", escalate=True))
    await journal.claim("a", "ada")
    await journal.write(record("a", escalate=True))
    case = await journal.case("a")
    assert case is not None
    assert case.state == State.CLAIMED
    assert len(await journal.latest(5)) == 1
    assert len(await journal.take_alerts(5)) == 1


async def test_concurrent_writes_all_arrive(journal: Journal) -> None:
    """Fifty records written at once are all there."""
    await asyncio.gather(*(journal.write(record(f"r{n}")) for n in range(50)))
    assert len(await journal.latest(100)) == 50
    assert (await journal.queue(page=Page(limit=20))).total == 50


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (Filter(), ["a", "b", "c"]),
        (Filter(severities=frozenset({Severity.HIGH, Severity.CRITICAL})), ["b", "c"]),
        (Filter(harms=frozenset({Harm.STIGMA})), ["b"]),
        (Filter(rules=frozenset({"crisis.means"})), ["a", "c"]),
        (Filter(countries=frozenset({"US"}), severities=frozenset({Severity.CRITICAL})), ["c"]),
        (Filter(locales=frozenset({"en-US"})), ["c"]),
        (Filter(states=frozenset({State.CLAIMED})), ["b"]),
        (Filter(assignees=frozenset({"ada"})), ["b"]),
        (Filter(users=frozenset({"u_1"})), ["a"]),
        (Filter(sessions=frozenset({"u_9"})), []),
        (Filter(since=NEW_YEAR + timedelta(hours=1)), ["b", "c"]),
        (Filter(until=NEW_YEAR + timedelta(hours=1)), ["a"]),
        (Filter(since=NEW_YEAR, until=NEW_YEAR + timedelta(hours=2), countries=frozenset({"US"})), ["b"]),
        (Filter(rules=frozenset({"x') OR 1=1 --"})), []),
    ],
)
async def test_the_queue_finds_what_a_filter_chooses(
    journal: Journal, chosen: Filter, found: list[str]
) -> None:
    """Every respect narrows the choice, and all of them together."""
    at = [NEW_YEAR + timedelta(hours=n) for n in range(3)]
    await journal.write(record("a", at=at[0], user="u_1"))
    await journal.write(
        record("b", at=at[1], severity="high", harm="stigma", rule="stigma.any", country="US")
    )
    await journal.write(record("c", at=at[2], severity="critical", country="US", locale="en-US"))
    await journal.claim("b", "ada")
    assert await _ids(journal, chosen) == found
    assert [case.id async for case in journal.cases(chosen)] == found
    assert [entry.record.id async for entry in journal.entries(chosen)] == found
    assert (await journal.counts(chosen)).total == len(found)


async def test_the_most_urgent_comes_first(journal: Journal) -> None:
    """Cases are listed by when somebody should have looked, or by age, a page at a time."""
    at = [NEW_YEAR + timedelta(hours=n) for n in range(3)]
    for name, when, severity in zip("abc", at, ("low", "high", "critical"), strict=True):
        await journal.write(record(name, at=when, severity=severity))
    assert await _ids(journal, Filter(), "due") == ["c", "b", "a"]
    assert await _ids(journal, Filter(), "newest") == ["c", "b", "a"]
    assert await _ids(journal, Filter(), "oldest") == ["a", "b", "c"]
    second = await journal.queue(page=Page(limit=1, offset=1))
    assert ([case.id for case in second.cases], second.total) == (["b"], 3)
    (critical,) = (await journal.queue(page=Page(limit=1))).cases
    assert critical.due == at[2] + timedelta(hours=1)
    assert critical.overdue(at[2] + timedelta(hours=2))


async def test_of_two_claims_at_once_one_holds(opened: Open, custody: Custody) -> None:
    """Many reviewers reach for one case through two connections; exactly one gets it."""
    journals = [await opened(custody), await opened(custody)]
    await journals[0].write(record("a"))
    claims = (journals[n % 2].claim("a", f"reviewer {n}") for n in range(12))
    outcomes = await asyncio.gather(*claims, return_exceptions=True)
    (held,) = [case for case in outcomes if not isinstance(case, BaseException)]
    assert [type(o) for o in outcomes if o is not held] == [ReviewError] * 11
    case = await journals[1].case("a")
    assert case == held


async def test_a_review_from_claim_to_done(journal: Journal) -> None:
    """A claimed case is released, claimed by another and reviewed; the review is kept word for word."""
    await journal.write(record("a"))
    await journal.claim("a", "bob")
    with pytest.raises(ReviewError, match="claimed by bob"):
        await journal.release("a", "ada")
    assert (await journal.release("a", "ada", forced=True)).state == State.NEW
    with pytest.raises(ReviewError, match="not claimed by ada"):
        await journal.finish("a", REVIEW)
    await journal.claim("a", "ada")
    case = await journal.finish("a", REVIEW)
    assert (case.state, case.assignee, case.done_at, case.readers) == (State.DONE, "ada", REVIEW.at, ("ada",))
    assert await journal.case("a") == case
    assert await journal.reviews("a") == (REVIEW,)
    assert [entry.reviews async for entry in journal.entries()] == [(REVIEW,)]
    with pytest.raises(ReviewError, match="done"):
        await journal.claim("a", "bob")
    with pytest.raises(ReviewError, match="no exchange"):
        await journal.claim("nowhere", "bob")


async def test_a_second_reading_is_somebody_elses(journal: Journal) -> None:
    """A case drawn for a second reading waits again, is refused to its first reader, then is done."""
    await journal.write(record("a"))
    await journal.claim("a", "ada")
    assert (await journal.finish("a", REVIEW, again=True)).state == State.SECOND
    with pytest.raises(ReviewError, match="somebody else"):
        await journal.claim("a", "ada")
    await journal.claim("a", "bob")
    assert (await journal.release("a", "bob")).state == State.SECOND
    await journal.claim("a", "bob")
    second = dataclasses.replace(REVIEW, by="bob", blind=True)
    assert (await journal.finish("a", second, again=True)).state == State.DONE
    assert await journal.reviews("a") == (REVIEW, second)


async def test_counts_for_a_dashboard(journal: Journal) -> None:
    """Cases are counted in every respect, and finished ones by the time they waited."""
    await journal.write(record("a", at=NEW_YEAR, escalate=True, severity="critical"))
    await journal.write(record("b", at=datetime.now(UTC), country=None))
    await journal.claim("a", "ada")
    await journal.finish("a", REVIEW)
    counts = await journal.counts()
    assert (counts.total, counts.escalations, counts.unassigned) == (2, 1, 1)
    assert counts.states == {"done": 1, "new": 1}
    assert counts.severities == {"critical": 1, "low": 1}
    assert counts.countries == {"GB": 1, "unknown": 1}
    assert counts.rules == {"crisis.means": 2}
    assert counts.overdue.total() == 0
    assert counts.waited == [2.0]


async def test_events_tell_what_happens(opened: Open, custody: Custody) -> None:
    """Who listens hears of each step in order, through another connection too, and misses none."""
    journal, other = await opened(custody), await opened(custody)
    await journal.write(record("before"))
    events = other.events()
    first = asyncio.ensure_future(anext(events))
    while not first.done():
        await journal.write(record(f"{datetime.now(UTC)}"))
        await asyncio.sleep(0)
    await journal.write(record("a"))
    await journal.claim("a", "ada")
    await journal.release("a", "ada")
    await journal.claim("a", "ada")
    await journal.finish("a", REVIEW)
    await journal.prune(Filter(states=frozenset({State.DONE})))
    position = first.result().position
    heard = [e for e in await _next(other, position, 6) if e.exchange == "a"]
    while len(heard) < 6:
        position = heard[-1].position if heard else (await _next(other, position, 1))[0].position
        heard += [e for e in await _next(other, position, 1) if e.exchange == "a"]
    assert [e.kind for e in heard] == ["new", "claimed", "released", "claimed", "reviewed", "deleted"]


async def test_the_trail_is_one_chain(opened: Open, custody: Custody) -> None:
    """Acts recorded by several at once are one whole chain, oldest first."""
    journals = [await opened(custody), await opened(custody)]
    acts = [Act("ada", "saw", f"ex_{n}", "a page") for n in range(20)]
    await asyncio.gather(*(journals[n % 2].audit(act) for n, act in enumerate(acts)))
    links = [link async for link in journals[0].trail()]
    assert first_broken(links) is None
    assert {link.act for link in links} == set(acts)
    assert [link.number for link in links] == list(range(1, 21))


async def test_a_user_is_forgotten(journal: Journal) -> None:
    """Deleting a user takes all their exchanges, reviews and alerts, and nobody else's."""
    user = journal.pseudonym("someone")
    await journal.write(record("a", user=user, escalate=True))
    await journal.write(record("b", user=user))
    await journal.write(record("c", user=journal.pseudonym("another")))
    await journal.claim("a", "ada")
    await journal.finish("a", REVIEW)
    assert user is not None
    assert await journal.delete_user(user) == 2
    assert await journal.delete_user(user) == 0
    assert await _ids(journal, Filter()) == ["c"]
    assert await journal.find("a") is None
    assert await journal.reviews("a") == ()
    assert await journal.take_alerts(5) == []


async def test_old_exchanges_are_pruned(journal: Journal) -> None:
    """Pruning takes what a filter chooses, by age and by state."""
    await journal.write(record("old", at=NEW_YEAR))
    await journal.write(record("old and done", at=NEW_YEAR))
    await journal.write(record("fresh", at=datetime.now(UTC)))
    await journal.claim("old and done", "ada")
    await journal.finish("old and done", REVIEW)
    assert await journal.prune(Filter(states=frozenset({State.DONE}), until=datetime.now(UTC))) == 1
    assert await _ids(journal, Filter()) == ["old", "fresh"]
    assert await journal.prune(Filter(until=NEW_YEAR + timedelta(days=1))) == 1
    assert await _ids(journal, Filter()) == ["fresh"]


async def test_pseudonyms_are_the_journals_own(opened: Open, custody: Custody) -> None:
    """All who open one journal give a name the same pseudonym; with a secret of the operator's another."""
    journal, other = await opened(custody), await opened(custody)
    name = journal.pseudonym("someone")
    assert name is not None
    assert "someone" not in name
    assert other.pseudonym("someone") == name != journal.pseudonym("another")
    keyed = await opened(dataclasses.replace(custody, user_key=b"secret"))
    assert keyed.pseudonym("someone") != name


async def test_a_new_key_takes_the_place_of_the_old(opened: Open) -> None:
    """After resealing, the new key alone opens all, plain and sealed; the old one opens nothing more."""
    first, second = new_key("k1"), new_key("k2")
    await (await opened(Custody())).write(record("plain"))
    journal = await opened(Custody(read_vault(first, None)))
    await journal.write(record("sealed"))
    await journal.claim("sealed", "ada")
    await journal.finish("sealed", REVIEW)
    name = journal.pseudonym("someone")
    rotating = await opened(Custody(read_vault(f"{second},{first}", None)))
    assert await rotating.reseal() == 2
    assert await rotating.reseal() == 0
    rotated = await opened(Custody(read_vault(second, None)))
    assert {r.id for r in await rotated.latest(5)} == {"plain", "sealed"}
    assert await rotated.reviews("sealed") == (REVIEW,)
    assert rotated.pseudonym("someone") == name
    with pytest.raises(JournalError, match="'k2', which is not at hand"):
        await journal.find("plain")


async def test_without_the_key_the_queue_still_works(opened: Open, custody: Custody) -> None:
    """Who has no key sees which cases there are, and none of the words."""
    await (await opened(dataclasses.replace(custody, user_key=b"secret"))).write(record("a"))
    blind = await opened(Custody(Vault(), user_key=b"secret"))
    assert await _ids(blind, Filter()) == ["a"]
    with pytest.raises(JournalError, match="not at hand"):
        await blind.find("a")


async def test_alerts_wait_until_they_are_sent(opened: Open, custody: Custody) -> None:
    """An escalation leaves one alert, for one taker at a time, until it is sent; others leave none."""
    journal, other = await opened(custody), await opened(custody)
    await journal.write(record("a", escalate=True, severity="critical"))
    await journal.write(record("b"))
    (alert,) = await journal.take_alerts(5)
    assert (alert.id, alert.severity, alert.rules, alert.attempts) == ("a", "critical", ("crisis.means",), 1)
    assert await other.take_alerts(5) == []
    assert (await journal.health()).alerts == 1
    await journal.settle_alert(alert, datetime.now(UTC) - timedelta(seconds=1))
    (again,) = await other.take_alerts(5)
    assert (again.id, again.attempts) == ("a", 2)
    await other.settle_alert(again, None)
    assert await other.take_alerts(5) == []
    assert (await journal.health()).alerts == 0


async def test_without_a_receiver_no_alerts_are_kept(opened: Open) -> None:
    """Where nobody is to be told, escalations leave no alerts behind."""
    journal = await opened(Custody())
    await journal.write(record("a", escalate=True))
    assert await journal.take_alerts(5) == []
