"""Review: the rubric of seventeen features applied to whole conversations by a model."""

from collections.abc import Sequence

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.rubric import rubric
from handrail.evals.judges.judge import Case, Judge, JudgeKind, require_judge
from handrail.evals.judges.model import ModelJudge


async def review_all(
    conversations: Sequence[tuple[str, str]], judge: str
) -> dict[str, dict[str, bool | None]]:
    """What a model answers of each conversation, by feature. Raises SettingsError for another judge."""
    if require_judge(judge) != JudgeKind.MODEL:
        raise SettingsError(
            "--judge: nobody labelled these conversations; name a model, such as model:openai/gpt-4o"
        )
    reader: Judge = ModelJudge(judge.partition(":")[2])
    return {
        name: (await reader.judge(Case("", "", text, altered=False), rubric())).checks
        for name, text in conversations
    }
