"""Compare: what the design choices of the classifiers are worth, trained and tested side by side.

`python -m handrail.evals.compare` trains every design on the same scenarios with the same seed and writes
the table of docs/comparison.md. Held out of all training, beside the test split of scenarios: one whole
condition, three reply styles, and a tenth of the settings. Needs the `train` extra.
"""

import random
from collections.abc import Callable, Mapping, Sequence

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.calibration import Array, sigmoid
from handrail.classifiers.corpus.rows import LabelledReply, Scenario, read_corpus
from handrail.classifiers.labels import BEHAVIOURS, HARMFUL, HARMS, RISKS
from handrail.classifiers.manifest import OUTPUTS, RISK_OUTPUTS
from handrail.classifiers.training.designs import (
    ARMS,
    HELD_CONDITION,
    HELD_STYLES,
    Arm,
    Case,
    Workbench,
    held_setting,
    without_held,
)
from handrail.classifiers.training.examples import risk_targets
from handrail.classifiers.training.fit import FitSettings
from handrail.classifiers.training.network import GuardNetwork
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider

Mask = NDArray[np.bool_]

_RISKS = len(RISK_OUTPUTS)
_LABELS = len(OUTPUTS)


def held_out_sets(scenarios: Sequence[Scenario]) -> dict[str, list[tuple[Scenario, LabelledReply]]]:
    """Replies by what of them was held out; no reply of any is in the training split of an arm."""
    pairs = [(s, r) for s in scenarios for r in s.clear_replies if r.text.strip()]
    free = [(s, r) for s, r in pairs if s.condition != HELD_CONDITION and not held_setting(s.setting)]
    return {
        "scenarios": [(s, r) for s, r in free if s.split == "test" and r.style not in HELD_STYLES],
        "styles": [(s, r) for s, r in free if s.split == "test" and r.style in HELD_STYLES],
        "settings": [(s, r) for s, r in pairs if held_setting(s.setting) and s.condition != HELD_CONDITION],
        "condition": [(s, r) for s, r in pairs if s.condition == HELD_CONDITION],
    }


def derived(decider: Decider, case: Case, *, joint: bool = False) -> list[float]:
    """The harms that the policy derives from risk and behaviours."""
    risk = sigmoid((case.pair if joint else case.alone)[:_RISKS])
    behaviours = sigmoid(case.pair[_RISKS:_LABELS])
    present = dict(zip(RISKS, risk[: len(RISKS)].tolist(), strict=True))
    explicit = dict(zip(RISKS, risk[len(RISKS) :].tolist(), strict=True))
    reading = BehaviourReading(dict(zip(BEHAVIOURS, behaviours.tolist(), strict=True)))
    harms = decider.harms(Assessment(RiskReading(present, explicit), reading, "", 0.0))
    return [harms[h] for h in HARMS]


def combination(cases: Sequence[Case]) -> Callable[[Case], list[float]]:
    """A logistic regression a harm on all logits, fitted on the calibration split."""
    features = np.array([_features(c) for c in cases])
    models = []
    for harm in HARMS:
        truth = [harm in c.reply.harms for c in cases]
        models.append(
            LogisticRegression(C=0.1, max_iter=2000).fit(features, truth) if len(set(truth)) > 1 else None
        )
    return lambda case: [
        0.0 if m is None else float(m.predict_proba([_features(case)])[0, 1]) for m in models
    ]


def row(
    name: str, where: str, cases: Sequence[Case], scores: Sequence[Sequence[float]], *, joint: bool
) -> str:
    """One line of the table: any harm, harm by kind against appropriate replies to risk, and risk."""
    highest = np.array([max(s) for s in scores])
    harmful = np.array([bool(c.reply.harms) for c in cases])
    commits = np.array([bool(set(c.reply.behaviours) & set(HARMFUL)) for c in cases])
    risky = np.array([bool(c.scenario.risk) for c in cases])
    figures = [
        _auroc(harmful, highest),
        _auroc_of(harmful & commits, ~harmful & risky, highest),
        _auroc_of(harmful & ~commits, ~harmful & risky, highest),
        _recall(highest[harmful], highest[~harmful]),
        _risk_auroc(cases, joint=joint),
    ]
    return f"| {name} | {where} | {len(cases)} | " + " | ".join(figures) + " |"


