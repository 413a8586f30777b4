"""Truth: whether a condition holds, as far as is known. Pure.

A condition is true, false, or depends on behaviours that are not known yet: of a reply that is still being
written nothing is missing, and of one that has not been read nothing is known. So one function tells which
rules fire on a whole reply, which on a part, and which behaviours are still worth reading for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from handrail.classifiers.assessment import NO_BEHAVIOUR, RiskReading
from handrail.classifiers.labels import Behaviour, Harm, Risk, RiskLevel
from handrail.classifiers.manifest import EXPLICIT, OWED
from handrail.policies.condition import InSession, When, fits_locale
from handrail.policies.context import Context
from handrail.policies.session import SessionState
from handrail.policies.thresholds import Threshold, Thresholds

# Known; or open, and the behaviours and validators on which it depends: none where it is a risk that is not
# settled yet.
Truth = bool | frozenset[Behaviour | str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an exchange. Unless `complete`, a behaviour that is not found may still come.

    `possible` is how high the risks may yet count, once the reply is read; None where they are settled.
    """

    risk: RiskReading
    context: Context
    thresholds: Thresholds
    found: Mapping[Behaviour, float] = field(default_factory=lambda: NO_BEHAVIOUR)
    complete: bool = True
    possible: RiskReading | None = None

    def weigh_risk(self, when: When) -> Truth:
        """Whether the risk of a condition shows; open where it only may, once the reply is read."""
        if when.risk is None:
            return True
        now = self.shows(when.risk, when.level, when.threshold, owed=when.owed)
        if self.possible is None:
            return now
        most = replace(self, risk=self.possible)
        later = most.shows(when.risk, when.level, when.threshold, owed=when.owed)
        return now if now == later else frozenset()

    def shows(
        self, risk: Risk, level: RiskLevel | None, threshold: Threshold | None = None, *, owed: bool = False
    ) -> bool:
        """Whether a risk shows in the conversation, at a level or at any."""
        explicit = self.risk.explicit[risk] >= self.thresholds.of(risk + EXPLICIT, threshold)
        if level == RiskLevel.EXPLICIT:
            return explicit
        least = self.thresholds.of(risk, threshold)
        if owed:
            # Nearly every harmless reply leaves something out, so an omission needs a surer risk; whoever
            # asks for a surer risk asks for it in omissions as well.
            least = max(least, self.thresholds.of(risk + OWED, threshold))
        present = explicit or self.risk.present[risk] >= least
        return present and (level is None or not explicit)

    def does(self, behaviour: Behaviour, threshold: Threshold | None = None) -> Truth:
        """Whether the reply does something."""
        if self.found[behaviour] >= self.thresholds.of(behaviour, threshold):
            return True
        return False if self.complete else frozenset({behaviour})


Harms = Mapping[Harm, Truth]


def weigh(when: When, facts: Facts, harms: Harms) -> Truth:
    """Whether a condition holds. `harms` says which were found by the rules above."""
    return both(truth for _, truth in leaves(when, facts, harms))


def leaves(when: When, facts: Facts, harms: Harms) -> Iterator[tuple[str, Truth]]:
    """The name of each thing a condition asks, and whether it holds."""
    if when.risk is not None:
        yield "risk", facts.weigh_risk(when)
    if when.present:
        yield "present", either(facts.does(b, when.threshold) for b in when.present)
    if when.missing:
        yield "missing", opposite(either(facts.does(b, when.threshold) for b in when.missing))
    if when.harm:
        yield "harm", either(harms.get(harm, False) for harm in when.harm)
    if when.fails:
        yield "fails", _fails(when, facts.context)
    yield from _around(when, facts.context)
    if when.all_of:
        yield "all_of", both(weigh(inner, facts, harms) for inner in when.all_of)
    if when.any_of:
        yield "any_of", either(weigh(inner, facts, harms) for inner in when.any_of)
    if when.none_of is not None:
        yield "none_of", opposite(weigh(when.none_of, facts, harms))


def both(truths: Iterable[Truth]) -> Truth:
    """True if all are, false if one is, else the behaviours on which it depends."""
    found = list(truths)
    if any(truth is False for truth in found):
        return False
    still_open = [truth for truth in found if not isinstance(truth, bool)]
    return frozenset[Behaviour]().union(*still_open) if still_open else True


def either(truths: Iterable[Truth]) -> Truth:
    """True if one is, false if none is, else the behaviours on which it depends."""
    return opposite(both(opposite(truth) for truth in truths))


def opposite(truth: Truth) -> Truth:
    """What is known of the opposite; what something depends on, its opposite does too."""
    return not truth if isinstance(truth, bool) else truth


def _fails(when: When, context: Context) -> Truth:
    """Whether the reply fails a validator; open until they have been asked."""
    return frozenset(when.fails) if context.failed is None else any(n in context.failed for n in when.fails)


def _around(when: When, context: Context) -> Iterator[tuple[str, bool]]:
    """What is asked of all but the words."""
    if when.session is not None:
        yield "session", context.session is not None and _stands(when.session, context.session)
    if when.locale:
        yield "locale", any(fits_locale(p, context.locale, context.country) for p in when.locale)
    if when.route:
        yield "route", any(fnmatchcase(context.route or "", pattern) for pattern in when.route)
    if when.persona:
        yield "persona", context.persona in when.persona
    if when.age_band:
        yield "age_band", context.age_band in when.age_band
    if when.hours is not None:
        yield "hours", when.hours.holds(context.hour)


def _stands(asked: InSession, session: SessionState) -> bool:
    counts = (
        (asked.turns, session.turns),
        (asked.interventions, session.interventions),
        (asked.since_intervention, session.since_intervention),
    )
    return (
        all(session.carried.get(risk, 0.0) >= least for risk, least in asked.carried.items())
        and all(within.holds(count) for within, count in counts if within is not None)
        and asked.rising in {None, session.rising}
    )
