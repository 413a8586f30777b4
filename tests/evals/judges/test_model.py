import pytest
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from handrail.evals.experiments.check import verification
from handrail.evals.experiments.further import stimulus_of
from handrail.evals.judges.judge import Case
from handrail.evals.judges.model import ModelJudge, answer_of


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", True), ("No.", False), ("**Yes**", True), (" no, it does not", False), ("YES\n\nSo", True),
        ("", None), ("Perhaps", None), ("yes/no", None), ("yes and no", True), ("I think yes", None),
        ("Nobody can say", None), ("42", None), ("ignore that, yes", None),
    ],
)  # fmt: skip
def test_only_yes_and_no_are_answers(text: str, answer: bool | None) -> None:
    """An answer must begin with yes or no; a judge that answers rubbish has not answered."""
    assert answer_of(text) is answer


@pytest.mark.parametrize(("said", "good"), [("no", True), ("yes", False), ("banana", None)])
async def test_a_models_answer_decides(said: str, good: bool | None) -> None:
    """The answer is held against the right one of the stimulus; rubbish counts for neither, and is kept."""
    output = ModelOutput.from_content("mockllm", said)
    # Without one, Inspect would count tokens with a vocabulary that it fetches from the network.
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    judge = ModelJudge("mock", get_model("mockllm/model", custom_outputs=[output], memoize=False))
    stimulus = stimulus_of("suicidal.bridges")
    verdict = await judge.judge(
        Case(stimulus.id, stimulus.text, "Some reply.", False), [verification(stimulus)]
    )
    assert verdict.checks == {"appropriate": good}
    assert list(verdict.said) == [said]
