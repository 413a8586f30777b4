"""Harm-free: one validator for each harm, for use in any Guardrails AI `Guard`.

A reply fails when a rule of the policy that reports the harm fires on it. `fix` gives what the policy would
deliver in its place: the reply with what is missing added, or another text. What the person said comes as
`metadata={"messages": [...]}`, in OpenAI's form; `metadata["locale"]`, such as "en-GB", picks the
crisis services that are named.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from guardrails.validator_base import (
    ErrorSpan,
    FailResult,
    PassResult,
    ValidationResult,
    Validator,
    register_validator,
)

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.exchange import Conversation, Message
from handrail.classifiers.labels import HARMFUL, Harm
from handrail.policies.decision import Decision
from handrail.policies.validators.judge import load_judge
from handrail.policies.validators.progress import LOOKBACK, Progress, forget_progress, progress_of

Metadata = dict[str, Any]
OnFail = str | Callable[[Any, FailResult], Any] | None

_MESSAGES = 'metadata["messages"] must be a list of {"role": "user" or "assistant", "content": text}'


class HarmFree(Validator):
    """What the six have in common. `policy` and `model` are paths; ours where they are not given.

    Raises PolicyError or ModelError, on the first use, when a file can't be used, and ValueError for
    metadata that is no conversation.
    """

    harm: ClassVar[Harm]
    # Without the person's words no risk can be seen, and nearly every harm would pass: so they are asked for.
    required_metadata_keys: ClassVar[list[str]] = ["messages"]

    def __init__(
        self, on_fail: OnFail = None, policy: str | None = None, model: str | None = None, **more: Any
    ) -> None:
        super().__init__(on_fail=on_fail, policy=policy, model=model, **more)
        self._paths = (Path(policy) if policy else None, Path(model) if model else None)

    def _validate(self, value: Any, metadata: Metadata) -> ValidationResult:
        reply = str(value)
        assessment, decision = self._assess(reply, metadata, complete=True)
        if not self._found(decision):
            return PassResult()
        spans = _spans(assessment, decision, 0, len(reply))
        return self._failure(decision, decision.delivered(reply), spans)

    def validate_stream(self, chunk: Any, metadata: Metadata, **more: Any) -> ValidationResult | None:
        """Judge a streamed reply as its sentences end, each with what stands before it; then as a whole.

        Where the policy holds replies back, only as a whole. Gives None while nothing can be judged yet.
        Guardrails says with `remainder` that the reply is complete. An `AsyncGuard` (0.11) never does, and
        loses what a validator holds back at the end: there each piece is judged as it comes, and nothing
        can be said to be missing. Each stream needs a metadata dictionary of its own.
        """
        finished = bool(more.get("remainder", False))
        endless = more.get("context_vars") is not None
        progress = progress_of(metadata, self)
        progress.text += chunk
        if not (finished or endless or (progress.due and not self._holds(metadata))):
            return None
        result = self._advance(progress, metadata, finished=finished)
        if finished:
            forget_progress(metadata, self)
        return result

    def _advance(self, progress: Progress, metadata: Metadata, *, finished: bool) -> ValidationResult:
        start, end = progress.judged, len(progress.text)
        progress.judged = end
        passage = progress.text[start:]
        if progress.replaced:
            return _chunk_of(self._silenced(), passage)
        first = 0 if finished else max(0, start - LOOKBACK)
        assessment, decision = self._assess(progress.text[first:], metadata, complete=finished)
        if not self._found(decision):
            return _chunk_of(PassResult(), passage)
        progress.replaced = decision.replaces
        spans = _spans(assessment, decision, start - first, end - first)
        said = bool(progress.text[:start].strip())
        return _chunk_of(self._failure(decision, _repaired(passage, decision, said), spans), passage)

    def _assess(self, reply: str, metadata: Metadata, *, complete: bool) -> tuple[Assessment, Decision]:
        conversation = conversation_of(metadata)
        judge = load_judge(*self._paths)
        return judge.assess(conversation, reply, metadata.get("locale"), complete=complete)

    def _holds(self, metadata: Metadata) -> bool:
        return load_judge(*self._paths).holds(conversation_of(metadata), metadata.get("locale"))

    def _found(self, decision: Decision) -> bool:
        return any(fired.harm == self.harm for fired in decision.fired)

    def _failure(self, decision: Decision, repaired: str, spans: list[ErrorSpan]) -> FailResult:
        why = " ".join(fired.why for fired in decision.fired if fired.harm == self.harm)
        return FailResult(error_message=f"{self.harm}: {why}", fix_value=repaired, error_spans=spans or None)

    def _silenced(self) -> FailResult:
        return FailResult(error_message=f"{self.harm}: the reply was replaced before this.", fix_value="")


@register_validator(name="handrail/stigma_free", data_type="string")
class StigmaFree(HarmFree):
    """Fails where a reply speaks of people with a mental illness as dangerous, lesser or to be avoided."""

    harm = Harm.STIGMA


@register_validator(name="handrail/crisis_safe", data_type="string")
class CrisisSafe(HarmFree):
    """Fails where a person may be thinking of suicide, and the reply gives means or doesn't respond to it."""

    harm = Harm.CRISIS_MISHANDLING


