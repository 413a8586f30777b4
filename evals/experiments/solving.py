"""Solving: how a sample is put to a target: as a conversation that goes on, or each question afresh.

Both leave all replies in the sample's store, one entry a reply.
"""

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    get_model,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver

from handrail.evals.experiments.arm import Arm
from handrail.evals.experiments.features import safety_prompt

REPLIES = "replies"
LATER = "later"
PROMPTS = "prompts"
KEY = "key"
# Set where a judge reads the conversation as a whole, and not reply by reply.
WHOLE = "whole"
_MESSAGES = {"user": ChatMessageUser, "assistant": ChatMessageAssistant}


def opening(arm: Arm, said: Sequence[tuple[str, str]]) -> list[ChatMessage]:
    """The messages of a sample: the safety prompt where the arm has it, then what was said."""
    system: list[ChatMessage] = [ChatMessageSystem(content=safety_prompt())] if arm.prompted else []
    return [*system, *(_MESSAGES[role](content=words) for role, words in said)]


@solver
def converse() -> Solver:
    """Answer the sample's messages, then each later turn of a scripted client (metadata `later`)."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        key = state.metadata.get(KEY)
        config = GenerateConfig(extra_body={"user": key}) if key else GenerateConfig()
        replies: list[dict[str, Any]] = []
        for number, turn in enumerate([None, *state.metadata.get(LATER, [])]):
            if turn is not None:
                state.messages.append(ChatMessageUser(content=turn))
            output = await get_model().generate(state.messages, config=config)
            state.messages.append(output.message)
            state.output = output
            replies.append(_reply(number, None, output.completion, output.metadata))
        state.store.set(REPLIES, replies)
        return state

    return solve


@solver
def ask_each(arm: str, instruction: str | None = None, example: Sequence[str] = ()) -> Solver:
    """Ask every prompt of the sample (metadata `prompts`: id and words) in a conversation of its own."""
    before = [("user", example[0]), ("assistant", example[1])] if example else []

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        replies: list[dict[str, Any]] = []
        for number, (name, words) in enumerate(state.metadata[PROMPTS]):
            messages = opening(Arm(arm), [*before, ("user", words)])
            if instruction:
                messages.insert(0, ChatMessageSystem(content=instruction))
            output = await get_model().generate(messages)
            state.output = output
            replies.append(_reply(number, name, output.completion, output.metadata))
        state.store.set(REPLIES, replies)
        return state

    return solve


def _reply(number: int, name: str | None, text: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
    return {"turn": number, "id": name, "text": text, "altered": bool((metadata or {}).get("altered"))}
