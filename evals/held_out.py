"""Held-out: what a model and the shipped policy find on what the model was never trained or tuned on.

`python -m handrail.evals.held_out` writes the tables that MODEL_CARD.md shows: for the corpus's test
split, whose writers are those of the training split, so that its figures flatter; and for the ten
situations of the published experiment with replies of our own writing, which no training has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from sklearn.metrics import roc_auc_score

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.corpus.rows import LabelledReply, Scenario, corpus_folder, read_corpus, read_file
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import HARMFUL, HARMS, Harm
from handrail.classifiers.manifest import Manifest
from handrail.evals.reading import assess_all
from handrail.evals.situations import Situation, read_situations
from handrail.policies.decision import Action, Decision
from handrail.policies.load import load_decider
from handrail.policies.source import read_policy

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled reply, its context, and what was decided about it."""

    scenario: Scenario | Situation
    reply: LabelledReply
    decision: Decision

    @property
    def commission(self) -> bool:
        """Whether the reply does something harmful, not only leaves something out."""
        return bool(set(self.reply.behaviours) & set(HARMFUL))


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its 95% Wilson score interval (Wilson, 1927)."""

    hits: int
    of: int

    def __str__(self) -> str:
        if not self.of:
            return "none"
        low, high = self.interval
        return f"{self.hits / self.of:.2f} [{low:.2f}, {high:.2f}] of {self.of}"

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        p, n = self.hits / self.of, self.of
        centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        reach = _Z * np.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
        return float(centre - reach), float(centre + reach)


def judge_split(assessor: Assessor, split: str = "test") -> list[Judged]:
    """Judge every clear reply of a split with the shipped policy."""
    return judge(assessor, [s for s in read_corpus() if s.split == split])


def judge(assessor: Assessor, contexts: Sequence[Scenario | Situation]) -> list[Judged]:
    """Judge every clear reply to some conversations with the shipped policy."""
    decider = load_decider(assessor.manifest.levels)
    pairs = [(s, r) for s in contexts for r in s.clear_replies]
    assessed = assess_all(assessor, [Exchange(s.conversation, r.text) for s, r in pairs])
    return [
        Judged(s, r, decider.decide(s.conversation, a)) for (s, r), a in zip(pairs, assessed, strict=True)
    ]


def auroc(judged: Sequence[Judged], harm: Harm) -> float | None:
    """Area under the ROC curve of a harm's probability; None where one class is absent."""
    truth = [harm in j.reply.harms for j in judged]
    if len(set(truth)) < 2:
        return None
    return float(roc_auc_score(truth, [j.decision.harms[harm] for j in judged]))


def summary(judged: Sequence[Judged]) -> list[tuple[str, Share]]:
    """The rates that matter: harm found, by kind, and harmless replies touched, by kind of context."""
    commissions = [j for j in judged if j.reply.harms and j.commission]
    omissions = [j for j in judged if j.reply.harms and not j.commission]
    appropriate = [j for j in judged if not j.reply.harms and j.scenario.risk]
    benign = [j for j in judged if not j.reply.harms and not j.scenario.risk]
    return [
        ("harmful commissions flagged", _flagged(commissions)),
        ("harmful commissions replaced", _replaced(commissions)),
        ("harmful omissions flagged", _flagged(omissions)),
        ("appropriate replies to risk replaced", _replaced(appropriate)),
        ("appropriate replies to risk appended to", _appended(appropriate)),
        ("harmless replies without risk flagged", _flagged(benign)),
    ]


def table(judged: Sequence[Judged]) -> str:
    """Both tables in Markdown."""
    lines = ["| harm | AUROC | found |", "| --- | --- | --- |"]
    for harm in HARMS:
        found = [j for j in judged if harm in j.reply.harms]
        area = auroc(judged, harm)
        named = sum(harm in {f.harm for f in j.decision.fired} for j in found)
        lines.append(f"| {harm} | {'none' if area is None else f'{area:.3f}'} | {Share(named, len(found))} |")
    lines += ["", "| what | share [95% interval] |", "| --- | --- |"]
    lines += [f"| {name} | {share} |" for name, share in summary(judged)]
    return "\n".join(lines)


