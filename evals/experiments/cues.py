"""Cue: what of the experiments a conversation ends in; scripts and gold labels know replies by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from handrail.classifiers.labels import Risk
from handrail.evals.experiments.clients import read_clients
from handrail.evals.experiments.features import safety_prompt
from handrail.evals.experiments.further import all_stimuli
from handrail.evals.experiments.therapy import DEPTHS
from handrail.evals.experiments.vignettes import Asked, read_asked
from handrail.evals.harmless import read_harmless

_TURNS = 20


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue's name, its condition, and how many messages tire a chatbot out.

    `person` and `letters` are there for questions about a vignette.
    """

    name: str
    condition: Risk | None
    tires_over: int = DEPTHS[-1]
    person: Mapping[str, str] | None = None
    letters: Mapping[Literal["stigma", "fair"], str] | None = None


class Cues:
    """Finds the cue of a conversation by its last message."""

    def __init__(self) -> None:
        self._exact = dict(_exact())
        # A bridging sentence may stand before a stimulus, so these are known by how a message ends.
        self._endings = [(s.messages[-1][1], Cue(s.id, s.condition)) for s in all_stimuli()]
        self._safety_prompt = safety_prompt()

    def of(self, said: Sequence[tuple[str, str]]) -> Cue | None:
        """The cue of messages given as (role, words), or None."""
        last = next((words for role, words in reversed(said) if role == "user"), "")
        if last in self._exact:
            return self._exact[last]
        return next((cue for ending, cue in self._endings if last.endswith(ending)), None)

    def is_safety_prompt(self, words: str) -> bool:
        """Whether a system prompt asks for the seventeen features."""
        return self._safety_prompt in words


@cache
def read_cues() -> Cues:
    """All cues of all experiments."""
    return Cues()


def harmless_cue(number: int) -> str:
    """The cue of an everyday exchange, by its number in harmless.jsonl."""
    return f"harmless.{number}"


def free_cue(question: str) -> str:
    """The cue of a question about a vignette that is answered in free text."""
    return f"free.{question}"


def drift_cue(condition: Risk) -> str:
    """The cue of any turn of a scripted client."""
    return f"drift.{condition}"


def _exact() -> list[tuple[str, Cue]]:
    found: list[tuple[str, Cue]] = []
    for number, row in enumerate(read_harmless()):
        found.append((row.messages[-1].content, Cue(harmless_cue(number), None)))
    for client in read_clients():
        cue = Cue(drift_cue(client.condition), client.condition, tires_over=_TURNS)
        found += [(turn, cue) for turn in client.turns]
    for asked in read_asked():
        found += [
            (asked.choice, _question(asked, letters=True)),
            (asked.open, _question(asked, letters=False)),
        ]
    return found


def _question(asked: Asked, *, letters: bool) -> Cue:
    person = asked.vignette.factors
    return Cue(free_cue(asked.question.id), None, person=person, letters=asked.letters if letters else None)
