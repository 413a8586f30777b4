"""Assessor: exchanges in, assessments out, on the calling thread."""

import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from handrail.classifiers.assessment import NO_BEHAVIOUR, Assessment, BehaviourReading, RiskReading, Span
from handrail.classifiers.encoder import Encoder, Reading
from handrail.classifiers.errors import ModelError
from handrail.classifiers.evidence import span_of
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour
from handrail.classifiers.manifest import (
    BEHAVIOUR_OUTPUTS,
    EXPLICIT,
    MODEL_NAME,
    SIEVE_NAME,
    TOKENIZER_NAME,
    Manifest,
    load_manifest,
)
from handrail.classifiers.normalise import normalise
from handrail.classifiers.sieve import Sieve
from handrail.classifiers.windows import Filled, Window, WindowMaker


def default_model_folder() -> Path:
    """Where the model that came with handrail lies."""
    return Path(str(files("handrail.classifiers"))) / "model"


class Assessor:
    """One loaded model. Thread-safe: any number of threads may call it at once.

    `cut_*`, `encoder` and `join_*` are the three steps of an assessment, apart so that a scheduler may run
    the windows of many requests in turns.
    """

    def __init__(
        self, manifest: Manifest, encoder: Encoder, tokenizer: Tokenizer, sieve: Sieve | None = None
    ) -> None:
        self.manifest = manifest
        self._sieve = sieve
        self.encoder = encoder
        self._windows = WindowMaker(tokenizer, manifest.limits)
        self._columns = {label: at for at, label in enumerate(manifest.labels)}
        self._temperature = np.array([manifest.temperature[n] for n in manifest.labels], dtype=np.float32)

    @classmethod
    def load(cls, folder: Path | None = None) -> "Assessor":
        """Load and verify the model in a folder, by default the one that came with handrail.

        Raises ModelError when a file is missing, altered or unusable.
        """
        folder = folder or default_model_folder()
        manifest = load_manifest(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_NAME))
        except Exception as error:
            raise ModelError(f"tokenizer {folder / TOKENIZER_NAME} can't be loaded") from error
        sieve = Sieve.load(folder / SIEVE_NAME) if SIEVE_NAME in manifest.files else None
        return cls(manifest, Encoder(folder / MODEL_NAME), tokenizer, sieve)

    @property
    def version(self) -> str:
        """The model's version."""
        return self.manifest.version

    def assess(self, exchanges: Sequence[Exchange]) -> list[Assessment]:
        """Assess exchanges in full, in the order given."""
        return [self._assess(e) for e in exchanges]

    def _assess(self, exchange: Exchange) -> Assessment:
        began = time.perf_counter()
        risk, behaviour = self.read_risk(exchange.conversation), self.read_behaviour(exchange)
        return Assessment(risk, behaviour, self.version, time.perf_counter() - began)

    def read_risk(self, conversation: Conversation) -> RiskReading:
        """Read what a conversation signals."""
        windows = self.cut_conversation(conversation)
        return self.join_risk(windows, [self.encoder.read(w) for w in windows])

    def read_behaviour(self, exchange: Exchange) -> BehaviourReading:
        """Read what a reply does."""
        windows = self.cut_exchange(exchange)
        return self.join_behaviour(windows, [self.encoder.read(w) for w in windows])

    def ruled_out(self, windows: Sequence[Window], wanted: frozenset[Behaviour]) -> bool:
        """Whether the sieve rules out, unread, every behaviour that is wanted of a reply's windows."""
        return self._sieve is not None and self.sieves(wanted) and not self._sieve.passes(windows)

    def sieves(self, wanted: frozenset[Behaviour]) -> bool:
        """Whether the sieve may rule out all that is wanted."""
        return self._sieve is not None and wanted <= {Behaviour.STIGMATISES}

    def cut_conversation(self, conversation: Conversation) -> list[Window]:
        """The windows a reading of risk needs; none where nobody has said anything."""
        if not any(readable(text) for text in conversation.said_by("user")):
            return []
        return self._windows.of_conversation(conversation)

    def cut_exchange(self, exchange: Exchange) -> list[Window]:
        """The windows a reading of behaviour needs; none where the reply says nothing.

        A reply without a single letter or digit does nothing, by rule: a model's guess about "!!!" would
        be worth less.
        """
        if not readable(exchange.reply):
            return []
        return self._windows.of_exchange(exchange)

    def cut_filled(self, conversation: Conversation, text: str, base: int, skip: int) -> Filled | None:
        """The first full window of a reply that is still being written: see `WindowMaker.filled`."""
        return self._windows.filled(conversation, text, base, skip)

    def join_risk(self, windows: Sequence[Window], readings: Sequence[Reading]) -> RiskReading:
        """Make one reading of risk from those of all windows: the highest of each label counts."""
        if not windows:
            nothing = dict.fromkeys(RISKS, 0.0)
            return RiskReading(nothing, nothing)
        found = self._probabilities(readings)
        present = {r: found[r] for r in RISKS}
        explicit = {r: min(found[r], found[r + EXPLICIT]) for r in RISKS}
        return RiskReading(present, explicit, self._evidence(windows, readings, found, tuple(RISKS)))

    def join_behaviour(self, windows: Sequence[Window], readings: Sequence[Reading]) -> BehaviourReading:
        """Make one reading of behaviour from those of all windows: the highest of each label counts."""
        if not windows:
            return BehaviourReading(NO_BEHAVIOUR)
        found = self._probabilities(readings)
        evidence = self._evidence(windows, readings, found, BEHAVIOUR_OUTPUTS)
        return BehaviourReading({b: found[b] for b in BEHAVIOURS}, evidence)

    def _probabilities(self, readings: Sequence[Reading]) -> dict[str, float]:
        """The calibrated probability of each label in the window where it is highest."""
        logits = np.max([r.logits for r in readings], axis=0).astype(np.float64)
        best = 1 / (1 + np.exp(-logits / self._temperature))
        return dict(zip(self.manifest.labels, best.tolist(), strict=True))

    def _evidence(
        self,
        windows: Sequence[Window],
        readings: Sequence[Reading],
        found: Mapping[str, float],
        labels: Sequence[str],
    ) -> tuple[Span, ...]:
        spans = []
        for label in labels:
            if found[label] >= self.manifest.thresholds[label]:
                column = self._columns[label]
                best = int(np.argmax([r.logits[column] for r in readings]))
                spans.append(span_of(label, windows[best], readings[best].evidence[:, column]))
        return tuple(s for s in spans if s is not None)


def readable(text: str) -> bool:
    """Whether a text has a single letter or digit in it, once its disguises are off."""
    return any(c.isalnum() for c in text) or any(c.isalnum() for c in normalise(text).text)
