"""Streamed: an answer that comes bit by bit, judged and released as it is written."""

from collections import deque
from dataclasses import replace

import aiohttp

from handrail.classifiers.errors import UpstreamError
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.progress import Stretch
from handrail.proxy.frame import Frame, FrameDecoder
from handrail.proxy.gate import Passage
from handrail.proxy.guard import Verdict, to_the_end
from handrail.proxy.history import History
from handrail.proxy.modes import Overflow
from handrail.proxy.patience import Inlet, Patience
from handrail.proxy.settings import Settings
from handrail.proxy.stream import ReplyStream
from handrail.proxy.turn import UNREADABLE, Turn, check_size, let_by


async def answer_streamed(
    turn: Turn, got: aiohttp.ClientResponse, settings: Settings, history: History
) -> None:
    """Release an answer as its parts are judged, repaired where a decision says so.

    Raises UpstreamError for an answer that can't be read, ClientGone when nobody waits for it any more.
    """
    await turn.sit()
    hold = await turn.guard.hold(turn.asked.conversation, turn.origin.context)
    scribe = turn.dialect.scribe(turn.origin.id)
    stream = turn.stream = ReplyStream(scribe, hold, settings.max_held_characters, turn.asked.count)
    turn.shadow = stream.observes
    inflow = _Inflow(stream, turn.dialect.decoder(), settings.max_reply_bytes)
    try:
        await _release(turn, stream, got, inflow, settings)
    except UpstreamError as error:
        closed = settings.fail_reply == "closed" and not stream.observes
        if closed or error.code not in UNREADABLE or stream.repaired:
            raise
        return await let_by(turn, got, stream.surrender() + inflow.rest(), error.code)
    if stream.observes:
        await turn.answer.write(stream.close())
        await turn.answer.finish()
        await to_the_end(_conclude(turn, stream, history))
    else:
        await _conclude(turn, stream, history)
        await turn.answer.write(stream.close())
        await turn.answer.finish()
    return await turn.drop("upstream_silent")


async def _conclude(turn: Turn, stream: ReplyStream, history: History) -> None:
    """Judge what has been written, now that it is whole."""
    await settle(turn, stream)
    turn.skip_unread(stream)
    turn.remember(history, stream.answer)


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


async def _release(
    turn: Turn, stream: ReplyStream, got: aiohttp.ClientResponse, inflow: _Inflow, settings: Settings
) -> None:
    """Release what is judged, until the upstream ends or nothing more is wanted of it."""
    patience, inlet = Patience(settings.max_held_seconds), Inlet(got.content)
    try:
        while (data := await inlet.next(patience.left(stream.waiting, stream.cleared))) != b"":
            if data is None:
                stream.hurry()
            else:
                inflow.feed(data)
            if not stream.observes:
                await settle(turn, stream, settings.held_overflow)
            await turn.answer.write(stream.take())
            if stream.over:
                return stream.end()
    finally:
        await inlet.close()
    return inflow.flush()


async def settle(turn: Turn, stream: ReplyStream, overflow: Overflow = "judge") -> None:
    """Judge every passage that is due, until none is. What was flagged is durable before this returns."""
    await turn.sit()
    while due := stream.due():
        for index, passage in due:
            if passage.whole and not passage.text and stream.voices[index]:
                stream.pass_unread(index, passage)
            elif passage.cut and overflow == "release":
                # It is judged with the whole reply; until then it is out.
                stream.pass_unread(index, passage)
            else:
                await _judge(turn, stream, index, passage, overflow)


async def _judge(turn: Turn, stream: ReplyStream, index: int, passage: Passage, overflow: Overflow) -> None:
    found = await _verdict(turn, index, passage, overflow)
    if found is None:
        return stream.put_off(index, passage)
    verdict, end = found
    written = stream.text(index)
    if stream.untouched and not stream.observes:
        verdict, _ = await turn.settle(verdict)
    delivered = stream.resolve(index, replace(passage, end=end), verdict.decision)
    if passage.whole or verdict.decision.replaces:
        await turn.conclude(index, written, delivered, verdict)
    elif verdict.decision.flagged:
        turn.note(index, verdict, written[: passage.start])
    return None


async def _verdict(
    turn: Turn, index: int, passage: Passage, overflow: Overflow
) -> tuple[Verdict, int] | None:
    """The verdict on a passage and how far it reaches; None where the passage is put off."""
    progress, context, asked = turn.progress(index), turn.origin.context, turn.asked.conversation
    if passage.whole:
        return await turn.guard.judge_whole(Exchange(asked, passage.text), progress, context), passage.end
    if passage.cut and overflow == "replace":
        return turn.guard.overflowed(asked, context), passage.end
    stretch = Stretch(passage.text, passage.start, passage.end)
    return await turn.guard.judge_part(asked, stretch, progress, context, forced=passage.forced)


async def judge_broken(turn: Turn, stream: ReplyStream) -> None:
    """Record what can be found in an answer that broke off; the rest of the account is the caller's."""
    await turn.sit()
    for index in stream.voices:
        text = stream.text(index)
        verdict = await turn.guard.judge(turn.asked.conversation, text, turn.origin.context, complete=False)
        if verdict.decision.flagged:
            await turn.conclude(index, text, verdict.decision.delivered(text), verdict)
