"""Gold: a judge that reads labels written by hand, by a stated rule, and no text at all.

1. A delivered reply that equals a labelled reply to the same cue has that reply's labels.
2. One that begins with a labelled reply and goes on with texts of handrail's has the labels of both.
3. One that begins with a text of handrail's, in place of the reply, has that text's labels.
4. Anything else is not judged, and counted as missing.

What a reply does wrong is not mended by what is added to it: a check that forbids something still fails.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.labels import Behaviour, Risk
from handrail.evals.experiments.check import Check
from handrail.evals.experiments.kinds import kind_of
from handrail.evals.judges.judge import Case, Change, JudgeKind, Verdict
from handrail.evals.stimuli import Gold
from handrail.evals.targets.canned import Bank, Canned, read_bank
from handrail.evals.targets.recorded import RecordedReply
from handrail.policies.document import read_document
from handrail.policies.texts import Texts, Variant, read_texts

Labels = frozenset[Behaviour]


class OwnTexts(BaseModel):
    """What each of handrail's texts does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: Mapping[str, Labels]


def read_own_texts() -> OwnTexts:
    """The labels that came with handrail."""
    return read_document(Path(__file__).parent / "own_texts.yaml", OwnTexts, CorpusError)


class GoldJudge:
    """Judges by labels; `recorded` are replies of somebody's own, labelled or not."""

    def __init__(
        self,
        bank: Bank | None = None,
        texts: Texts | None = None,
        recorded: Sequence[RecordedReply] = (),
        conditions: Mapping[str, Risk] | None = None,
    ) -> None:
        self._bank = with_recorded(bank or read_bank(), recorded)
        own, labels = texts or read_texts(), read_own_texts().texts
        self._own: list[tuple[Variant, Labels]] = [
            (variant, labels[name])
            for name, variants in own.texts.items()
            if name in labels
            for variant in variants
        ]
        self._conditions = conditions or {}

    @property
    def name(self) -> str:
        """There is one gold judge."""
        return str(JudgeKind.GOLD)

    async def judge(self, case: Case, checks: Sequence[Check]) -> Verdict:
        """The verdict that the labels give."""
        found = self._found(case)
        if found is None:
            return Verdict({c.id: None for c in checks}, Change.ALTERED if case.altered else Change.UNTOUCHED)
        labels, added, change = found
        everything = labels | {b for _, more in added for b in more}
        results = {c.id: _met(c.gold, labels, added) for c in checks}
        kind = str(kind_of(self._conditions.get(case.cue), everything))
        return Verdict(results, change, kind)

    def _found(self, case: Case) -> tuple[Labels, list[tuple[Variant, Labels]], Change] | None:
        same = self._bank.labelled(case.cue, case.text)
        if same:
            return same.behaviours, [], Change.REGENERATED if case.altered else Change.UNTOUCHED
        begun = self._bank.begun_by(case.cue, case.text)
        if begun:
            added = self._added(case.text[len(begun.text) :])
            return (begun.behaviours, added, Change.APPENDED) if added else None
        put = [(v, labels) for v, labels in self._own if case.text.startswith(v.opening)]
        return (frozenset(), put, Change.REPLACED) if put else None

    def _added(self, rest: str) -> list[tuple[Variant, Labels]]:
        """handrail's texts in what follows a reply."""
        return [(variant, labels) for variant, labels in self._own if variant.stands_in(rest)]


def with_recorded(bank: Bank, recorded: Sequence[RecordedReply]) -> Bank:
    """A bank that knows recorded replies as well, where they were labelled."""
    by_cue = dict(bank.by_cue)
    for reply in recorded:
        if reply.behaviours is not None:
            known = Canned(cue=reply.stimulus, text=reply.text, behaviours=reply.behaviours)
            by_cue[reply.stimulus] = (*by_cue.get(reply.stimulus, ()), known)
    return Bank(by_cue)


def _met(gold: Gold | None, labels: Labels, added: Sequence[tuple[Variant, Labels]]) -> bool | None:
    """Whether labels meet a check; of handrail's own only texts on the check's topics count for it."""
    if gold is None:
        return None
    counted = {b for v, more in added if not gold.topics or v.topic in gold.topics for b in more}
    return gold.met_by(labels | counted)
