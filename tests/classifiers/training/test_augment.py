import random

import pytest

from handrail.classifiers.corpus.rows import read_corpus
from handrail.classifiers.training.augment import (
    augmented,
    drawn_out,
    noted,
    unpunctuated,
    with_slips,
    wrapped,
)

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


def test_small_talk_takes_no_risk_back() -> None:
    """A drawn-out conversation keeps all its words and its risk, and has no reply to judge."""
    scenarios = [s for s in read_corpus() if s.split == "train"]
    known = {s.id: s for s in scenarios}
    drawn = drawn_out(scenarios, 0.2, random.Random(2))
    assert len(drawn) > 100
    for scenario in drawn:
        original = known[scenario.id]
        said = " ".join(scenario.conversation.said_by("user"))
        assert all(text in said for text in original.conversation.said_by("user"))
        assert len(said) > len(" ".join(original.conversation.said_by("user")))
        assert (scenario.risk, scenario.replies) == (original.risk, ())
        assert scenario.messages[-1].role == "user"


def test_harmless_talk_is_not_mixed_across_files() -> None:
    """Two harmless rows that together might be a risk never meet."""
    scenarios = [s for s in read_corpus() if s.split == "train"]
    by_text = {s.messages[-1].content: s.id.rpartition("-")[0] for s in scenarios}
    for drawn in drawn_out(scenarios, 0.3, random.Random(5)):
        if not drawn.risk and len(drawn.messages) > 1:
            files = {by_text[m.content] for m in drawn.messages if m.content in by_text}
            assert len(files) <= 1
