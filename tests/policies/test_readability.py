import pytest

from handrail.policies.readability import count_syllables, grade


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("I", 1),
        ("name", 1),
        ("looked", 1),
        ("wanted", 2),
        ("little", 2),
        ("doctor", 2),
        ("tonight", 2),
        ("you're", 1),
    ],
)
def test_syllables(word: str, syllables: int) -> None:
    """Silent endings count for nothing, spoken ones do."""
    assert count_syllables(word) == syllables


def test_the_published_formula() -> None:
    """Six words of one syllable in one sentence: 0.39 * 6 + 11.8 - 15.59."""
    assert grade("The cat sat on the mat.") == pytest.approx(-1.45)
    assert grade("") == 0


def test_harder_texts_ask_for_more() -> None:
    """Long words in long sentences ask for a higher grade than short ones in short sentences."""
    hard = "Psychotherapeutic interventions necessitate considerable individual deliberation."
    assert grade(hard) > 12 > grade("Talk to someone. They can help you think it through.")
