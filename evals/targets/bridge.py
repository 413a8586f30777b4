"""Bridge: any model that Inspect can call, as a speaker, so that the guard can stand in front of it.

A model is asked the same thing once only (Inspect's own cache): the guarded arm then meets the very reply
of the bare arm, the comparison is paired, and it costs half.
"""

from collections.abc import Sequence

from inspect_ai.model import (
    CachePolicy,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    get_model,
)

from handrail.evals.targets.server import Said, Spoken, Wanted

_MESSAGES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


class Bridge:
    """Asks Inspect's model of the request's name."""

    def __init__(self, seed: int, *, cache: bool) -> None:
        self._seed = seed
        # The policy's scope keeps apart the runs of different seeds.
        self._cache: bool | CachePolicy = (
            CachePolicy(expiry=None, per_epoch=False, scopes={"seed": str(seed)}) if cache else False
        )
        self._models: dict[str, Model] = {}

    async def speak(self, wanted: Wanted) -> Spoken:
        """The model's reply."""
        if wanted.model not in self._models:
            self._models[wanted.model] = get_model(wanted.model)
        config = GenerateConfig(
            max_tokens=wanted.most_tokens, temperature=wanted.temperature, seed=self._seed
        )
        output = await self._models[wanted.model].generate(
            messages_of(wanted.said), config=config, cache=self._cache
        )
        usage = output.usage
        return Spoken(
            output.completion, usage.input_tokens if usage else 0, usage.output_tokens if usage else 0
        )


def messages_of(said: Sequence[Said]) -> list[ChatMessage]:
    """Messages in Inspect's form."""
    return [_MESSAGES[role](content=words) for role, words in said]
