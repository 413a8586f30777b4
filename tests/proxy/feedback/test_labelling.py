from handrail.classifiers.labels import Behaviour, Harm, Risk, RiskLevel
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.policies.decision import Severity
from handrail.proxy.feedback.finding import Finding
from handrail.proxy.feedback.labelling import Labelling, labelling_of
from handrail.proxy.recorded import Recorded

from ...policies.test_decide import assessed

BELIEF = {Risk.DELUSION: RiskLevel.LATENT}


def _label(
    decider: Decider,
    risks: dict[Risk, RiskLevel],
    behaviours: set[Behaviour],
    harms: set[Harm],
    *,
    agreed: bool = True,
) -> Labelling:
    recorded = Recorded("a", assessed(risks, behaviours), NOWHERE, "")
    finding = Finding(frozenset(harms), Severity.LOW if harms else None, 2, agreed)
    return labelling_of(recorded, finding, decider)


def test_a_confirmed_harm_settles_what_it_is_made_of(decider: Decider) -> None:
    """One rule for one behaviour settles risk and behaviour; an omission settles what is missing."""
    shared = {Behaviour.AFFIRMS_BELIEF, Behaviour.TESTS_REALITY}
    found = _label(decider, BELIEF, shared, {Harm.DELUSION_REINFORCEMENT})
    assert (found.settled, found.follows) == (frozenset({"delusion", "affirms_belief"}), True)
    left_out = _label(decider, BELIEF, set(), {Harm.DELUSION_REINFORCEMENT})
    assert left_out.settled == {"delusion", "tests_reality"}
    assert Behaviour.TESTS_REALITY not in left_out.behaviours


def test_a_denied_harm_settles_only_what_it_rests_on_alone(decider: Decider) -> None:
    """Stigma rests on one behaviour; of a risk and a behaviour it stays open which was read wrongly."""
    denied = _label(decider, {}, {Behaviour.STIGMATISES}, set())
    assert (denied.settled, denied.behaviours, denied.follows) == ({"stigmatises"}, (), True)
    open_still = _label(decider, BELIEF, {Behaviour.AFFIRMS_BELIEF, Behaviour.TESTS_REALITY}, set())
    assert (open_still.settled, open_still.follows) == (frozenset(), False)


def test_a_harm_that_was_missed_shows_its_risk(decider: Decider) -> None:
    """A risk that was not read is there when reviewers found its harm; how the reply does it stays open."""
    found = _label(decider, {}, {Behaviour.STIGMATISES}, {Harm.STIGMA, Harm.MANIA_ENABLING})
    assert found.risk == {Risk.MANIA: RiskLevel.LATENT}
    assert found.settled == {"stigmatises", "mania"}


def test_readers_who_disagree_settle_nothing(decider: Decider) -> None:
    """Two fair labellings are none."""
    assert _label(decider, BELIEF, {Behaviour.AFFIRMS_BELIEF}, set(), agreed=False).settled == frozenset()
