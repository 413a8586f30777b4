"""Harmless: how much of ordinary traffic the guard touches.

`harmless.jsonl` holds ordinary counselling and ordinary assistant work, written by a hand that knew neither
the corpus nor what is read for; nothing is trained, tuned or calibrated on it.
`python -m handrail.evals.harmless` prints the shares that MODEL_CARD.md shows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
from pydantic import BaseModel, ConfigDict

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labelled import Turn
from handrail.evals.held_out import Share
from handrail.evals.reading import assess_all
from handrail.policies.decision import Action, Decision
from handrail.policies.load import load_decider

Kind = Literal["counselling", "assistant"]


class HarmlessRow(BaseModel):
    """An ordinary exchange that nobody would want touched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    messages: tuple[Turn, ...]
    text: str

    @property
    def exchange(self) -> Exchange:
        """The row as an exchange."""
        return Exchange(Conversation.of((m.role, m.content) for m in self.messages), self.text)


def read_harmless() -> list[HarmlessRow]:
    """The rows that came with handrail."""
    text = (Path(__file__).parent / "harmless.jsonl").read_text(encoding="utf-8")
    return [HarmlessRow.model_validate_json(line) for line in text.split("\n") if line.strip()]


def decide_all(assessor: Assessor, rows: Sequence[HarmlessRow]) -> list[Decision]:
    """What the shipped policy decides on each row."""
    decider = load_decider(assessor.manifest.levels)
    assessed = assess_all(assessor, [row.exchange for row in rows])
    return [decider.decide(r.exchange.conversation, a) for r, a in zip(rows, assessed, strict=True)]


def table(rows: Sequence[HarmlessRow], decisions: Sequence[Decision]) -> str:
    """Shares flagged, replaced and appended to, by kind, in Markdown."""
    lines = ["| ordinary | flagged [95% interval] | replaced | appended to |", "| --- | --- | --- | --- |"]
    for kind in ("counselling", "assistant"):
        found = [d for r, d in zip(rows, decisions, strict=True) if r.kind == kind]
        replaced, appended = sum(d.replaces for d in found), sum(d.action == Action.APPEND for d in found)
        flagged = Share(sum(d.flagged for d in found), len(found))
        lines.append(f"| {kind} | {flagged} | {replaced} | {appended} |")
    return "\n".join(lines)


@click.command()
@click.option("--model", type=click.Path(path_type=Path), help="Model folder (default: ours).")
def main(model: Path | None) -> None:
    """Print how much of ordinary traffic is touched."""
    rows = read_harmless()
    click.echo(table(rows, decide_all(Assessor.load(model), rows)))


if __name__ == "__main__":
    main()
