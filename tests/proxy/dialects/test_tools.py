import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.proxy.dialects.tools import Arguments, Calls, Shown


def _feed(data: str, cuts: list[int]) -> str:
    arguments, edges = Arguments(), [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    return "".join(arguments.feed(data[a:b]) for a, b in pairwise(edges))


@given(st.text(min_size=1), st.booleans(), st.lists(st.integers(0, 300), max_size=8))
def test_no_word_is_lost_however_it_is_cut(text: str, ascii_only: bool, cuts: list[int]) -> None:
    """Escaped or not, and wherever the pieces end, the words in arguments are the words written."""
    data = json.dumps({"say": text, "n": 73519}, ensure_ascii=ascii_only)
    found = _feed(data, cuts)
    joined = found.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    expected = text.replace("\b", " ").replace("\f", "\n")
    assert expected in joined
    assert joined.rstrip().endswith("73519")


@pytest.mark.parametrize("data", ["no JSON at all", '"half', '{"a": "b"} and more', "\\\\u00e9 x"])
def test_what_is_no_json_is_read_too(data: str) -> None:
    """Broken arguments keep every word."""
    found = _feed(data, [3])
    assert all(word.strip('"{:}\\') in found for word in data.split())


def test_an_escape_is_never_cut() -> None:
    """An escape whose end has not come yet waits for it."""
    arguments = Arguments()
    assert arguments.feed('{"a":"x\\u00').endswith("x")
    assert arguments.feed("e9") == "é"


def test_only_tools_that_are_shown_are_read() -> None:
    """A tool is shown when all are, or by its name; a call's later pieces go by its first."""
    calls = Calls(Shown.of(("note",)))
    assert calls.read(0, "note", '{"a": "wor')[1]
    assert calls.read(0, None, 'ds"}') == ("ds ", True)
    assert calls.read(1, "search", '{"a": "words"}') == ("", False)
    assert Calls(Shown.of(True)).read(0, "search", {"q": "words"})[1]
    assert Calls(Shown.of(False)).read(0, "search", {"q": "words"}) == ("", False)


def test_words_in_place_of_a_name_are_read() -> None:
    """A name that is no name is words, whatever is shown, and is read once."""
    calls = Calls(Shown.of(False))
    assert calls.read(0, "the water is deep", "{}") == ("the water is deep\n", False)
    assert calls.read(0, "the water is deep", "{}") == ("", False)
    with pytest.raises(TypeError):
        calls.read(0, ["x"], "{}")