def by_group(judged: Sequence[Judged]) -> str:
    """Harmful replies flagged and harmless ones touched, by condition, manner and style, in Markdown."""
    lines = ["| group | harmful flagged | harmless touched |", "| --- | --- | --- |"]
    groups: dict[str, list[Judged]] = {}
    for j in judged:
        for name in _groups(j):
            groups.setdefault(name, []).append(j)
    for name in sorted(groups):
        harmful = [j for j in groups[name] if j.reply.harms]
        harmless = [j for j in groups[name] if not j.reply.harms]
        lines.append(f"| {name} | {_flagged(harmful)} | {_flagged(harmless)} |")
    return "\n".join(lines)


def by_label(manifest: Manifest) -> str:
    """What the manifest says of each label, in Markdown."""
    names = ("auroc", "ece", "recall", "false_positive_rate", "positives", "negatives")
    lines = ["| label | " + " | ".join(n.replace("_", " ") for n in names) + " |", "| --- " * 7 + "|"]
    for label in manifest.labels:
        found = manifest.metrics[label]
        lines.append(f"| {label} | " + " | ".join(str(found[n]) for n in names) + " |")
    return "\n".join(lines)


def report(assessor: Assessor, judged: Sequence[Judged]) -> str:
    """All that MODEL_CARD.md shows of a model's figures on the test split."""
    head = f"Model {assessor.version}, policy {read_policy().hash}, test split of the corpus."
    return "\n\n".join([head, table(judged), by_group(judged), by_label(assessor.manifest)])


def situations_report(judged: Sequence[Judged]) -> str:
    """What is found of the replies to the ten situations, in all and one by one, in Markdown."""
    head = "Ten situations of the published experiment in our own words, replies of our own writing."
    lines = ["| what | share [95% interval] |", "| --- | --- |"]
    lines += [f"| {name} | {share} |" for name, share in summary(judged) if share.of]
    risky = [j for j in judged if j.scenario.risk]
    lines.append(f"| AUROC, commissions against appropriate replies | {kind_auroc(risky, commission=True)} |")
    lines.append(f"| AUROC, omissions against appropriate replies | {kind_auroc(risky, commission=False)} |")
    return "\n\n".join([head, "\n".join(lines), by_group(judged)])


def kind_auroc(judged: Sequence[Judged], *, commission: bool) -> str:
    """Area under the curve of the likeliest harm, for one kind of failure against appropriate replies."""
    used = [j for j in judged if not j.reply.harms or j.commission == commission]
    scores = [max(j.decision.harms.values()) for j in used]
    return f"{roc_auc_score([bool(j.reply.harms) for j in used], scores):.3f}"


def _groups(judged: Judged) -> tuple[str, ...]:
    """The groups that a reply counts in."""
    names = (f"condition {judged.scenario.condition}", f"manner {judged.reply.manner}")
    if isinstance(judged.scenario, Situation):
        return (*names, f"situation {judged.scenario.id}")
    return (*names, f"style {judged.reply.style}")


def _flagged(judged: Sequence[Judged]) -> Share:
    return Share(sum(j.decision.flagged for j in judged), len(judged))


def _replaced(judged: Sequence[Judged]) -> Share:
    """Those that the person does not see as written, whether asked for once more or not."""
    return Share(sum(j.decision.replaces for j in judged), len(judged))


def _appended(judged: Sequence[Judged]) -> Share:
    return Share(sum(j.decision.action == Action.APPEND for j in judged), len(judged))


@click.command()
@click.option("--model", type=click.Path(path_type=Path), help="Model folder (default: ours).")
@click.option("--files", help="Only corpus files whose names match this pattern, such as 'real_*'.")
def main(model: Path | None, files: str | None) -> None:
    """Print the tables for a model."""
    assessor = Assessor.load(model)
    if files:
        chosen = {s.id for path in corpus_folder().glob(f"{files}.jsonl") for s in read_file(path)}
        split = [s for s in read_corpus() if s.id in chosen and s.split == "test"]
        click.echo(report(assessor, judge(assessor, split)))
        return
    click.echo(report(assessor, judge_split(assessor)) + "\n")
    click.echo(situations_report(judge(assessor, read_situations())))


if __name__ == "__main__":
    main()
