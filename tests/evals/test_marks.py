import pytest

from handrail.evals import proxy_bench, stream_bench
from handrail.evals.marks import Marks


@pytest.mark.parametrize("marks", [proxy_bench.MARKS, stream_bench.MARKS], ids=["proxy", "stream"])
def test_tables_stand_between_their_marks(marks: Marks) -> None:
    """Tables replace what stood between the marks of a document, and nothing else."""
    document = f"a\n{marks.begin}\nold\n{marks.end}\nz\n"
    assert marks.put(document, "new") == f"a\n{marks.begin}\nnew\n{marks.end}\nz\n"


@pytest.mark.parametrize(
    "document", ["nothing", "<!-- proxy bench --> and no end", "<!-- end of proxy bench -->"]
)
def test_a_document_without_both_marks_is_refused(document: str) -> None:
    """A document that lacks a mark is refused, so that it stays unchanged."""
    with pytest.raises(SystemExit, match="must hold"):
        proxy_bench.MARKS.put(document, "new")
