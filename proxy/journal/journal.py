"""Journal: what every store of flagged exchanges can do. Embedded or shared, they behave the same.

Times are aware and in UTC. Every method raises JournalError when the store can't be used, or when an
exchange is sealed with a key that is not at hand. Names of exchanges that are not there give None, or
ReviewError where a step of a review was asked for.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from handrail.proxy.journal.alert import Alert
from handrail.proxy.journal.audit import Act, Link
from handrail.proxy.journal.counts import Counts
from handrail.proxy.journal.days import Day
from handrail.proxy.journal.queue import ANY, Case, Filter, Listing, Page
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.review import Review

Kind = Literal["new", "claimed", "released", "reviewed", "deleted"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an exchange. `position` is where to go on after it; it only grows."""

    position: str
    kind: Kind
    exchange: str


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is kept of one exchange: its words, how its review stands, and what reviewers said."""

    record: Record
    case: Case
    reviews: tuple[Review, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether flagged exchanges can be made durable, and where.

    `store` is "sqlite" or "redis"; `reachable` says that the store itself answers; `spooled` counts
    exchanges that wait on this machine to be forwarded; `alerts` those alerts not sent yet.
    """

    store: str
    reachable: bool
    spooled: int = 0
    alerts: int = 0


class Journal(Protocol):
    """The durable record of flagged exchanges, their reviews, and who saw and did what."""

    async def open(self) -> None:
        """Make ready; a file that is not there is made."""

    async def close(self) -> None:
        """Finish what is under way and let go of the store."""

    async def health(self) -> Health:
        """How the store is. Raises JournalError where a flagged exchange could not be made durable now."""

    def pseudonym(self, name: str) -> str | None:
        """What a user's or session's own name is kept as; None while the secret for it is out of reach."""

    async def write(self, record: Record) -> None:
        """Make a record durable: when this returns, it survives a kill of all processes.

        Writing one that is there changes nothing. A record that escalates leaves an alert to be sent.
        """

    async def find(self, name: str) -> Record | None:
        """The record of this id, with its words."""

    async def latest(self, count: int) -> list[Record]:
        """The latest records, newest first."""

    async def case(self, name: str) -> Case | None:
        """How the review of this exchange stands."""

    async def queue(self, chosen: Filter = ANY, page: Page = Page()) -> Listing:  # noqa: B008  (frozen)
        """A page of the cases that a filter chooses."""

    def cases(self, chosen: Filter = ANY) -> AsyncIterator[Case]:
        """All cases that a filter chooses, oldest first."""

    def entries(self, chosen: Filter = ANY) -> AsyncIterator[Entry]:
        """All that is kept of the exchanges a filter chooses, oldest first."""

    async def counts(self, chosen: Filter = ANY) -> Counts:
        """Cases counted in every respect, for a dashboard."""

    async def tally(self, day: date, counts: Mapping[str, int]) -> None:
        """Add to the counts of a day."""

    async def days(self) -> list[Day]:
        """The counts of all days that have any, in order; they outlive the exchanges."""

    async def claim(self, name: str, reviewer: str) -> Case:
        """Take a case into a reviewer's hands; of two at once one gets it. Raises ReviewError."""

    async def release(self, name: str, reviewer: str, *, forced: bool = False) -> Case:
        """Put a case back; `forced` takes it from whoever holds it. Raises ReviewError."""

    async def finish(self, name: str, review: Review, *, again: bool = False) -> Case:
        """Keep its holder's review; `again` asks for a second, blind reading. Raises ReviewError."""

    async def reviews(self, name: str) -> tuple[Review, ...]:
        """The reviews of an exchange, oldest first."""

    def events(self, after: str | None = None) -> AsyncIterator[Event]:
        """What happens from now on, or after a position; never ends by itself."""

    async def audit(self, act: Act) -> Link:
        """Append to the trail of who saw and did what."""

    def trail(self) -> AsyncIterator[Link]:
        """The whole trail, oldest first."""

    async def delete_user(self, user: str) -> int:
        """Delete all exchanges of a pseudonym with their reviews; give how many there were."""

    async def prune(self, chosen: Filter) -> int:
        """Delete the exchanges a filter chooses with their reviews; give how many there were."""

    async def reseal(self) -> int:
        """Seal anew whatever is not sealed with the present key; give how many exchanges that were."""

    async def take_alerts(self, most: int) -> list[Alert]:
        """Alerts that are due, each given to one taker; taken ones come back if their taker falls silent."""

    async def settle_alert(self, alert: Alert, retry_at: datetime | None) -> None:
        """An alert was sent (None), or is to be tried again at a time."""
