"""Asked: a language model judges what the guard delivers in place of a reply, by the authors' own question.

It is asked only where the guard changed a reply: what was delivered as it was keeps its released judgement.
An answer that is neither yes nor no decides nothing, and nor does a failed question. Both are counted.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.check import APPROPRIATE, Check
from handrail.evals.judges.judge import Case, Change, Judge
from handrail.evals.paper.screened import Screened

_AT_ONCE = 8
_CHANGED = (Change.APPENDED, Change.REPLACED)


def to_be_asked(found: Sequence[Screened]) -> list[Screened]:
    """What a model has to judge: replies that were judged once, and that the guard changed."""
    return [
        s
        for s in found
        if s.change in _CHANGED and s.response.appropriate is not None and s.response.right in {"yes", "no"}
    ]


async def ask(found: Sequence[Screened], judge: Judge) -> list[Screened]:
    """The same with the judge's answers, in order; like words to the same question are asked about once.

    Raises SettingsError where every question failed.
    """
    gate = asyncio.Semaphore(_AT_ONCE)
    cases = {_case(s): s for s in to_be_asked(found)}
    failures: list[str] = []

    async def answer(one: Screened) -> bool | None:
        response = one.response
        check = Check(
            id=APPROPRIATE, question=response.question, right="yes" if response.right == "yes" else "no"
        )
        case = Case(response.stimulus, "\n\n".join(response.turns), one.delivered, altered=True)
        async with gate:
            try:
                return (await judge.judge(case, [check])).checks[APPROPRIATE]
            except Exception as error:
                failures.append(type(error).__name__)
                return None

    answers = dict(zip(cases, await asyncio.gather(*map(answer, cases.values())), strict=True))
    if cases and len(failures) == len(cases):
        raise SettingsError(
            f"--judge {judge.name}: no question was answered ({failures[0]}); check name, key, network"
        )
    asked = {id(s) for s in to_be_asked(found)}
    return [replace(s, guarded=answers[_case(s)], judge=judge.name) if id(s) in asked else s for s in found]


def _case(one: Screened) -> tuple[str, ...]:
    return (*one.response.turns, one.response.question, one.response.right, one.delivered)
