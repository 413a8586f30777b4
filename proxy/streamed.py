"""Streamed: an answer that comes bit by bit, judged and released as it is written."""

import aiohttp

from handrail.proxy.history import History
from handrail.proxy.settings import Settings
from handrail.proxy.stream import ReplyStream
from handrail.proxy.turn import Turn, check_size


async def answer_streamed(
    turn: Turn, got: aiohttp.ClientResponse, settings: Settings, history: History
) -> None:
    """Release an answer as its parts are judged, repaired where a decision says so.

    Raises UpstreamError for an answer that can't be read, ClientGone when nobody waits for it any more.
    """
    hold = await turn.guard.hold(turn.asked.conversation, turn.origin.context)
    scribe = turn.dialect.scribe(turn.origin.id)
    stream = turn.stream = ReplyStream(scribe, hold, settings.max_held_characters, turn.asked.count)
    decoder = turn.dialect.decoder()
    size = 0
    async for data in got.content.iter_any():
        size += len(data)
        check_size(size, settings.max_reply_bytes)
        for frame in decoder.feed(data):
            stream.receive(frame)
        await _settle(turn, stream)
        await turn.answer.write(stream.take())
        if stream.over:
            break
    for frame in () if stream.over else decoder.flush():
        stream.receive(frame)
    stream.end()
    await _settle(turn, stream)
    for index, unread in stream.voices.items():
        turn.skip(index, unread or "unknown")
    turn.remember(history, stream.answer)
    await turn.answer.write(stream.close())
    await turn.answer.finish()
    await turn.drop("upstream_silent")


async def _settle(turn: Turn, stream: ReplyStream) -> None:
    """Judge every passage that is due, until none is. What was flagged is durable before this returns."""
    while due := stream.due():
        for index, passage in due:
            if passage.whole and not passage.text and stream.voices[index]:
                stream.pass_unread(index, passage)
                continue
            verdict = await turn.guard.judge(
                turn.asked.conversation, passage.text, turn.origin.context, complete=passage.whole
            )
            written = stream.text(index)
            delivered = stream.resolve(index, passage, verdict.decision)
            if passage.whole or verdict.decision.replaces:
                await turn.conclude(index, written, delivered, verdict)
            elif verdict.decision.flagged:
                turn.note(index, verdict, written[: passage.start])
