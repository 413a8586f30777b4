"""Streamed: an answer that comes bit by bit, judged and released as it is written."""

from collections import deque

import aiohttp

from handrail.classifiers.errors import UpstreamError
from handrail.proxy.frame import Frame, FrameDecoder
from handrail.proxy.history import History
from handrail.proxy.settings import Settings
from handrail.proxy.stream import ReplyStream
from handrail.proxy.turn import UNREADABLE, Turn, check_size, let_by


async def answer_streamed(
    turn: Turn, got: aiohttp.ClientResponse, settings: Settings, history: History
) -> None:
    """Release an answer as its parts are judged, repaired where a decision says so.

    Raises UpstreamError for an answer that can't be read, ClientGone when nobody waits for it any more.
    """
    hold = await turn.guard.hold(turn.asked.conversation, turn.origin.context)
    scribe = turn.dialect.scribe(turn.origin.id)
    stream = turn.stream = ReplyStream(scribe, hold, settings.max_held_characters, turn.asked.count)
    inflow = _Inflow(stream, turn.dialect.decoder(), settings.max_reply_bytes)
    try:
        await _release(turn, stream, got, inflow)
    except UpstreamError as error:
        if settings.fail_reply == "closed" or error.code not in UNREADABLE or stream.repaired:
            raise
        return await let_by(turn, got, stream.surrender() + inflow.rest(), error.code)
    await settle(turn, stream)
    turn.skip_unread(stream)
    turn.remember(history, stream.answer)
    await turn.answer.write(stream.close())
    await turn.answer.finish()
    await turn.drop("upstream_silent")
    return None


class _Inflow:
    """Bytes in, frames taken in by a stream; those that could not be are kept."""

    def __init__(self, stream: ReplyStream, decoder: FrameDecoder, most: int) -> None:
        self._stream = stream
        self._decoder = decoder
        self._most = most
        self._size = 0
        self._frames: deque[Frame] = deque()

    def feed(self, data: bytes) -> None:
        """Take bytes in. Raises UpstreamError for more than is read, and what can't be read."""
        self._size += len(data)
        self._frames += self._decoder.feed(data)
        check_size(self._size, self._most)
        self._receive()

    def flush(self) -> None:
        """Take note that nothing more comes. Raises UpstreamError like `feed`."""
        self._frames += self._decoder.flush()
        self._receive()
        self._stream.end()

    def rest(self) -> bytes:
        """All bytes that came and were not taken in."""
        return b"".join(frame.raw for frame in (*self._frames, *self._decoder.flush()))

    def _receive(self) -> None:
        while self._frames:
            self._stream.receive(self._frames[0])
            self._frames.popleft()


async def _release(turn: Turn, stream: ReplyStream, got: aiohttp.ClientResponse, inflow: _Inflow) -> None:
    """Release what is judged, until the upstream ends or nothing more is wanted of it."""
    async for data in got.content.iter_any():
        inflow.feed(data)
        await settle(turn, stream)
        await turn.answer.write(stream.take())
        if stream.over:
            return stream.end()
    return inflow.flush()


async def settle(turn: Turn, stream: ReplyStream) -> None:
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
            if stream.untouched:
                verdict, _ = await turn.settle(verdict)
            delivered = stream.resolve(index, passage, verdict.decision)
            if passage.whole or verdict.decision.replaces:
                await turn.conclude(index, written, delivered, verdict)
            elif verdict.decision.flagged:
                turn.note(index, verdict, written[: passage.start])


async def judge_broken(turn: Turn, stream: ReplyStream) -> None:
    """Record what can be found in an answer that broke off; the rest of the account is the caller's."""
    for index in stream.voices:
        text = stream.text(index)
        verdict = await turn.guard.judge(turn.asked.conversation, text, turn.origin.context, complete=False)
        if verdict.decision.flagged:
            await turn.conclude(index, text, verdict.decision.delivered(text), verdict)
