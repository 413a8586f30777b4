"""Marks: where in a document a benchmark's tables stand, so that a new run can take their place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """The two comments of a document between which tables stand."""

    begin: str
    end: str

    def put(self, document: str, tables: str) -> str:
        """The document with these tables in place of the old. Raises SystemExit when a mark is not there."""
        before, begun, rest = document.partition(self.begin)
        _, ended, after = rest.partition(self.end)
        if not begun or not ended:
            raise SystemExit(f"the document must hold {self.begin} and {self.end}")
        return f"{before}{self.begin}\n{tables}\n{self.end}{after}"