@register_validator(name="handrail/delusion_safe", data_type="string")
class DelusionSafe(HarmFree):
    """Fails where a reply takes a delusion for fact, or lets it stand."""

    harm = Harm.DELUSION_REINFORCEMENT


@register_validator(name="handrail/hallucination_safe", data_type="string")
class HallucinationSafe(HarmFree):
    """Fails where a reply takes the side of what nobody else hears or sees, or lets it stand."""

    harm = Harm.HALLUCINATION_REINFORCEMENT


@register_validator(name="handrail/mania_safe", data_type="string")
class ManiaSafe(HarmFree):
    """Fails where a person seems high without measure, and the reply spurs them on or doesn't notice."""

    harm = Harm.MANIA_ENABLING


@register_validator(name="handrail/compulsion_safe", data_type="string")
class CompulsionSafe(HarmFree):
    """Fails where a reply serves a compulsion, or doesn't name the pattern."""

    harm = Harm.COMPULSION_ENABLING


def conversation_of(metadata: Metadata) -> Conversation:
    """What was said. Raises ValueError naming the field; system prompts are no part of it."""
    given = metadata.get("messages")
    if not isinstance(given, list | tuple):
        raise ValueError(_MESSAGES)
    return Conversation(tuple(_message(turn) for turn in given if _role(turn) not in {"system", "developer"}))


def _message(turn: Metadata) -> Message:
    content = turn.get("content")
    role = _role(turn)
    if role not in {"user", "assistant"} or not isinstance(content, str):
        raise ValueError(_MESSAGES)
    return Message("user" if role == "user" else "assistant", content)


def _role(turn: object) -> object:
    if not isinstance(turn, dict):
        raise ValueError(_MESSAGES)
    return turn.get("role")


def _chunk_of(result: PassResult | FailResult, passage: str) -> ValidationResult:
    result.validated_chunk = passage
    return result


def _repaired(passage: str, decision: Decision, said: bool) -> str:
    """What is said in place of a passage, when something may have been said before it."""
    if decision.replaces:
        return f"\n\n{decision.text}" if said else decision.text
    return passage + decision.addition


def _spans(assessment: Assessment, decision: Decision, start: int, end: int) -> list[ErrorSpan]:
    """The evidence for harmful behaviours that stands between two places of the reply."""
    harmful = {str(behaviour) for behaviour in HARMFUL}
    found = [s for s in assessment.behaviour.evidence if s.message is None and s.label in harmful]
    return [
        ErrorSpan(start=max(s.start, start) - start, end=min(s.end, end) - start, reason=s.label)
        for s in found
        if decision.replaces and s.end > start and s.start < end
    ]
