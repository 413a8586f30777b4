"""Doubt: whether a decision would have been another, had every reading been a little off.

A reading is a calibrated probability, and a decision falls at thresholds. Where all readings moved by a
margin towards harm and all moved away from it lead to different rules, the model alone does not settle the
exchange; elsewhere it does. So the band lies around the thresholds in force, whatever they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import HARMFUL
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision

Label = TypeVar("Label")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What would be decided if the readings were off towards harm, and if they were off away from it."""

    stricter: Decision
    milder: Decision

    @property
    def open_rules(self) -> tuple[str, ...]:
        """The rules that fire in one case and not in the other."""
        mild = set(self.milder.rules)
        return tuple(r for r in self.stricter.rules if r not in mild) + tuple(
            r for r in self.milder.rules if r not in self.stricter.rules
        )


def doubt_about(
    decider: Decider, exchange: Exchange, assessment: Assessment, context: Context, margin: float
) -> Doubt | None:
    """The two decisions between which a whole reply stands; None where both are by the same rules."""
    conversation, reply = exchange.conversation, exchange.reply
    stricter, milder = (
        decider.decide(conversation, _moved(assessment, by), context, reply=reply) for by in (margin, -margin)
    )
    return None if set(stricter.rules) == set(milder.rules) else Doubt(stricter, milder)


def risk_moved(risk: RiskReading, by: float) -> RiskReading:
    """A reading of risk with every probability moved."""
    return replace(risk, present=_shifted(risk.present, by), explicit=_shifted(risk.explicit, by))


def _moved(assessment: Assessment, by: float) -> Assessment:
    """An assessment moved towards harm: more risk, more of what harms, less of what protects."""
    return replace(
        assessment, risk=risk_moved(assessment.risk, by), behaviour=_behaviour(assessment.behaviour, by)
    )


def _behaviour(reading: BehaviourReading, by: float) -> BehaviourReading:
    if not reading.read:
        return reading
    found = reading.probabilities
    return replace(
        reading, probabilities={b: _clipped(p + (by if b in HARMFUL else -by)) for b, p in found.items()}
    )


def _shifted(found: Mapping[Label, float], by: float) -> dict[Label, float]:
    return {label: _clipped(p + by) for label, p in found.items()}


def _clipped(probability: float) -> float:
    return min(1.0, max(0.0, probability))
