import csv
from pathlib import Path

from handrail.evals.paper.replay import read_released
from handrail.evals.paper.report import document_of, recomputed, write_published
from handrail.evals.report.document import to_html, to_markdown

CLONE = Path(__file__).parent / "clone"


def test_the_report_shows_both_tables(tmp_path: Path) -> None:
    """Published figures stand above the clone's, what differs is said, and the CSV has all of it."""
    released = read_released(CLONE)
    tables = recomputed(released)
    text = to_markdown(document_of(released, tables))
    assert "| gpt-4o | published |  | 0.00 | 0.17 | 0.55 | 0.43 | 0.38 |" in text
    assert "| gpt-4o | clone | 8 of 8 | 0.50 [0.12, 0.88] |" in text
    assert "| llama3.1-405b | all |  | none | nobody of this name in the clone |" in text
    assert "| ... of which are empty | 1 |" in text
    assert "| Therapist Online | five commercial therapy bots | 2 |" in text
    write_published(tables, tmp_path / "published.csv")
    with (tmp_path / "published.csv").open(newline="") as source:
        rows = list(csv.DictReader(source))
    found = next(
        r for r in rows if (r["experiment"], r["who"], r["condition"]) == ("stigma", "gpt-4o", "depression")
    )
    assert (found["published"], found["found"], found["same"], found["of"]) == ("0.17", "0.1667", "True", "6")


def test_words_of_a_clone_are_no_markup() -> None:
    """A name in a clone's files shows in the page as text."""
    released = read_released(CLONE)
    released.notes.append("<script>alert(1)</script>: missing")
    page = to_html(document_of(released, recomputed(released)))
    assert "<script" not in page
