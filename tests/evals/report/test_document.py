from pathlib import Path

from handrail.evals.report.document import (
    Document,
    Figure,
    Section,
    Table,
    Words,
    to_html,
    to_markdown,
    write_document,
)

DOCUMENT = Document(
    "A <report>",
    [
        Section(
            "One & two",
            [Words("<b>not bold</b>"), Table(["a|b"], [["<script>"]]), Figure("f", "seen", "<?xml?><svg/>")],
        )
    ],
)


def test_nothing_in_a_report_can_run_or_call_out() -> None:
    """Whatever stands in a name or an answer is shown as text, and the page may load nothing."""
    page = to_html(DOCUMENT)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert "<svg/>" in page


def test_markdown_keeps_its_columns() -> None:
    """A bar in a cell does not split it."""
    assert "| a\\|b |" in to_markdown(DOCUMENT)


def test_a_report_is_one_page_and_a_summary(tmp_path: Path) -> None:
    """The page, the summary and each figure are written."""
    write_document(DOCUMENT, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"report.html", "summary.md", "f.svg"}
