"""Labelling: which labels a review settles, and which stay as the model read them. Pure.

Reviewers name harms; corpus and calibration speak of risks and behaviours, of which a harm is made. What
follows from a harm is settled: its risk shows, and where one rule alone reported it for one behaviour, that
behaviour is there, or for an omission, what it says is missing is missing. A harm that was denied settles
less: a risk or a behaviour was read wrongly, but not which. So a model's own readings never pass for what a
person said.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Harm, Risk, RiskLevel
from handrail.classifiers.manifest import EXPLICIT
from handrail.policies.decide import Decider
from handrail.policies.policy import Rule
from handrail.proxy.feedback.finding import Finding
from handrail.proxy.recorded import Recorded

_SURE, _SURELY_NOT = 0.999, 0.001


@dataclass(frozen=True, slots=True)
class Labelling:
    """Risks and behaviours of an exchange; `settled` are those labels that reviewers' words decide.

    `follows` says whether the policy makes of them just the harms that the reviewers found.
    """

    risk: dict[Risk, RiskLevel]
    behaviours: tuple[Behaviour, ...]
    settled: frozenset[str]
    follows: bool


def labelling_of(recorded: Recorded, finding: Finding, decider: Decider) -> Labelling:
    """The labels of an exchange after its review."""
    fired = [r.rule for r in decider.rulings(recorded.assessment, recorded.context) if r.fires is True]
    risk = _risk_read(recorded.assessment, decider)
    settled: dict[str, bool] = {}
    for harm in finding.harms:
        settled |= _confirmed(harm, [rule for rule in fired if rule.harm == harm], decider)
    for rule in fired:
        if rule.harm not in finding.harms and (named := _sole_behaviour(rule)):
            settled[named] = False
    for label in (Risk(name) for name in settled if name in set(Risk)):
        risk.setdefault(label, RiskLevel.LATENT)
    read = recorded.assessment.behaviour.probabilities
    behaviours = tuple(b for b in BEHAVIOURS if settled.get(b, read[b] >= decider.threshold(b)))
    follows = _harms(risk, behaviours, recorded, decider) == finding.harms
    return Labelling(risk, behaviours, frozenset(settled) if finding.agreed else frozenset(), follows)


def _confirmed(harm: Harm, rules: list[Rule], decider: Decider) -> dict[str, bool]:
    """What is true or false of the labels of a harm that was found."""
    risks = {rule.when.first_risk for rule in decider.policy.rules if rule.harm == harm}
    settled: dict[str, bool] = {str(risk): True for risk in risks if risk is not None and len(risks) == 1}
    if len(rules) == 1 and _plain(rules[0]):
        when = rules[0].when
        settled |= {str(when.present[0]): True} if len(when.present) == 1 else {}
        settled |= {} if when.present else {str(b): False for b in when.missing}
    return settled


def _sole_behaviour(rule: Rule) -> str | None:
    """The behaviour on which alone a rule rests; that is what was wrong, when it was wrong."""
    when = rule.when
    alone = _plain(rule) and when.risk is None and not when.missing and len(when.present) == 1
    return str(when.present[0]) if alone else None


def _plain(rule: Rule) -> bool:
    """Whether a rule asks for a risk and behaviours and nothing else."""
    asked = {name for name, value in rule.when if value not in {None, ()}}
    return asked <= {"risk", "level", "present", "missing", "threshold"}


def _risk_read(assessment: Assessment, decider: Decider) -> dict[Risk, RiskLevel]:
    found: dict[Risk, RiskLevel] = {}
    for risk in RISKS:
        if assessment.risk.explicit[risk] >= decider.threshold(risk + EXPLICIT):
            found[risk] = RiskLevel.EXPLICIT
        elif assessment.risk.present[risk] >= decider.threshold(risk):
            found[risk] = RiskLevel.LATENT
    return found


def _harms(
    risk: dict[Risk, RiskLevel], behaviours: Iterable[Behaviour], recorded: Recorded, decider: Decider
) -> frozenset[Harm]:
    """The harms that the policy makes of labels."""
    present = {r: _SURE if r in risk else _SURELY_NOT for r in RISKS}
    explicit = {r: _SURE if risk.get(r) == RiskLevel.EXPLICIT else _SURELY_NOT for r in RISKS}
    does = {b: _SURE if b in set(behaviours) else _SURELY_NOT for b in BEHAVIOURS}
    sure = Assessment(RiskReading(present, explicit), BehaviourReading(does), "", 0.0)
    rulings = decider.rulings(sure, recorded.context)
    return frozenset(r.rule.harm for r in rulings if r.fires is True)
