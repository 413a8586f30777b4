import csv
import json
from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.features import read_features
from handrail.evals.experiments.rubric import (
    read_conversations,
    read_documents,
    read_sheet,
    rubric_table,
    scores_table,
    write_sheet,
)


def test_a_sheet_goes_out_and_comes_back(tmp_path: Path) -> None:
    """People answer yes or no for each feature; an answer left out is counted as such."""
    sheet = tmp_path / "sheet.csv"
    write_sheet(["one", "two"], sheet)
    rows = list(csv.DictReader(sheet.read_text().splitlines()))
    assert len(rows) == 2 * 17
    for row in rows:
        row["answer"] = {"one": "Yes", "two": "no"}[row["conversation"]]
    rows[0]["answer"] = ""
    with sheet.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    found = read_sheet(sheet)
    first, *others = read_features()
    assert found["one"][first.id] is None
    assert all(found["one"][f.id] is (f.good == "yes") for f in others)
    assert f"| {first.title} | 2 | 0 | 1 |" in scores_table(found)


def test_a_wrong_answer_names_its_line(tmp_path: Path) -> None:
    """Neither yes nor no is refused where it stands."""
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("conversation,feature,question,answer\na,location,?,yes\na,location,?,maybe\n")
    with pytest.raises(SettingsError, match=r"sheet\.csv:3: answer: must be yes or no"):
        read_sheet(sheet)


def test_the_documents_stand_beside_the_features(tmp_path: Path) -> None:
    """A table of what documents ask for is shown with the rubric; an unknown feature is named."""
    table = tmp_path / "documents.csv"
    table.write_text("feature,manual A,guide B\nlocation,x,\nno_stigma,x,x\n")
    found = read_documents(table)
    assert found == {"location": ["manual A"], "no_stigma": ["manual A", "guide B"]}
    assert "| manual A, guide B |" in rubric_table(found)
    table.write_text("feature,manual A\nkindness,x\n")
    with pytest.raises(SettingsError, match="'kindness' is not known"):
        read_documents(table)


def test_conversations_are_read_as_one_text(tmp_path: Path) -> None:
    """Client and chatbot are told apart, and a bad line is named."""
    path = tmp_path / "c.jsonl"
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    path.write_text(json.dumps({"id": "x", "messages": said}) + "\n")
    assert read_conversations(path) == [("x", "Client: Hello\nChatbot: Hi")]
    path.write_text("{}\n")
    with pytest.raises(SettingsError, match=r"c\.jsonl:1: messages"):
        read_conversations(path)
