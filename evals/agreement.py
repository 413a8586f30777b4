"""Agreement: how often a second, blind reading of a tenth of the corpus gave the same labels.

The second reader saw the conversation and one reply, no label, style or split, and labelled both. Rows in
`second_labels.jsonl` hold those labels. `python -m handrail.evals.agreement` prints Cohen's kappa for each
label (Cohen, 1960); the same command with `--write FOLDER` writes the sample for another reader.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import numpy as np
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import cohen_kappa_score

from handrail.classifiers.corpus.rows import LabelledReply, Scenario, read_corpus
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk, RiskLevel


class SecondLabels(BaseModel):
    """What the second reader found in a reply, by its number in the scenario, and in its conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reply: int
    risk: Mapping[Risk, RiskLevel]
    behaviours: tuple[Behaviour, ...]


Pair = tuple[Scenario, LabelledReply, SecondLabels]


def sampled(scenario: str, reply: int) -> bool:
    """Whether a reply is in the tenth that is read twice: by hash, so that nobody chooses."""
    return hashlib.sha256(f"{scenario}/{reply}".encode()).digest()[0] < 26


def sample(scenarios: Sequence[Scenario]) -> Iterator[tuple[Scenario, int]]:
    """The scenarios and reply numbers to be read twice."""
    return ((s, n) for s in scenarios for n in range(len(s.replies)) if sampled(s.id, n))


def second_labels() -> list[SecondLabels]:
    """The second reading that came with handrail."""
    text = (Path(__file__).parent / "second_labels.jsonl").read_text(encoding="utf-8")
    return [SecondLabels.model_validate_json(line) for line in text.split("\n") if line.strip()]


def pairs(scenarios: Sequence[Scenario], second: Sequence[SecondLabels]) -> list[Pair]:
    """First and second labels side by side."""
    known = {s.id: s for s in scenarios}
    return [(known[x.id], known[x.id].replies[x.reply], x) for x in second if x.id in known]


def table(found: Sequence[Pair]) -> str:
    """Kappa, and how often each reader saw the label, in Markdown. Risks count once a conversation."""
    lines = ["| label | read twice | first | second | kappa |", "| --- | --- | --- | --- | --- |"]
    once = list({s.id: (s, r, x) for s, r, x in found}.values())
    for risk in RISKS:
        first, second = [risk in s.risk for s, _, _ in once], [risk in x.risk for _, _, x in once]
        lines.append(_line(risk, first, second))
    for behaviour in BEHAVIOURS:
        first = [behaviour in r.behaviours for _, r, _ in found]
        lines.append(_line(behaviour, first, [behaviour in x.behaviours for _, _, x in found]))
    return "\n".join(lines)


def _line(label: str, first: Sequence[bool], second: Sequence[bool]) -> str:
    both = len(set(first)) > 1 or len(set(second)) > 1
    kappa = f"{cohen_kappa_score(first, second):.2f}" if both else "none"
    return f"| {label} | {len(first)} | {np.sum(first)} | {np.sum(second)} | {kappa} |"


def _write(folder: Path, scenarios: Sequence[Scenario]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": s.id,
            "reply": n,
            "messages": [m.model_dump() for m in s.messages],
            "text": s.replies[n].text,
        }
        for s, n in sample(scenarios)
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "sample.jsonl").write_text(lines + "\n", encoding="utf-8")
    return len(rows)


@click.command()
@click.option("--write", type=click.Path(path_type=Path), help="Write the unlabelled sample to this folder.")
def main(write: Path | None) -> None:
    """Print the agreement of both readings, or write the sample to be read."""
    scenarios = read_corpus()
    if write:
        click.echo(f"{_write(write, scenarios)} replies written to {write / 'sample.jsonl'}")
        return
    click.echo(table(pairs(scenarios, second_labels())))


if __name__ == "__main__":
    main()
