import dataclasses
from collections.abc import Mapping

import pytest

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.corpus.rows import LabelledReply, Scenario, read_corpus
from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS, Behaviour, Harm, Risk, RiskLevel
from handrail.policies.decide import Decider
from handrail.policies.decision import Action, Severity
from handrail.policies.policy import Holding, HoldWhen

HELLO = Conversation.of([("user", "hello")])


def assessed(risks: Mapping[Risk, RiskLevel], behaviours: set[Behaviour]) -> Assessment:
    """An assessment that is certain of its labels."""
    return Assessment(
        RiskReading(
            {r: 0.99 if r in risks else 0.01 for r in RISKS},
            {r: 0.99 if risks.get(r) == RiskLevel.EXPLICIT else 0.01 for r in RISKS},
        ),
        BehaviourReading({b: 0.99 if b in behaviours else 0.01 for b in BEHAVIOURS}),
        "by hand",
        0.0,
    )


def _harms(decider: Decider, scenario: Scenario, reply: LabelledReply) -> set[Harm]:
    decision = decider.decide(scenario.conversation, assessed(scenario.risk, set(reply.behaviours)))
    return {fired.harm for fired in decision.fired}


def test_the_policy_is_the_taxonomy(decider: Decider) -> None:
    """Given the corpus's own labels, the shipped policy finds exactly the harms the corpus names."""
    wrong = [
        (scenario.id, number)
        for scenario in read_corpus()
        for number, reply in enumerate(scenario.replies)
        if _harms(decider, scenario, reply) != set(reply.harms)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("risk", "behaviours", "action", "rules"),
    [
        (
            Risk.SUICIDAL_IDEATION,
            {Behaviour.GIVES_MEANS, Behaviour.REFERS_TO_HELP},
            "replace",
            "crisis.means",
        ),
        (Risk.SUICIDAL_IDEATION, {Behaviour.VALIDATES_FEELING}, "append", "crisis.unanswered"),
        (Risk.SUICIDAL_IDEATION, {Behaviour.CHECKS_RISK}, "deliver", ""),
        (
            Risk.SUICIDAL_IDEATION,
            {Behaviour.MINIMISES, Behaviour.REFERS_TO_HELP},
            "replace",
            "crisis.minimised",
        ),
        (
            Risk.HALLUCINATION,
            {Behaviour.AFFIRMS_BELIEF, Behaviour.REFERS_TO_HELP},
            "replace",
            "hallucination.joined",
        ),
        (Risk.MANIA, {Behaviour.VALIDATES_FEELING}, "append", "mania.unnoticed"),
        (Risk.DELUSION, {Behaviour.REFERS_TO_HELP}, "append", "delusion.unquestioned"),
        (Risk.DELUSION, {Behaviour.TESTS_REALITY}, "deliver", ""),
        (
            Risk.DELUSION,
            {Behaviour.TESTS_REALITY, Behaviour.AFFIRMS_BELIEF},
            "regenerate",
            "delusion.affirmed",
        ),
        (Risk.HALLUCINATION, {Behaviour.REFERS_TO_HELP}, "deliver", ""),
        (Risk.HALLUCINATION, set(), "append", "hallucination.unsupported"),
        (Risk.MANIA, {Behaviour.DECLINES}, "deliver", ""),
        (Risk.MANIA, {Behaviour.ENCOURAGES_RISK, Behaviour.NAMES_PATTERN}, "replace", "mania.encouraged"),
        (Risk.COMPULSION, {Behaviour.VALIDATES_FEELING}, "append", "compulsion.unnamed"),
        (
            Risk.COMPULSION,
            {Behaviour.SERVES_COMPULSION, Behaviour.DECLINES},
            "regenerate",
            "compulsion.served",
        ),
        (None, {Behaviour.STIGMATISES}, "regenerate", "stigma.said"),
        (None, {Behaviour.GIVES_MEANS, Behaviour.MINIMISES, Behaviour.AFFIRMS_BELIEF}, "deliver", ""),
        (None, set(), "deliver", ""),
    ],
)
def test_rows_of_the_harm_table(
    decider: Decider, risk: Risk | None, behaviours: set[Behaviour], action: str, rules: str
) -> None:
    """Each row of the harm table leads to its action and its rule."""
    risks = {risk: RiskLevel.LATENT} if risk else {}
    decision = decider.decide(HELLO, assessed(risks, behaviours))
    assert decision.action == action
    assert ",".join(decision.rules) == rules
    assert decision.flagged == (action != "deliver")
    assert bool(decision.text) == (action != "deliver")


def test_the_most_intrusive_action_wins(decider: Decider) -> None:
    """When one rule would add and another replace, the reply is replaced, and both rules are named."""
    risks = {Risk.MANIA: RiskLevel.LATENT, Risk.DELUSION: RiskLevel.LATENT}
    decision = decider.decide(HELLO, assessed(risks, {Behaviour.ENCOURAGES_RISK}))
    assert decision.action == Action.REPLACE
    assert decision.rules == ("delusion.unquestioned", "mania.encouraged", "mania.unnoticed")
    assert decision.severity == Severity.HIGH


def test_a_reply_to_be_regenerated_has_something_to_fall_back_on(decider: Decider) -> None:
    """Regenerating carries guidance for the new reply, and a text that replaces it if none comes."""
    stigma = decider.policy.rules[-1]
    changed = stigma.model_copy(update={"then": Action.REGENERATE, "guidance": "mania"})
    policy = decider.policy.model_copy(update={"rules": (changed,)})
    decision = dataclasses.replace(decider, policy=policy).decide(
        HELLO, assessed({}, {Behaviour.STIGMATISES})
    )
    assert (decision.action, decision.replaces) == (Action.REGENERATE, True)
    assert decision.guidance == decider.texts.of(None).guidance["mania"]
    assert decision.delivered("what was written") == decision.text != ""


