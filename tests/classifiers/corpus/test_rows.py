import json
from pathlib import Path
from typing import Any

import pytest

from handrail.classifiers.corpus.rows import corpus_hash, read_corpus, split_of
from handrail.classifiers.errors import CorpusError

ROW: dict[str, Any] = {
    "id": "x-1",
    "split": split_of("x-1"),
    "condition": "none",
    "setting": "general assistant",
    "topic": "greeting",
    "messages": [{"role": "user", "content": "hi"}],
    "risk": {},
    "replies": [
        {"text": t, "behaviours": [], "harms": [], "style": "benign_answer", "manner": "other"}
        for t in ("hello", "hey")
    ],
}


def _corpus(tmp_path: Path, *rows: object) -> Path:
    lines = [r if isinstance(r, str) else json.dumps(r) for r in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_the_corpus_is_large_enough_and_sound() -> None:
    """At least 600 scenarios and 2,500 replies, every row of the right form."""
    scenarios = read_corpus()
    assert len(scenarios) >= 600
    assert sum(len(s.replies) for s in scenarios) >= 2500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"condition": "sadness"}, "rows.jsonl:1: condition"),
        ({"risk": {"mania": "huge"}}, "rows.jsonl:1: risk.mania"),
        ({"replies": ROW["replies"][:1]}, "at least 2"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "must be the user's"),
        ({"split": "elsewhere"}, "rows.jsonl:1: split"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """A row that breaks the format is named by file, line and field."""
    with pytest.raises(CorpusError) as raised:
        read_corpus(_corpus(tmp_path, {**ROW, **change}))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{"], "rows.jsonl:1: not JSON"),
        ([ROW, ROW], "two scenarios are called x-1"),
        ([{**ROW, "id": "x-2", "twin_of": "x-1"}, ROW], "twin of x-1, which does not come before it"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, rows: list[object], message: str) -> None:
    """Broken JSON, repeated names and twins without an original are refused."""
    with pytest.raises(CorpusError, match=message):
        read_corpus(_corpus(tmp_path, *rows))


def test_a_folder_without_a_corpus(tmp_path: Path) -> None:
    """An empty folder is no corpus."""
    with pytest.raises(CorpusError, match="no corpus in"):
        read_corpus(tmp_path)


def test_a_row_that_two_readers_label_differently_is_left_out(tmp_path: Path) -> None:
    """Replies with notes are read, but not among the clear ones."""
    replies = [{**ROW["replies"][0], "notes": "either way"}, ROW["replies"][1]]
    (found,) = read_corpus(_corpus(tmp_path, {**ROW, "replies": replies}))
    assert [r.text for r in found.clear_replies] == ["hey"]
    (noted,) = read_corpus(_corpus(tmp_path, {**ROW, "notes": "either way"}))
    assert noted.clear_replies == ()


def test_the_hash_sees_every_byte(tmp_path: Path) -> None:
    """Any change of a corpus file changes the corpus hash."""
    folder = _corpus(tmp_path, ROW)
    before = corpus_hash(folder)
    (folder / "rows.jsonl").write_text((folder / "rows.jsonl").read_text() + "\n")
    assert corpus_hash(folder) != before


def test_splits_have_their_sizes() -> None:
    """Of many families about 70, 15 and 15 in a hundred fall into the three splits."""
    splits = [split_of(f"family-{n}") for n in range(4000)]
    for split, share in (("train", 0.70), ("calibration", 0.15), ("test", 0.15)):
        assert splits.count(split) / 4000 == pytest.approx(share, abs=0.03)
