"""Decide: assessment in, decision out. Pure: the same arguments always give the same decision."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from handrail.classifiers.assessment import Assessment, RiskReading
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import HARMS, Behaviour, Harm, RiskLevel
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decision import ACTION_ORDER, SEVERITY_ORDER, Action, Decision, Fired, Severity
from handrail.policies.false_resource import Helplines
from handrail.policies.languages import Languages
from handrail.policies.outside import Ask, nobody
from handrail.policies.place import Places, read_places
from handrail.policies.policy import Hold, Policy, Rule
from handrail.policies.resources import Directory
from handrail.policies.ruling import Ruling, weigh_rules
from handrail.policies.saying import Call, Speaker
from handrail.policies.texts import Moment
from handrail.policies.thresholds import Levels, Thresholds
from handrail.policies.truth import Facts, weigh

UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Decider:
    """A policy with all it needs to be applied: the model's thresholds, the texts, the resources.

    Raises PolicyError when the policy names a text or a set of thresholds that is not there.
    """

    policy: Policy
    levels: Levels
    texts: Languages
    directory: Directory
    places: Places = field(default_factory=read_places)
    ask: Ask = nobody
    policy_hash: str = field(init=False)
    helplines: Helplines = field(init=False)
    thresholds: Thresholds = field(init=False)

    def __post_init__(self) -> None:
        self.texts.require(self.policy.texts | {UNAVAILABLE}, self.policy.guidance)
        # Worked out once: every passage of every stream is decided on, and each decision carries it.
        object.__setattr__(self, "policy_hash", self.policy.hash)
        object.__setattr__(self, "helplines", Helplines(self.directory, self.places))
        object.__setattr__(self, "thresholds", Thresholds(self.levels, self.policy.thresholds))
        self.thresholds.require(self.policy.levels)

    def decide(
        self,
        conversation: Conversation,
        assessment: Assessment,
        context: Context = NOWHERE,
        *,
        reply: str = "",
        complete: bool = True,
    ) -> Decision:
        """Read the rules from the top; of those that fire, the most intrusive action is taken.

        Texts come from the rules that call for that action, in policy order: the first one replaces, the
        first two different ones are appended, unless `reply` has them already or the conversation had them
        a moment ago. Where nothing is left to append, the reply is delivered. Of a reply that is not yet
        `complete` nothing can be said to be missing, so rules that depend on it wait, and those below a
        final one with it.
        """
        rulings = self.rulings(assessment, context, complete=complete)
        fired = [r for r in rulings if r.fires is True]
        actions = [(_now(r.rule, context), r.rule) for r in fired]
        action = max((a for a, _ in actions), key=ACTION_ORDER.index, default=Action.DELIVER)
        taken = [rule for a, rule in actions if a == action]
        speaker = self._speaker(context)
        calls = [Call(r.text, self._level(r, assessment.risk)) for r in taken if r.text]
        session = context.session
        before = session is not None and session.since_intervention == 1 and not session.rising
        text = speaker.say(calls, action, Moment(conversation, reply, repaired_before=before))
        decision = Decision(
            action=action if text else Action.DELIVER,
            escalate=any(r.rule.escalate for r in fired),
            severity=max((r.rule.severity for r in fired), key=SEVERITY_ORDER.index, default=None),
            fired=tuple(Fired(r.rule.id, r.rule.harm, r.rule.why, r.probability) for r in fired),
            harms=_harms(rulings),
            text=text,
            policy=self.policy_hash,
            failed=context.failed,
            guidance=next((speaker.texts.guidance[r.guidance] for r in taken if r.guidance), ""),
            refers=self.refers(text, context),
        )
        return decision if decision.replaces else self._corrected(decision, conversation, reply, context)

    def placed(self, context: Context, conversation: Conversation) -> Context:
        """The context in the country where the person says to be, unless a locale names one."""
        if context.country or (context.locale and set("-_") & set(context.locale)):
            return context
        country = self.places.said_in(conversation)
        return replace(context, country=country if country in self.directory.countries else None)

    def harms(self, assessment: Assessment) -> dict[Harm, float]:
        """Probability of each harm: of the likeliest of its rules, taking risk and reply as independent."""
        return _harms(self.rulings(assessment))

    def rulings(
        self, assessment: Assessment, context: Context = NOWHERE, *, complete: bool = True
    ) -> list[Ruling]:
        """Every rule in order, with whether it fires and how likely it is."""
        found = assessment.behaviour.probabilities
        facts = Facts(assessment.risk, context, self.thresholds, found, complete)
        return weigh_rules(self.policy.rules, facts)

    def hold(self, risk: RiskReading, context: Context = NOWHERE) -> Hold:
        """How much of a streamed reply to hold back: what the first entry that matches says."""
        facts = Facts(risk, context, self.thresholds)
        entries = (entry for entry in self.policy.hold.when if weigh(entry, facts, {}) is True)
        first = next(entries, None)
        return first.hold if first else self.policy.hold.default

    def sought(
        self, risk: RiskReading, context: Context = NOWHERE, possible: RiskReading | None = None
    ) -> frozenset[Behaviour]:
        """The behaviours on which a decision can still depend in a conversation of this risk and context.

        A rule that can't fire, or that fires whatever the reply does, needs none. `possible` is how high the
        risks may count once the reply is read, where that is not settled.
        """
        facts = Facts(risk, context, self.thresholds, complete=False, possible=possible)
        rulings = weigh_rules(self.policy.rules, facts)
        return frozenset(name for name in _needed(rulings) if isinstance(name, Behaviour))

    def unasked(self, assessment: Assessment, context: Context = NOWHERE) -> frozenset[str]:
        """The validators on which the decision on a whole reply still depends, by the policy's names."""
        return _needed(self.rulings(assessment, context))

    def consulted(self, exchange: Exchange, assessment: Assessment, context: Context = NOWHERE) -> Context:
        """The context with what validators say of a reply, asked in turn, however long they take."""
        names = self.unasked(assessment, context)
        return (
            replace(context, failed=frozenset(n for n in names if self._fails(n, exchange)))
            if names
            else context
        )

    def unavailable(self, conversation: Conversation, context: Context = NOWHERE) -> str:
        """What a person gets when a reply could not be judged."""
        call = Call(UNAVAILABLE, None)
        return self._speaker(context).say([call], Action.REPLACE, Moment(conversation))

    def refers(self, text: str, context: Context = NOWHERE) -> bool:
        """Whether a text of ours names where somebody in this place can turn to."""
        return self._speaker(context).refers(text)

    def threshold(self, label: str) -> float:
        """The probability from which a label counts as present, unless a condition says otherwise."""
        return self.thresholds.of(label)

    def _corrected(
        self, decision: Decision, conversation: Conversation, reply: str, context: Context
    ) -> Decision:
        """The decision to keep a reply, with what it says of helplines put right."""
        where = self._speaker(context).texts.where
        corrections = self.helplines.check(reply, conversation, context.country, where)
        if not corrections:
            return decision
        return replace(
            decision,
            action=max(decision.action, Action.CORRECT, key=ACTION_ORDER.index),
            severity=decision.severity or Severity.MEDIUM,
            corrections=corrections,
        )

    def _fails(self, name: str, exchange: Exchange) -> bool:
        try:
            return self.ask(name, exchange)
        except Exception:
            # What a validator of somebody else's raises is its own affair; the policy says what counts then.
            return self.policy.validators[name].on_error == "fail"

    def _speaker(self, context: Context) -> Speaker:
        return Speaker(self.texts.of(context.locale), self.directory, context.country)

    def _level(self, rule: Rule, risk: RiskReading) -> RiskLevel | None:
        """How openly the risk of a rule shows."""
        named = rule.when.first_risk
        if named is None:
            return None
        explicit = Facts(risk, NOWHERE, self.thresholds).shows(named, RiskLevel.EXPLICIT)
        return RiskLevel.EXPLICIT if explicit else RiskLevel.LATENT


def _now(rule: Rule, context: Context) -> Action:
    """What a rule that fires does at this moment: one that rests is only recorded."""
    return Action.DELIVER if rule.rests(context) else rule.then


def _needed(rulings: Sequence[Ruling]) -> frozenset[Behaviour | str]:
    """What must be known before it can be said which rules fire."""
    return frozenset().union(*(r.fires for r in rulings if not isinstance(r.fires, bool)))


def _harms(rulings: Sequence[Ruling]) -> dict[Harm, float]:
    return {h: max((r.probability for r in rulings if r.rule.harm == h), default=0.0) for h in HARMS}
