from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("Great! 🎉 Next", ["Great!"]),
        ("Done.👍🏽 Next. So", ["Done.👍🏽", " Next."]),
        ("**Bold.** _So!_ `a.b` ok", ["**Bold.**", " _So!_"]),
        ("See https://a.example/b.c?d=e. Then", ["See https://a.example/b.c?d=e."]),
        ("At 5 p.m. we eat. Ok", ["At 5 p.m. we eat."]),
        ("Das gilt z.B. hier, d.h. Nr. 5 zuerst. Gut", ["Das gilt z.B. hier, d.h. Nr. 5 zuerst."]),
        ("a) One\nb) Two\n(c) Three\n", ["a) One", "\nb) Two", "\n(c) Three"]),
        ("- One\n  - Two\n* Three\n", ["- One", "\n  - Two", "\n* Three"]),
        (
            "```py\nx = 1.5  # a. b\n```\nSo. Yes",
            ["```py", "\nx = 1.5  # a. b", "\n```", "\nSo."],
        ),
        ("今日は！元気？「はい。」", ["今日は！", "元気？", "「はい。」"]),
        ("मैं ठीक हूँ। आप? हाँ", ["मैं ठीक हूँ।", " आप?"]),
        ("كيف حالك؟ بخير", ["كيف حالك؟"]),
        ("สวัสดีครับ วันนี้เป็นอย่างไรบ้าง", []),
        ("ສະບາຍດີ ທ່ານເປັນແນວໃດ", []),
        ("No end yet", []),
        ("A full stop at the very end.", []),
        ("", []),
    ],
)
def test_sentences_are_found(text: str, sentences: list[str]) -> None:
    """Sentences end where a reader would say so, and only once what follows is known."""
    ends = [0, *sentence_ends(text)]
    assert [text[a:b] for a, b in pairwise(ends)] == sentences


@given(st.text(alphabet="ab1 .!?…。\n\"')*`🎉é。", max_size=60), st.integers(0, 60))
def test_more_text_never_moves_an_end(text: str, at: int) -> None:
    """An end that was found stays one whatever is written after it, but for a closing 」 on its heels."""
    found = sentence_ends(text[:at])
    assert set(found) <= set(sentence_ends(text))
    assert found == sorted(set(found))
