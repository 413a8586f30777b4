from itertools import pairwise

import pytest

from handrail.classifiers.sentences import sentence_ends


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? ", ["One.", " Two!", " Three?"]),
        ("It is 3.5 metres. Yes", ["It is 3.5 metres."]),
        ("Ask Dr. Lee, e.g. today. Then rest", ["Ask Dr. Lee, e.g. today."]),
        ("J. Smith came. He left", ["J. Smith came."]),
        ("It was I. So be it", ["It was I."]),
        ("1. First\n2. Second\n", ["1. First", "\n2. Second"]),
        ("Wait... what? ok", ["Wait...", " what?"]),
        ('He said "go." Then left', ['He said "go."']),
        ("你好。我在这里。", ["你好。", "我在这里。"]),
        ("No end yet", []),
        ("A full stop at the very end.", []),
        ("", []),
    ],
)
def test_sentences_are_found(text: str, sentences: list[str]) -> None:
    """Sentences end where a reader would say so, and only once what follows is known."""
    ends = [0, *sentence_ends(text)]
    assert [text[a:b] for a, b in pairwise(ends)] == sentences
