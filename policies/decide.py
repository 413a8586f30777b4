"""Decide: assessment in, decision out. Pure: the same arguments always give the same decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handrail.classifiers.assessment import Assessment, RiskReading
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import HARMS, Behaviour, Harm, Risk, RiskLevel
from handrail.classifiers.manifest import OWED
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decision import ACTION_ORDER, SEVERITY_ORDER, Action, Decision, Fired
from handrail.policies.languages import Languages
from handrail.policies.policy import Hold, Policy, Rule, When
from handrail.policies.resources import Directory
from handrail.policies.saying import Call, Speaker
from handrail.policies.texts import Moment

UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Decider:
    """A policy with all it needs to be applied: the model's thresholds, the texts, the resources."""

    policy: Policy
    thresholds: Mapping[str, float]
    texts: Languages
    directory: Directory
    policy_hash: str = field(init=False)

    def __post_init__(self) -> None:
        self.texts.require(self.policy.texts | {UNAVAILABLE}, self.policy.guidance)
        # Worked out once: every passage of every stream is decided on, and each decision carries it.
        object.__setattr__(self, "policy_hash", self.policy.hash)

    def decide(
        self,
        conversation: Conversation,
        assessment: Assessment,
        context: Context = NOWHERE,
        *,
        reply: str = "",
        complete: bool = True,
    ) -> Decision:
        """Apply every rule; the most intrusive action of those that fire is taken.

        Texts come from the rules that call for that action, in policy order: the first one replaces, the
        first two different ones are appended, unless `reply` has them already or the conversation had them
        a moment ago. Where nothing is left to append, the reply is delivered. Of a reply that is not yet
        `complete` nothing can be said to be missing, so rules that ask for that wait.
        """
        rules = [r for r in self.policy.rules if complete or not r.needs_whole_reply]
        fired = [r for r in rules if self._fires(r.when, assessment)]
        action = max((r.then for r in fired), key=ACTION_ORDER.index, default=Action.DELIVER)
        taken = [r for r in fired if r.then == action]
        speaker = self._speaker(context)
        calls = [Call(r.text, self._level(r, assessment.risk)) for r in taken if r.text]
        text = speaker.say(calls, action, Moment(conversation, reply))
        return Decision(
            action=action if text else Action.DELIVER,
            escalate=any(r.escalate for r in fired),
            severity=max((r.severity for r in fired), key=SEVERITY_ORDER.index, default=None),
            fired=tuple(Fired(r.id, r.harm, r.why, _probability(r.when, assessment)) for r in fired),
            harms=self.harms(assessment),
            text=text,
            policy=self.policy_hash,
            guidance=next((speaker.texts.guidance[r.guidance] for r in taken if r.guidance), ""),
        )

    def harms(self, assessment: Assessment) -> dict[Harm, float]:
        """Probability of each harm: of the likeliest of its rules, taking risk and reply as independent."""
        return {
            harm: max(
                (_probability(r.when, assessment) for r in self.policy.rules if r.harm == harm), default=0.0
            )
            for harm in HARMS
        }

    def hold(self, risk: RiskReading, context: Context = NOWHERE) -> Hold:
        """How much of a streamed reply to hold back in a conversation of this risk."""
        for entry in self.policy.hold.when:
            if self._shows(entry.risk, entry.level, risk):
                return entry.hold
        return self.policy.hold.default

    def sought(self, risk: RiskReading, context: Context = NOWHERE) -> frozenset[Behaviour]:
        """The behaviours on which a decision can still depend in a conversation of this risk.

        A rule whose risk does not show can't fire, whatever the reply does.
        """
        live = [r.when for r in self.policy.rules if self._may_fire(r.when, risk)]
        return frozenset(b for when in live for b in (*when.present, *when.missing))

    def unavailable(self, conversation: Conversation, context: Context = NOWHERE) -> str:
        """What a person gets when a reply could not be judged."""
        call = Call(UNAVAILABLE, None)
        return self._speaker(context).say([call], Action.REPLACE, Moment(conversation))

    def threshold(self, label: str) -> float:
        """The probability from which a label counts as present: the policy's, else the model's.

        A model may do without thresholds for what is owed; then the risk's own holds.
        """
        for thresholds in (self.policy.thresholds, self.thresholds):
            if label in thresholds:
                return thresholds[label]
        return self.threshold(label.removesuffix(OWED))

    def _fires(self, when: When, assessment: Assessment) -> bool:
        found = assessment.behaviour.probabilities
        if not self._may_fire(when, assessment.risk):
            return False
        if when.present and not any(found[b] >= self.threshold(b) for b in when.present):
            return False
        return all(found[b] < self.threshold(b) for b in when.missing)

    def _may_fire(self, when: When, risk: RiskReading) -> bool:
        if when.risk is None:
            return True
        # Nearly every harmless reply leaves something out, so an omission needs a surer risk.
        return self._shows(when.risk, when.level, risk, owed=bool(when.missing))

    def _shows(
        self, risk: Risk, level: RiskLevel | None, reading: RiskReading, *, owed: bool = False
    ) -> bool:
        explicit = reading.explicit[risk] >= self.threshold(f"{risk}.explicit")
        if level == RiskLevel.EXPLICIT:
            return explicit
        least = self.threshold(risk)
        if owed:
            # Whoever asks for a surer risk asks for it in omissions as well.
            least = max(least, self.threshold(f"{risk}{OWED}"))
        present = explicit or reading.present[risk] >= least
        return present and (level is None or not explicit)

    def _speaker(self, context: Context) -> Speaker:
        return Speaker(self.texts.of(context.locale), self.directory, context.country)

    def _level(self, rule: Rule, risk: RiskReading) -> RiskLevel | None:
        """How openly the risk of a rule shows."""
        if rule.when.risk is None:
            return None
        explicit = self._shows(rule.when.risk, RiskLevel.EXPLICIT, risk)
        return RiskLevel.EXPLICIT if explicit else RiskLevel.LATENT


def _probability(when: When, assessment: Assessment) -> float:
    """Probability that a condition holds, its parts taken as independent."""
    found = assessment.behaviour.probabilities
    result = 1.0
    if when.risk is not None:
        explicit = when.level == RiskLevel.EXPLICIT
        reading = assessment.risk.explicit if explicit else assessment.risk.present
        result *= reading[when.risk]
    if when.present:
        result *= max(found[b] for b in when.present)
    if when.missing:
        result *= 1 - max(found[b] for b in when.missing)
    return result
