"""Regenerate: a reply that would harm is asked for once more, with guidance on how to answer.

Bounded by time and count. The new reply is judged like any other; only a harmless one is delivered. In
every other case (it would harm too, came too late, could not be read) the policy's text takes the place.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import aiohttp
from aiohttp import web

from handrail.classifiers.errors import UpstreamError
from handrail.policies.decision import Action
from handrail.proxy.correcting import write_repaired
from handrail.proxy.dialects.dialect import Dialect, WholeAnswer
from handrail.proxy.dialects.payload import READ_ERRORS
from handrail.proxy.dialects.redraft import Redraft
from handrail.proxy.dialects.scribe import THOUGHT
from handrail.proxy.forwarding import Forwarding
from handrail.proxy.guard import Verdict
from handrail.proxy.journal.record import Draft, assessment_values, decision_values
from handrail.proxy.logs import logger
from handrail.proxy.settings import Settings
from handrail.proxy.turn import Turn, check_size
from handrail.proxy.upstream import Upstream

_log = logger("regenerate")

# Headers true of the first request alone: an upstream that honours them would give the first answer again.
_ONCE = ("Idempotency-Key", "X-Idempotency-Key", "Digest", "Content-Digest", "Content-MD5")
_USED, _HARMFUL = "used", "harmful"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the upstream answered: all its words, those a person is shown, and the answer itself if whole."""

    text: str
    shown: str
    whole: WholeAnswer | None


class Regenerator:
    """Asks upstream again. Never raises for what the upstream does: each failure has an outcome."""

    def __init__(self, settings: Settings, upstream: Upstream, forwarding: Forwarding) -> None:
        self._settings = settings
        self._upstream = upstream
        self._forwarding = forwarding

    async def settle(
        self, turn: Turn, hang_up: Callable[[], None], verdict: Verdict
    ) -> tuple[Verdict, WholeAnswer | None]:
        """The verdict with what is to be said in the reply's place, and the new answer if it came whole.

        Where the decision is another than to regenerate, where the dialect has no place for guidance or
        several replies were asked for, the verdict is given back as it is. `hang_up` ends the first call: a
        server that answers one request at a time takes the second only then.
        """
        redraft, most = turn.dialect.redraft, self._settings.regenerate_most
        regenerate = verdict.decision.action == Action.REGENERATE
        if not regenerate or redraft is None or turn.asked.count != 1 or not most:
            return verdict, None
        hang_up()
        drafts: list[Draft] = []
        found: tuple[Verdict, WholeAnswer | None] | None = None
        try:
            body = redraft.ask(turn.body, verdict.decision.guidance)
            async with asyncio.timeout(self._settings.regenerate_seconds):
                while found is None and len(drafts) < most:
                    found = await self._attempt(turn, verdict, redraft, body, drafts)
        except TimeoutError:
            drafts.append(Draft("", "timeout"))
        except UpstreamError as error:
            drafts.append(Draft("", error.code))
        except Exception as error:
            # The text that takes the place is at hand: an error would be the worse answer.
            _log.error("redraft_failed", exchange=turn.origin.id, error=type(error).__name__)
            drafts.append(Draft("", "internal_error"))
        for draft in drafts:
            turn.guard.metrics.regenerations.labels(draft.outcome).inc()
        _log.info("reply_regenerated", exchange=turn.origin.id, outcomes=[d.outcome for d in drafts])
        settled, answer = found or (verdict, None)
        return replace(settled, drafts=tuple(drafts)), answer

    async def _attempt(
        self, turn: Turn, verdict: Verdict, redraft: Redraft, body: bytes, drafts: list[Draft]
    ) -> tuple[Verdict, WholeAnswer | None] | None:
        """One more call, judged; None when what it brought can't be delivered. Notes the draft."""
        answer = await self._ask(turn, redraft, body)
        if not answer.shown.strip():
            drafts.append(Draft(answer.text, "empty"))
            return None
        judged = await turn.guard.judge(turn.asked.conversation, answer.text, turn.origin.context)
        if judged.assessment is None:
            drafts.append(Draft(answer.text, "unjudged"))
            return None
        outcome = _HARMFUL if judged.decision.replaces else _USED
        read = (assessment_values(judged.assessment), decision_values(judged.decision), judged.opinion)
        drafts.append(Draft(answer.text, outcome, *read))
        if outcome == _HARMFUL:
            return None
        said = judged.decision.delivered(answer.shown)
        whole = answer.whole and replace(
            answer.whole,
            body=write_repaired(turn.dialect, answer.whole, {0: judged.decision}, turn.origin.id),
        )
        return replace(verdict, decision=replace(verdict.decision, text=said)), whole

    async def _ask(self, turn: Turn, redraft: Redraft, body: bytes) -> _Answer:
        """Send the request and read the answer. Raises UpstreamError."""
        headers = self._forwarding.headers(turn.request)
        for name in _ONCE:
            headers.popall(name, None)
        headers["Accept-Encoding"] = "identity"
        send = self._upstream.send("POST", turn.request.raw_path, headers, body, decode=True)
        async with send as got:
            data = await _read(got, self._settings.max_reply_bytes)
            if got.status >= web.HTTPMultipleChoices.status_code:
                raise UpstreamError("The model server refused to answer again.", 502, "upstream_refused")
            if got.content_type == turn.dialect.stream_type:
                return _streamed(turn.dialect, data)
        return _whole(turn, redraft, data)


def _whole(turn: Turn, redraft: Redraft, data: bytes) -> _Answer:
    """An answer in one piece. One with parts that can't be judged shows nothing. Raises UpstreamError."""
    try:
        answer = turn.dialect.read_reply(redraft.restore(data, turn.body))
        voice = answer.voices[0]
        if len(answer.voices) > 1 or voice.unread:
            return _Answer(voice.text, "", None)
        return _Answer(voice.text, redraft.shown(data), answer)
    except READ_ERRORS as error:
        raise UpstreamError("The model server's answer can't be read.", 502, "upstream_invalid") from error


def _streamed(dialect: Dialect, data: bytes) -> _Answer:
    """An answer that came as a stream all the same: some servers know nothing else. Raises UpstreamError."""
    scribe, decoder = dialect.scribe(""), dialect.decoder()
    told = [scribe.read(frame) for frame in (*decoder.feed(data), *decoder.flush())]
    if any(t.error or t.unread for t in told):
        raise UpstreamError("The model server's answer can't be read.", 502, "upstream_invalid")
    texts = [(channel, text) for t in told for _, channel, text in t.texts]
    shown = "".join(text for channel, text in texts if not any(part in channel for part in THOUGHT))
    return _Answer("".join(text for _, text in texts), shown, None)


async def _read(got: aiohttp.ClientResponse, most: int) -> bytes:
    data = bytearray()
    async for piece in got.content.iter_any():
        data += piece
        check_size(len(data), most)
    return bytes(data)
