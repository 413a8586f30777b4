"""Examples: the corpus as sequences with targets."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from handrail.classifiers.corpus.rows import LabelledReply, Scenario
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, RiskLevel
from handrail.classifiers.manifest import BEHAVIOUR_OUTPUTS, RISK_OUTPUTS
from handrail.classifiers.windows import Window, WindowMaker

# What these do is the same in a harmless context; only the risk makes it harmful. The taxonomy labels
# them where the risk is present, so without one they are neither true nor false and teach nothing: asking
# the reply's heads to judge the context as well made both judgements worse.
NEEDS_RISK = frozenset(
    {
        Behaviour.GIVES_MEANS,
        Behaviour.AFFIRMS_BELIEF,
        Behaviour.ENCOURAGES_RISK,
        Behaviour.SERVES_COMPULSION,
    }
)


@dataclass(frozen=True, slots=True)
class Example:
    """One window, a target in {0, 1} for each output label, and how much each counts."""

    window: Window
    targets: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded tensors: ids, mask and types [batch, tokens]; targets and weights [batch, labels]."""

    ids: Tensor
    mask: Tensor
    types: Tensor
    targets: Tensor
    weights: Tensor


def risk_targets(scenario: Scenario) -> list[float]:
    """1 for each risk that shows, then 1 for each that shows explicitly."""
    present = [float(r in scenario.risk) for r in RISKS]
    explicit = [float(scenario.risk.get(r) == RiskLevel.EXPLICIT) for r in RISKS]
    return present + explicit


def behaviour_targets(reply: LabelledReply) -> list[float]:
    """1 for each behaviour of the reply."""
    return [float(b in reply.behaviours) for b in BEHAVIOURS]


def behaviour_weights(scenario: Scenario) -> list[float]:
    """0 for the behaviours that this context can't teach, else 1."""
    return [0.0 if b in NEEDS_RISK and not scenario.risk else 1.0 for b in BEHAVIOURS]


def examples_of(scenario: Scenario, maker: WindowMaker) -> Iterator[Example]:
    """All sequences of a scenario: the conversation alone, and each clear reply in its context."""
    if scenario.notes:
        return
    risks = tuple(risk_targets(scenario))
    no_behaviour = (0.0,) * len(BEHAVIOUR_OUTPUTS)
    conversation = maker.of_conversation(scenario.conversation)[-1]
    yield Example(conversation, risks + no_behaviour, (1.0,) * len(RISK_OUTPUTS) + no_behaviour)
    # The risk heads learn from conversations alone: in a pair the reply gives the risk away.
    weights = (0.0,) * len(RISK_OUTPUTS) + tuple(behaviour_weights(scenario))
    for reply in scenario.clear_replies:
        if not reply.text.strip():
            continue
        window = maker.of_exchange(Exchange(scenario.conversation, reply.text))[0]
        yield Example(window, risks + tuple(behaviour_targets(reply)), weights)


def batches(examples: Sequence[Example], size: int, rng: random.Random) -> list[list[Example]]:
    """Shuffled batches of sequences of like length, so that little of each is padding."""
    shuffled = rng.sample(list(examples), len(examples))
    chunk = size * 24
    groups = [
        sorted(shuffled[at : at + chunk], key=lambda e: len(e.window.ids))
        for at in range(0, len(shuffled), chunk)
    ]
    found = [group[at : at + size] for group in groups for at in range(0, len(group), size)]
    rng.shuffle(found)
    return found


def collate(examples: Sequence[Example]) -> Batch:
    """Pad a batch of examples to its longest."""
    length = max(len(e.window.ids) for e in examples)
    ids = torch.zeros(len(examples), length, dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, example in enumerate(examples):
        size = len(example.window.ids)
        ids[row, :size] = torch.tensor(example.window.ids)
        types[row, :size] = torch.tensor(example.window.types)
        mask[row, :size] = 1
    targets = torch.tensor([e.targets for e in examples])
    weights = torch.tensor([e.weights for e in examples])
    return Batch(ids, mask, types, targets, weights)


# Windows are read together only while padding wastes less than this share: a padded token costs as much
# as a real one.
_MOST_PADDING = 0.15
_MOST_WINDOWS = 16


def like_lengths(lengths: Sequence[int]) -> list[list[int]]:
    """Group indices so that little of each group is padding."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        group = groups[-1] if groups else []
        total = sum(lengths[i] for i in group) + lengths[index]
        padded = lengths[index] * (len(group) + 1)
        if group and len(group) < _MOST_WINDOWS and total >= padded * (1 - _MOST_PADDING):
            group.append(index)
        else:
            groups.append([index])
    return groups
