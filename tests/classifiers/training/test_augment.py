import random

import pytest

from handrail.classifiers.corpus.rows import read_corpus
from handrail.classifiers.training.augment import augmented, noted, unpunctuated, with_slips, wrapped

TEXT = "Perhaps you could ring your sister tonight, and tell her what happened on Sunday evening."


def test_the_words_stay_inside() -> None:
    """Friendly words and notes are put around a reply, never into it."""
    for seed in range(20):
        rng = random.Random(seed)
        for change in (wrapped, noted):
            changed = change(TEXT, rng)
            assert TEXT in changed
            assert changed != TEXT


def test_slips_are_slips() -> None:
    """Slips touch few words and lose none."""
    changed = with_slips(TEXT, random.Random(3))
    pairs = list(zip(TEXT.split(), changed.split(), strict=True))
    assert 0 < sum(a != b for a, b in pairs) <= len(pairs) // 2


def test_punctuation_goes() -> None:
    """Unpunctuated text is what somebody types in haste."""
    assert unpunctuated("Don't! I can't, OK?", random.Random(0)) == "don't i can't ok"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_labels_stay(share: float) -> None:
    """A share of the scenarios comes back changed, with the same labels and split, and none is empty."""
    scenarios = read_corpus()[:200]
    changed = augmented(scenarios, share, random.Random(1))
    assert len(changed) == round(share * 200)
    known = {s.id: s for s in scenarios}
    for scenario in changed:
        original = known[scenario.id]
        assert (scenario.risk, scenario.split) == (original.risk, original.split)
        assert [r.behaviours for r in scenario.replies] == [r.behaviours for r in original.replies]
        assert all(m.content.strip() for m in scenario.messages)
