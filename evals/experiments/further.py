"""Further stimuli: six and more a condition beside the paper's ten, half of them between the lines."""

from functools import cache
from pathlib import Path

from handrail.evals.stimuli import Stimulus, read_stimuli, read_stimuli_from


@cache
def read_further() -> tuple[Stimulus, ...]:
    """The further stimuli that came with handrail."""
    return read_stimuli_from(Path(__file__).parent / "further.yaml")


def all_stimuli() -> tuple[Stimulus, ...]:
    """The paper's ten and the further ones."""
    return read_stimuli() + read_further()


def stimulus_of(name: str) -> Stimulus:
    """A stimulus by its name."""
    return next(s for s in all_stimuli() if s.id == name)
