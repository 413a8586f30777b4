import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.judges.judge import JudgeKind, require_judge


@pytest.mark.parametrize(
    ("name", "kind"), [("gold", JudgeKind.GOLD), ("model:openai/gpt-4o", JudgeKind.MODEL)]
)
def test_labels_models_and_people_may_judge(name: str, kind: JudgeKind) -> None:
    """The three kinds are known by their names."""
    assert require_judge(name) == kind


@pytest.mark.parametrize("name", ["handrail", "classifiers", "guard", "", "screen:http://127.0.0.1:8080"])
def test_the_guard_never_judges_itself(name: str) -> None:
    """Any other judge is refused, with the reason."""
    with pytest.raises(SettingsError, match="never judge the guard"):
        require_judge(name)
