"""Desk: the way of people to the journal. What somebody sees or does is on the trail before it is done."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.journal import Entry, Journal
from handrail.proxy.journal.queue import Case, Filter
from handrail.proxy.journal.review import Review


@dataclass(frozen=True, slots=True)
class Desk:
    """A person at work with the journal, by the name that the trail gets.

    Each method raises what the journal raises. An act that fails, or that the queue refuses, stays on the
    trail: that it was tried. The list of cases has no words in it and is no act.
    """

    journal: Journal
    who: str

    async def see(self, name: str) -> Entry | None:
        """All that is kept of an exchange, with its words; None where there is none."""
        await self._note("saw", name)
        record, case = await self.journal.find(name), await self.journal.case(name)
        if record is None or case is None:
            return None
        return Entry(record, case, await self.journal.reviews(name))

    async def claim(self, name: str) -> Case:
        """Take a case in hand."""
        await self._note("claimed", name)
        return await self.journal.claim(name, self.who)

    async def release(self, name: str, *, forced: bool = False) -> Case:
        """Put a case back; `forced` takes it from whoever holds it."""
        await self._note("released", name, "from whoever held it" if forced else "")
        return await self.journal.release(name, self.who, forced=forced)

    async def finish(self, name: str, review: Review, *, again: bool = False) -> Case:
        """Review a case in hand; `again` asks for a second, blind reading."""
        await self._note("reviewed", name, "to be read again" if again else "")
        return await self.journal.finish(name, review, again=again)

    async def export(self, chosen: Filter) -> AsyncIterator[Entry]:
        """All that is kept of the exchanges a filter chooses, oldest first."""
        await self._note("exported", None, described(chosen))
        async for entry in self.journal.entries(chosen):
            yield entry

    async def delete_user(self, user: str) -> int:
        """Delete all that is kept of a pseudonym; give how many exchanges that were."""
        await self._note("deleted a user", None, user)
        return await self.journal.delete_user(user)

    async def reseal(self) -> int:
        """Seal everything with the present key; give how many exchanges were not."""
        await self._note("rotated the key", None)
        return await self.journal.reseal()

    async def _note(self, did: str, name: str | None, detail: str = "") -> None:
        await self.journal.audit(Act(self.who, did, name, detail))


def described(chosen: Filter) -> str:
    """A filter in words for the trail."""
    parts = [f"{name} {', '.join(sorted(values))}" for name, values in chosen.facets.items()]
    parts += [f"since {chosen.since.isoformat()}"] if chosen.since else []
    parts += [f"until {chosen.until.isoformat()}"] if chosen.until else []
    return "; ".join(parts) or "all"
