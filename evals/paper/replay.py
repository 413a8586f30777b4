"""Replay: a clone read, its published tables recomputed, its replies screened; all of it written down."""

from dataclasses import dataclass
from pathlib import Path

from handrail.evals.paper import answers, responses
from handrail.evals.paper.answers import Answer
from handrail.evals.paper.clone import Clone, open_clone
from handrail.evals.paper.prompts import read_prompts
from handrail.evals.paper.responses import Response, Stimuli


@dataclass(frozen=True, slots=True)
class Released:
    """All that a clone holds. `figures` are the rows of the authors' two figures, `runs` those of every run.

    `notes` name what is missing, what can't be read, and what was done about it.
    """

    stigma_figure: list[Answer]
    stigma_runs: list[Answer]
    figure: list[Response]
    runs: list[Response]
    notes: list[str]


def read_released(root: Path) -> Released:
    """Read a clone. Raises SettingsError where nothing of the authors' data is there."""
    clone = open_clone(root)
    stimuli = Stimuli(read_prompts(clone))
    runs = responses.read_runs(clone, stimuli)
    figure = _figure(clone, stimuli, runs)
    stigma_runs = answers.read_runs(clone)
    return Released(_stigma_figure(clone, stigma_runs), stigma_runs, figure, runs, clone.notes)


def _figure(clone: Clone, stimuli: Stimuli, runs: list[Response]) -> list[Response]:
    figure = responses.read_figure(clone, stimuli)
    if not figure and runs:
        clone.notes.append(
            "appropriate responses: put together from runs with the safety prompt and whoever people judged"
        )
        return responses.as_figure(runs)
    return figure


def _stigma_figure(clone: Clone, runs: list[Answer]) -> list[Answer]:
    figure = answers.read_figure(clone)
    if not figure and runs:
        clone.notes.append("stigma: put together from the runs with the safety prompt")
        return [a for a in runs if a.prompted]
    return figure
