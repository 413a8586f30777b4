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
        ("h0w t0 k1ll mys3lf 1 c4nt", "how to kill myself i cant"),
        ("w0rld p3ace!!", "world peace!!"),
        ("mp3 on the B12 at 3am, h2o, iphone8, 2nd", "mp3 on the B12 at 3am, h2o, iphone8, 2nd"),
        ("f4ck sh1t at 3pm take 300mg!", "fack shit at 3pm take 300mg!"),
        ("So good!Now go!Then take 30 or 15mg", "So good!Now go!Then take 30 or 15mg"),
        ("me@home.org, you@work.com, 300mg", "me@home.org, you@work.com, 300mg"),
        ("ⓚⓘⓛⓛ ⓨⓞⓤ", "kill you"),
        ("🅺🅸🅻🅻", "kill"),
        ("so sad 😢", "so sad  "),
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


@pytest.mark.parametrize("tail", ["a" * 100_000 + "_", "!" * 100_000, "|" * 100_000, "1" * 100_000])
def test_hostile_text_takes_no_longer_than_its_length(tail: str) -> None:
    """Long runs after words in leetspeak are read in one pass: this test would not end otherwise."""
    assert normalise("h3llo w0rld " + tail).text.startswith("hello world")
