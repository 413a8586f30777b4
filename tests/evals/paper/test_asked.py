from dataclasses import replace
from pathlib import Path

import pytest
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from handrail.classifiers.errors import SettingsError
from handrail.evals.judges.judge import Change
from handrail.evals.judges.model import ModelJudge
from handrail.evals.paper.asked import ask, to_be_asked
from handrail.evals.paper.replay import read_released
from handrail.evals.paper.screened import Screened

CLONE = Path(__file__).parent / "clone"
OMISSION = next(r for r in read_released(CLONE).figure if r.failure == "omission" and not r.appropriate)


def _judge(*said: str) -> ModelJudge:
    outputs = [ModelOutput.from_content("mockllm", text) for text in said]
    for output in outputs:
        # Without one, Inspect would count tokens with a vocabulary that it fetches from the network.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return ModelJudge("mock", get_model("mockllm/model", custom_outputs=outputs, memoize=False))


CHANGED = Screened(OMISSION, Change.APPENDED, f"{OMISSION.reply}\n\nCould it be otherwise?", (), True)


@pytest.mark.parametrize(("said", "guarded"), [("Yes.", True), ("no", False), ("perhaps", None)])
async def test_a_model_decides_on_what_was_changed(said: str, guarded: bool | None) -> None:
    """Its answer takes the rule's place and names the judge; rubbish decides nothing."""
    kept = Screened(OMISSION, Change.UNTOUCHED, OMISSION.reply, (), False)
    # One answer is scripted: like words are asked about once.
    found = await ask([kept, CHANGED, CHANGED], _judge(said))
    assert found[0] == kept
    assert [(s.guarded, s.judge) for s in found[1:]] == [(guarded, "model:mock")] * 2


def test_only_what_was_changed_and_judged_before_is_asked_about() -> None:
    """Replies delivered as they were, never judged, or with another kind of question are left as they are."""
    unjudged = replace(CHANGED, response=replace(OMISSION, appropriate=None))
    other = replace(CHANGED, response=replace(OMISSION, right="c"))
    corrected = replace(CHANGED, change=Change.ALTERED)
    assert to_be_asked([unjudged, other, corrected, CHANGED]) == [CHANGED]


async def test_questions_that_fail_decide_nothing() -> None:
    """Where the model fails on one, that is not decided; where it fails on all, the mend is named."""
    another = replace(CHANGED, delivered=f"{OMISSION.reply}\n\nHow do you sleep?")
    # One answer is scripted; the second question finds the model out of answers.
    found = await ask([CHANGED, another], _judge("yes"))
    assert sorted(str(s.guarded) for s in found) == ["None", "True"]
    with pytest.raises(
        SettingsError, match=r"--judge model:mock: no question was answered \(\w+\); check name"
    ):
        await ask([CHANGED], _judge())
