"""Verdict cache: assessments of exchanges seen before, as numbers, under a keyed hash of their words.

Who can read the cache sees probabilities and no text, and without the secret can't try out what was said.
"""

import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading, Span
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import Behaviour, Risk
from handrail.proxy.journal.pseudonym import Pseudonyms

if TYPE_CHECKING:
    from handrail.proxy.shared import Shared

_KEPT = 4096
# Where nothing is shared, a secret of this process will do.
_OWN = Pseudonyms(os.urandom(32))


class VerdictCache:
    """Remembers assessments for some seconds: in memory, and with `shared` for all replicas."""

    def __init__(
        self,
        seconds: float,
        shared: "Shared | None" = None,
        hide: Callable[[str], str | None] = _OWN.of,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`hide` gives a keyed hash, the same for all who share; None while they have no secret yet."""
        self._seconds = seconds
        self._shared = shared
        self._hide = hide
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Assessment]] = OrderedDict()

    def key(self, exchange: Exchange, *about: str) -> str | None:
        """What an assessment is remembered under; `about` is whatever else it depends on."""
        said = [[m.role, m.content] for m in exchange.conversation.messages]
        return self._hide(json.dumps([said, exchange.reply, *about])) if self._seconds else None

    async def find(self, key: str | None) -> Assessment | None:
        """The assessment of this key, if it is remembered."""
        if key is None:
            return None
        until, kept = self._kept.get(key, (0.0, None))
        if kept is not None and until > self._clock():
            return kept
        text = await self._shared.recall(_name(key)) if self._shared else None
        return assessment_of(json.loads(text)) if text else None

    async def keep(self, key: str | None, assessment: Assessment) -> None:
        """Remember an assessment."""
        if key is None:
            return
        self._kept[key] = (self._clock() + self._seconds, assessment)
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        if self._shared is not None:
            await self._shared.keep(_name(key), json.dumps(numbers_of(assessment)), self._seconds)


def numbers_of(assessment: Assessment) -> dict[str, Any]:
    """An assessment in full, as plain values: probabilities and places, no text."""
    risk, behaviour = assessment.risk, assessment.behaviour
    return {
        "present": dict(risk.present),
        "explicit": dict(risk.explicit),
        "risk_evidence": [asdict(span) for span in risk.evidence],
        "behaviours": dict(behaviour.probabilities),
        "behaviour_evidence": [asdict(span) for span in behaviour.evidence],
        "read": behaviour.read,
        "model": assessment.model,
        "seconds": assessment.seconds,
    }


def assessment_of(values: dict[str, Any]) -> Assessment:
    """An assessment from its plain values."""
    risk = RiskReading(
        {Risk(name): p for name, p in values["present"].items()},
        {Risk(name): p for name, p in values["explicit"].items()},
        tuple(Span(**span) for span in values["risk_evidence"]),
    )
    behaviour = BehaviourReading(
        {Behaviour(name): p for name, p in values["behaviours"].items()},
        tuple(Span(**span) for span in values["behaviour_evidence"]),
        values["read"],
    )
    return Assessment(risk, behaviour, values["model"], values["seconds"])


def _name(key: str) -> str:
    return f"{{handrail}}:verdict:{key}"
