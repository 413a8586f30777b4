import pytest

from handrail.evals.encoding import decoded


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_words_survive_what_they_were_saved_in(encoding: str) -> None:
    """Text is read from whatever programs save it in, and only the last resort is called a guess."""
    assert decoded("“Né à Pâques”".encode(encoding)) == ("“Né à Pâques”", encoding == "cp1252")
