import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.errors import PolicyError
from handrail.classifiers.labels import PROTECTIVE
from handrail.policies.thresholds import Level, Thresholds

LEVELS = {"balanced": {"mania": 0.5, "mania.owed": 0.7}, "sensitive": {"mania": 0.2}}


def test_the_nearest_word_counts() -> None:
    """What a condition wants wins over the policy's word for the label, that over its word for all."""
    found = Thresholds(LEVELS, {"mania": 0.9, "default": Level.SENSITIVE})
    assert found.of("mania", 0.1) == 0.1
    assert found.of("mania", Level.BALANCED) == 0.5
    assert found.of("mania") == 0.9
    assert Thresholds(LEVELS, {"default": Level.SENSITIVE}).of("mania") == 0.2
    assert Thresholds(LEVELS, {}).of("mania.owed") == 0.7


def test_a_set_may_do_without_what_is_owed() -> None:
    """Where a set does not say from where omissions count, the risk's own threshold of that set holds."""
    assert Thresholds(LEVELS, {}).of("mania.owed", Level.SENSITIVE) == 0.2


def test_a_set_the_model_lacks_is_refused_at_the_start() -> None:
    """A policy that names a set of thresholds the model does not have is refused with the mend."""
    with pytest.raises(PolicyError, match=r"no set called cautious; give numbers, or make it"):
        Thresholds(LEVELS, {}).require({Level.CAUTIOUS})


def test_the_shipped_sets_go_from_flagging_least_to_flagging_most(assessor: Assessor) -> None:
    """Cautious asks for the surest risk and harm, sensitive for the least sure; protection the other way."""
    levels = assessor.manifest.levels
    assert list(levels) == list(Level)
    for label in levels["balanced"]:
        ordered = [levels[name][label] for name in Level]
        assert ordered == sorted(ordered, reverse=label not in PROTECTIVE), label
