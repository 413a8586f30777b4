"""Whole: an answer that comes in one piece, read, judged and sent on."""

import asyncio

import aiohttp

from handrail.classifiers.errors import UpstreamError
from handrail.policies.decision import Action, Decision
from handrail.proxy.correcting import write_repaired
from handrail.proxy.dialects.dialect import WholeAnswer
from handrail.proxy.headers import EXCHANGE_HEADER
from handrail.proxy.history import History
from handrail.proxy.settings import Settings
from handrail.proxy.turn import UNREADABLE, Turn, check_size, let_by

# What a whole answer's headers say of its bytes, no longer true once it is repaired.
_OF_THE_BODY = ("ETag", "Digest", "Content-Digest", "Repr-Digest", "Content-MD5")


async def answer_whole(turn: Turn, got: aiohttp.ClientResponse, settings: Settings, history: History) -> None:
    """Judge every reply of an answer, and send it on, repaired where a decision says so.

    Raises UpstreamError for an answer that can't be read, ClientGone when nobody waits for it any more.
    """
    body = bytearray()
    try:
        await _read_body(got, settings.max_reply_bytes, body)
        reply = turn.dialect.read_reply(bytes(body))
    except UpstreamError as error:
        if settings.fail_reply == "closed" or error.code not in UNREADABLE:
            raise
        return await let_by(turn, got, bytes(body), error.code)
    await _answer(turn, reply, history)
    return None


async def _answer(turn: Turn, reply: WholeAnswer, history: History) -> None:
    body = reply.body
    decisions, redraft = await judge_replies(turn, reply)
    if any(d.action != Action.DELIVER for d in decisions.values()):
        body = redraft.body if redraft else write_repaired(turn.dialect, reply, decisions, turn.origin.id)
        for name in _OF_THE_BODY:
            turn.answer.response.headers.popall(name, None)
        turn.answer.response.headers[EXCHANGE_HEADER] = turn.origin.id
    turn.remember(history, (redraft or reply).id)
    turn.answer.response.content_length = len(body)
    await turn.answer.write(body)
    await turn.answer.finish()


async def judge_replies(turn: Turn, reply: WholeAnswer) -> tuple[dict[int, Decision], WholeAnswer | None]:
    """The decision on each reply that can be judged, and an answer to send instead, if there is one.

    What was flagged is durable when this returns.
    """
    readable = [c for c in reply.voices if c.text or not c.unread]
    for choice in reply.voices:
        if choice not in readable:
            turn.skip(choice.index, choice.unread or "unknown")
    await turn.sit()
    verdicts = await asyncio.gather(
        *(turn.guard.judge(turn.asked.conversation, c.text, turn.origin.context) for c in readable)
    )
    settled = [await turn.settle(verdict) for verdict in verdicts]
    for choice, (verdict, _) in zip(readable, settled, strict=True):
        await turn.conclude(choice.index, choice.text, verdict.decision.delivered(choice.text), verdict)
    decisions = {c.index: v.decision for c, (v, _) in zip(readable, settled, strict=True)}
    return decisions, next((redraft for _, redraft in settled if redraft), None)


async def _read_body(got: aiohttp.ClientResponse, most: int, body: bytearray) -> None:
    async for data in got.content.iter_any():
        body += data
        check_size(len(body), most)
