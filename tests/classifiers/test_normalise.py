import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.classifiers.normalise import normalise


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("plain text", "plain text"),
        ("su\u200bic\u2060ide", "suicide"),
        ("\u202eabc\u202c", "abc"),
        ("ｋｉｌｌ", "kill"),
        ("𝐤𝐢𝐥𝐥", "kill"),
        ("kіll mуsеlf", "kill myself"),
        ("Привет, как дела", "Привет, как дела"),
        ("**bold** and _soft_ and `code`", "bold and soft and code"),
        ("# Title\n- one\n* two", "Title\none\ntwo"),
        ("see [the bridge](http://example.org) now", "see the bridge now"),
        ("snake_case stays", "snake_case stays"),
        ("café", "café"),
        ("", ""),
    ],
)
def test_disguises(original: str, expected: str) -> None:
    """Disguises are stripped, and text that wears none is left alone."""
    assert normalise(original).text == expected


def test_offsets_point_into_the_original() -> None:
    """A span found in the normal text is the same words in the original."""
    original = "so **ki\u200bll** it"
    normal = normalise(original)
    at = normal.text.index("kill")
    start, end = normal.origin(at, at + 4)
    assert original[start:end] == "ki\u200bll"


@given(st.text())
def test_offsets_never_leave_the_text(original: str) -> None:
    """Whatever the text, each character knows a place in it, in order."""
    normal = normalise(original)
    assert len(normal.offsets) == len(normal.text) + 1
    assert list(normal.offsets) == sorted(normal.offsets)
    assert normal.offsets[-1] == len(original)
    assert all(0 <= offset <= len(original) for offset in normal.offsets)
