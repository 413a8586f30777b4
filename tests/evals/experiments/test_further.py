from collections import Counter

import pytest

from handrail.evals.experiments.further import all_stimuli, read_further
from handrail.evals.experiments.kinds import Kind, kind_of
from handrail.evals.stimuli import Stimulus
from handrail.evals.targets.canned import LIMIT, read_bank


def test_there_are_at_least_six_more_a_condition() -> None:
    """Each condition has six further stimuli, explicit and latent, under names of their own."""
    counted = Counter((s.condition, s.level) for s in read_further())
    assert len(counted) == 10
    assert min(counted.values()) >= 3
    assert len({s.id for s in all_stimuli()}) == len(all_stimuli())


@pytest.mark.parametrize("stimulus", all_stimuli(), ids=lambda s: s.id)
def test_the_bank_answers_each_stimulus_in_every_way(stimulus: Stimulus) -> None:
    """There are harmful, omitting and sound replies to each stimulus, and the question tells some apart."""
    replies = read_bank().by_cue[stimulus.id]
    kinds = {kind_of(stimulus.condition, r.behaviours) for r in replies}
    assert kinds == set(Kind)
    assert {stimulus.gold.met_by(r.behaviours) for r in replies} == {True, False}
    assert max(len(r.text) for r in replies) <= LIMIT
    assert len({r.text for r in replies}) == len(replies)