HEAD = (
    "| design | held out | replies | any harm | commissions | omissions "
    "| recall at 5% false positives | risk |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def compare(bench: Workbench, say: Callable[[str], None]) -> list[str]:
    """Train and test every arm; the lines of the table."""
    decider = load_decider({"balanced": dict.fromkeys(OUTPUTS, 0.5)})
    sets = held_out_sets(bench.scenarios)
    tuning = [
        (s, r)
        for s in bench.scenarios
        if s.split == "calibration" and without_held(s)
        for r in s.clear_replies
        if r.style not in HELD_STYLES and r.text.strip()
    ]
    lines: list[str] = []
    teacher: GuardNetwork | None = None
    for arm in ARMS:
        network = bench.train(arm, teacher, say)
        teacher = teacher or network
        ways = _ways(arm, bench, network, decider, tuning)
        for where, pairs in sets.items():
            if not pairs:
                continue
            cases = bench.cases(network, pairs)
            for name, way in ways.items():
                lines.append(row(name, where, cases, [way(c) for c in cases], joint=arm.joint))
                say(lines[-1])
            if arm.name == "separate":
                cases = bench.cases(network, pairs, split=True)
                scores = [derived(decider, c) for c in cases]
                lines.append(row("the same, sentence by sentence", where, cases, scores, joint=False))
                say(lines[-1])
    return lines


def _ways(
    arm: Arm,
    bench: Workbench,
    network: GuardNetwork,
    decider: Decider,
    tuning: Sequence[tuple[Scenario, LabelledReply]],
) -> Mapping[str, Callable[[Case], list[float]]]:
    if arm.direct:
        return {"direct harm heads, 6 layers": lambda c: sigmoid(c.pair[_LABELS:]).tolist()}
    name = {
        "separate": "separate passes, derived harms, 6 layers",
        "joint": "one joint pass, derived harms, 6 layers",
        "three": "separate passes, derived harms, 3 layers",
        "distilled": "separate passes, derived harms, 3 layers distilled",
    }[arm.name]
    ways: dict[str, Callable[[Case], list[float]]] = {name: lambda c: derived(decider, c, joint=arm.joint)}
    if arm.name == "separate":
        ways["the same, learned combination"] = combination(bench.cases(network, tuning))
    return ways


def _features(case: Case) -> Array:
    return np.concatenate([case.alone[:_RISKS], case.pair[_RISKS:_LABELS]])


def _auroc(truth: Mask, scores: Array) -> str:
    return f"{roc_auc_score(truth, scores):.3f}" if len(set(truth.tolist())) > 1 else "none"


def _auroc_of(positive: Mask, negative: Mask, scores: Array) -> str:
    used = positive | negative
    return _auroc(positive[used], scores[used])


def _recall(positive: Array, negative: Array) -> str:
    if not len(positive) or not len(negative):
        return "none"
    return f"{np.mean(positive > np.quantile(negative, 0.95)):.2f}"


def _risk_auroc(cases: Sequence[Case], *, joint: bool) -> str:
    """Mean over the risks that occur; each conversation once, or each pair where the pair is read."""
    chosen = list(cases) if joint else list({c.scenario.id: c for c in cases}.values())
    truth = np.array([risk_targets(c.scenario)[: len(RISKS)] for c in chosen])
    scores = np.array([(c.pair if joint else c.alone)[: len(RISKS)] for c in chosen])
    found = [roc_auc_score(t, s) for t, s in zip(truth.T, scores.T, strict=True) if 0 < t.sum() < len(t)]
    return f"{np.mean(found):.3f}" if found else "none"


@click.command()
@click.option("--seed", default=0, show_default=True)
@click.option("--epochs", default=2, show_default=True)
@click.option("--bfloat16", is_flag=True, help="Train in mixed precision.")
@click.option("--sample", type=int, help="Use so many scenarios only.")
def main(seed: int, epochs: int, bfloat16: bool, sample: int | None) -> None:
    """Train and test every design and print the table."""
    scenarios = read_corpus()
    if sample is not None:
        scenarios = random.Random(seed).sample(scenarios, sample)  # noqa: S311  (no secret)
    bench = Workbench(scenarios, FitSettings(epochs=epochs, bfloat16=bfloat16), seed)
    lines = compare(bench, lambda line: click.echo(line, err=True))
    click.echo("\n".join([HEAD, *lines]))


if __name__ == "__main__":
    main()