def test_two_things_missing_are_both_added(decider: Decider) -> None:
    """A reply that leaves out two different things gets two texts, each once."""
    risks = {Risk.SUICIDAL_IDEATION: RiskLevel.LATENT, Risk.DELUSION: RiskLevel.LATENT}
    decision = decider.decide(HELLO, assessed(risks, set()))
    texts = decider.texts.of(None).texts
    assert decision.text.count("\n\n") >= 1
    assert any(decision.text.startswith(v.say[:25]) for v in texts["crisis_append"])
    assert any(v.say[:25] in decision.text for v in texts["delusion_append"])


def test_an_unfinished_reply_owes_nothing_yet(decider: Decider) -> None:
    """Of a reply still being written nothing is missing; what it does wrong counts at once."""
    risks = {Risk.SUICIDAL_IDEATION: RiskLevel.LATENT}
    assert not decider.decide(HELLO, assessed(risks, set()), complete=False).flagged
    harmful = assessed(risks, {Behaviour.GIVES_MEANS})
    assert decider.decide(HELLO, harmful, complete=False).rules == ("crisis.means",)


def test_harms_are_probabilities_for_all_six(decider: Decider) -> None:
    """Every harm has a probability, high where risk and behaviour both are."""
    found = decider.harms(assessed({Risk.MANIA: RiskLevel.LATENT}, {Behaviour.ENCOURAGES_RISK}))
    assert set(found) == set(HARMS)
    assert found[Harm.MANIA_ENABLING] > 0.95
    assert all(found[h] < 0.05 for h in HARMS if h != Harm.MANIA_ENABLING)


def test_open_risk_holds_the_whole_stream(decider: Decider) -> None:
    """A stream is held by the sentence, and as a whole where suicidal thoughts show openly."""
    open_risk = assessed({Risk.SUICIDAL_IDEATION: RiskLevel.EXPLICIT}, set()).risk
    latent = assessed({Risk.SUICIDAL_IDEATION: RiskLevel.LATENT}, set()).risk
    assert decider.hold(open_risk) == "reply"
    assert decider.hold(latent) == "sentence"


def test_levels_are_told_apart(decider: Decider) -> None:
    """A condition on latent risk does not match risk that shows openly."""
    entry = HoldWhen(risk=Risk.MANIA, level=RiskLevel.LATENT, hold="reply")
    policy = decider.policy.model_copy(update={"hold": Holding(when=(entry,))})
    changed = dataclasses.replace(decider, policy=policy)
    assert changed.hold(assessed({Risk.MANIA: RiskLevel.LATENT}, set()).risk) == "reply"
    assert changed.hold(assessed({Risk.MANIA: RiskLevel.EXPLICIT}, set()).risk) == "sentence"


def test_thresholds_of_the_policy_win(decider: Decider) -> None:
    """A threshold in the policy overrides the model's."""
    policy = decider.policy.model_copy(update={"thresholds": {"stigmatises": 0.995}})
    changed = dataclasses.replace(decider, policy=policy)
    assert not changed.decide(HELLO, assessed({}, {Behaviour.STIGMATISES})).flagged


def test_a_text_that_is_not_there_stops_the_start(decider: Decider) -> None:
    """A policy that names a text nobody wrote is refused before it is needed."""
    rules = tuple(r.model_copy(update={"text": "poem"}) for r in decider.policy.rules)
    with pytest.raises(PolicyError, match="no texts called poem"):
        dataclasses.replace(decider, policy=decider.policy.model_copy(update={"rules": rules}))


@pytest.mark.parametrize("risk", RISKS)
def test_what_is_sought_is_what_can_matter(decider: Decider, risk: Risk) -> None:
    """Behaviours outside what is sought for a risk change no decision, whatever they are."""
    risks = {risk: RiskLevel.EXPLICIT}
    sought = decider.sought(assessed(risks, set()).risk)
    rest = set(BEHAVIOURS) - sought
    assert rest
    for chosen in (set(), {Behaviour.CHECKS_RISK}, {Behaviour.GIVES_MEANS}):
        inside = chosen & sought
        bare = decider.decide(HELLO, assessed(risks, inside))
        full = decider.decide(HELLO, assessed(risks, inside | rest))
        assert (bare.action, bare.rules) == (full.action, full.rules)


def test_without_a_risk_only_stigma_is_sought(decider: Decider) -> None:
    """Of a harmless conversation's reply nothing can matter but stigma."""
    assert decider.sought(assessed({}, set()).risk) == {Behaviour.STIGMATISES}


def test_omissions_need_a_surer_risk(decider: Decider) -> None:
    """A risk between the two thresholds is enough for a commission and not for an omission."""
    thresholds = {**decider.levels["balanced"], "mania": 0.4, "mania.owed": 0.8}
    strict = dataclasses.replace(decider, levels={"balanced": thresholds})
    for probability, fired in ((0.3, 0), (0.6, 1), (0.9, 2)):
        found = assessed({}, {Behaviour.ENCOURAGES_RISK})
        found.risk.present[Risk.MANIA] = probability  # type: ignore[index]
        assert len(strict.decide(HELLO, found).rules) == fired


def test_a_model_may_do_without_what_is_owed(decider: Decider) -> None:
    """Where neither policy nor model says from where omissions count, the risk's own threshold holds."""
    bare = {label: t for label, t in decider.levels["balanced"].items() if not label.endswith(".owed")}
    plain = dataclasses.replace(decider, levels={"balanced": bare})
    assert plain.threshold("mania.owed") == plain.threshold("mania")
