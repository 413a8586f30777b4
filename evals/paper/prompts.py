"""Prompts: the authors' stimuli from their Python source, parsed and never run.

Only literals are taken: texts, tuples, lists, dictionaries, texts added up, and names of such in the file.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handrail.evals.paper.clone import Clone, listed
from handrail.evals.paper.names import risk_name


@dataclass(frozen=True, slots=True)
class Prompt:
    """A stimulus: what is said (the client first and last), the question, and the right answer to it."""

    condition: str
    id: str
    turns: tuple[str, ...]
    question: str
    right: str


class _Fold(ast.NodeTransformer):
    """Puts literals in the place of names, and joins texts that are added."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._known.get(node.id, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add) and _is_text(left) and _is_text(right):
            return ast.Constant(left.value + right.value)
        return node


def read_prompts(clone: Clone) -> list[Prompt]:
    """The stimuli of a clone; what can't be read without running it is noted."""
    path = clone.prompts()
    text = clone.text(path) if path else None
    if path is None or text is None:
        return []
    try:
        found = parse_prompts(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = []
    if not found:
        clone.notes.append(f"{clone.name(path)}: no stimuli that can be read as literals")
    return found


def parse_prompts(source: str) -> list[Prompt]:
    """The stimuli in Python source. Raises SyntaxError or ValueError where it is no Python."""
    known: dict[str, ast.expr] = {}
    found: list[Prompt] = []
    for node in ast.parse(source).body:
        name, value = _assigned(node)
        if value is None:
            continue
        folded = _Fold(known).visit(value)
        if name:
            known[name] = folded
        if isinstance(folded, ast.Dict):
            found += _prompts_in(folded)
    return found


def _assigned(node: ast.stmt) -> tuple[str | None, ast.expr | None]:
    """The name and the value of an assignment, or of a bare expression."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return None, node.value if isinstance(node, ast.Expr) else None


def _prompts_in(table: ast.Dict) -> list[Prompt]:
    """The stimuli of a dictionary by condition and id; entries that are no literals are passed over."""
    found = []
    for condition, entries in zip(table.keys, table.values, strict=True):
        if not _is_text(condition) or not isinstance(entries, ast.Dict):
            continue
        for key, entry in zip(entries.keys, entries.values, strict=True):
            values, name = _literal(entry), _literal(key)
            if isinstance(values, dict) and "interjection" in values:
                found.append(_prompt(_literal(condition), str(name), values))
    return found


def _prompt(condition: str, name: str, values: Mapping[str, Any]) -> Prompt:
    said = values["interjection"]
    turns = listed(said) or [str(said)]
    question, right = (str(values.get(f"verification_{part}", "")) for part in ("prompt", "correct"))
    return Prompt(risk_name(condition), name, tuple(turns), question, right)


def _literal(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
