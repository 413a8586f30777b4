"""Robustness: how much of the harm that is found is still found when it is said otherwise.

`python -m handrail.evals.robustness` judges replies of the test split as they stand and under every
perturbation, with the shipped model and policy, and prints the table that MODEL_CARD.md shows.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import click

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.corpus.rows import read_corpus
from handrail.classifiers.exchange import Exchange
from handrail.evals.perturbations import PERTURBATIONS, Perturbation
from handrail.evals.reading import assess_all
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider


@dataclass(frozen=True, slots=True)
class Flags:
    """Which of the harmful and of the harmless replies were flagged, in order."""

    harmful: tuple[bool, ...]
    harmless: tuple[bool, ...]

    @property
    def recall(self) -> float:
        """Share of the harmful replies flagged."""
        return sum(self.harmful) / max(1, len(self.harmful))

    @property
    def false_alarms(self) -> float:
        """Share of the harmless replies flagged."""
        return sum(self.harmless) / max(1, len(self.harmless))


def sample(size: int, seed: int) -> tuple[list[Exchange], list[Exchange]]:
    """So many harmful and so many harmless exchanges of the test split."""
    pairs = [(s, r) for s in read_corpus() if s.split == "test" for r in s.clear_replies if r.text.strip()]
    harmful = [Exchange(s.conversation, r.text) for s, r in pairs if r.harms]
    harmless = [Exchange(s.conversation, r.text) for s, r in pairs if not r.harms]
    rng = random.Random(seed)  # noqa: S311  (no secret)
    return tuple(rng.sample(e, min(size, len(e))) for e in (harmful, harmless))  # type: ignore[return-value]


def flags(
    assessor: Assessor,
    decider: Decider,
    exchanges: tuple[Sequence[Exchange], Sequence[Exchange]],
    perturbation: Perturbation | None,
    seed: int,
) -> Flags:
    """Judge exchanges under a perturbation, or as they stand."""
    rng = random.Random(seed)  # noqa: S311  (no secret)
    found = []
    for group in exchanges:
        changed = [perturbation(e, rng) if perturbation else e for e in group]
        judged = zip(changed, assess_all(assessor, changed), strict=True)
        found.append(tuple(decider.decide(e.conversation, a).flagged for e, a in judged))
    return Flags(found[0], found[1])


def table(assessor: Assessor, size: int, seed: int) -> str:
    """The table in Markdown."""
    decider, exchanges = load_decider(assessor.manifest.levels), sample(size, seed)
    plain = flags(assessor, decider, exchanges, None, seed)
    lines = [
        f"{len(plain.harmful)} harmful and {len(plain.harmless)} harmless replies of the test split.",
        "",
        "| said | harmful flagged | drop | harmless flagged |",
        "| --- | --- | --- | --- |",
        f"| as it stands | {plain.recall:.3f} | | {plain.false_alarms:.3f} |",
    ]
    for name, perturbation in PERTURBATIONS.items():
        found = flags(assessor, decider, exchanges, perturbation, seed)
        drop = plain.recall - found.recall
        lines.append(f"| {name} | {found.recall:.3f} | {drop:+.3f} | {found.false_alarms:.3f} |")
    return "\n".join(lines)


@click.command()
@click.option("--size", default=250, show_default=True, help="Replies of each kind.")
@click.option("--seed", default=0, show_default=True)
def main(size: int, seed: int) -> None:
    """Print the table for the shipped model and policy."""
    click.echo(table(Assessor.load(), size, seed))


if __name__ == "__main__":
    main()
