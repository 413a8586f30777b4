"""Weeks: daily counts and reviewed exchanges by ISO week. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from handrail.proxy.feedback.finding import Finding, finding_of
from handrail.proxy.journal.days import Day
from handrail.proxy.journal.queue import Case
from handrail.proxy.journal.review import Review
from handrail.proxy.review.agreement import Pair, cohens_kappa, pair_of


@dataclass(slots=True)
class Week:
    """One week, Monday to Sunday (UTC): its counts, and the exchanges of it that were reviewed.

    `confirmed` counts flags in which all readers found at least one of the harms that were reported,
    `disputed` those on which they disagreed. `waited` has the hours from each exchange to the end of its
    review.
    """

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    reviewed: int = 0
    confirmed: int = 0
    disputed: int = 0
    pairs: list[Pair] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        """The share of the reviewed flags on which readers agreed that were confirmed."""
        settled = self.reviewed - self.disputed
        return self.confirmed / settled if settled else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa of first and second readings on whether a reply was harmful at all."""
        return cohens_kappa([one.harmful for one, _ in self.pairs], [two.harmful for _, two in self.pairs])

    def add(self, case: Case, reviews: Sequence[Review]) -> None:
        """Count an exchange of this week that somebody reviewed."""
        finding = finding_of(reviews)
        if finding is None or not case.harms:
            return
        self.reviewed += 1
        self.disputed += not finding.agreed
        self.confirmed += _confirmed(case, finding)
        if pair := pair_of(reviews):
            self.pairs.append(pair)
        if case.done_at is not None:
            self.waited.append((case.done_at - case.at).total_seconds() / 3600)


def week_of(day: date) -> str:
    """The ISO 8601 week of a day, such as "2026-W47"."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def weekly(days: Iterable[Day], reviewed: Iterable[tuple[Case, Sequence[Review]]]) -> list[Week]:
    """All weeks that anything is known of, in order."""
    weeks: dict[str, Week] = {}
    for day in days:
        _at(weeks, day.date).counts.update(day.counts)
    for case, reviews in reviewed:
        _at(weeks, case.at.date()).add(case, reviews)
    return [weeks[name] for name in sorted(weeks)]


def rate(counts: Mapping[str, int], name: str, replies: int) -> float | None:
    """Exchanges that count for a name, in a thousand replies; None where no reply was counted."""
    return 1000 * counts.get(name, 0) / replies if replies else None


def _at(weeks: dict[str, Week], day: date) -> Week:
    name = week_of(day)
    return weeks.setdefault(name, Week(name))


def _confirmed(case: Case, finding: Finding) -> bool:
    return finding.agreed and bool(finding.harms & set(case.harms))
