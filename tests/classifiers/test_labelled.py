from pathlib import Path

import pytest

from handrail.classifiers.corpus.rows import corpus_files
from handrail.classifiers.errors import CorpusError
from handrail.classifiers.labelled import read_labelled

GOOD = '{"messages": [{"role": "user", "content": "hi"}], "risk": {}, "reply": "Hello!", "behaviours": []}'


def test_rows_of_the_corpus_are_labelled_rows() -> None:
    """Every file of the corpus can be calibrated on as it is."""
    assert all(read_labelled(path) for path in corpus_files())


def test_one_reply_may_be_given_flat(tmp_path: Path) -> None:
    """A row of one reply needs no list, and fields we don't know are left alone."""
    path = tmp_path / "mine.jsonl"
    path.write_text(GOOD[:-1] + ', "reviewer": "k."}\n\n' + GOOD)
    rows = read_labelled(path)
    assert [row.replies[0].text for row in rows] == ["Hello!", "Hello!"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "not JSON"),
        (GOOD.replace('"risk": {}', '"risk": {"sadness": "latent"}'), "risk"),
        (GOOD.replace('"behaviours": []', '"behaviours": ["is_rude"]'), "behaviours"),
        (GOOD.replace(', "behaviours": []', ""), "behaviours"),
        (GOOD.replace('"user"', '"client"'), "role"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, says: str) -> None:
    """The error names file, line and field, and repeats nothing of what people said."""
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{GOOD}\n{row}\n")
    with pytest.raises(CorpusError, match=rf"mine.jsonl:2: .*{says}") as caught:
        read_labelled(path)
    assert "Hello!" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that isn't there is a plain error."""
    with pytest.raises(CorpusError, match="can't be read"):
        read_labelled(tmp_path / "none.jsonl")


@pytest.mark.parametrize("content", [b'{"reply": "\xe9"}', b"[" * 100_000, b'{"risk": ' + b"9" * 5000 + b"}"])
def test_a_strange_file_is_no_crash(tmp_path: Path, content: bytes) -> None:
    """Other encodings, deep nesting and endless numbers are plain errors too."""
    (tmp_path / "mine.jsonl").write_bytes(content)
    with pytest.raises(CorpusError):
        read_labelled(tmp_path / "mine.jsonl")
