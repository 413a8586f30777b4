import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from handrail.classifiers.assessor import Assessor
from handrail.policies.decide import Decider
from handrail.proxy.app import Judgement, build_app
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.server import Site, start
from handrail.proxy.settings import Settings

from .conftest import (
    DEPTH,
    HARMFUL_MESSAGE,
    HARMFUL_REPLY,
    HARMLESS_MESSAGE,
    HARMLESS_REPLY,
    OMITTING_MESSAGE,
    OMITTING_REPLY,
    Guarded,
)

Json = dict[str, Any]
Serve = Callable[[web.Application], Awaitable[str]]

PIECES: Json = {
    "path": "/ws",
    "stream": "websocket",
    "text": "/message",
    "delta": "/token",
    "finish": "/end",
}
WHOLE: Json = {"path": "/ws", "stream": "websocket", "text": "/message", "reply": "/answer/text"}
PLAIN: Json = {"path": "/ws", "stream": "websocket", "text": "", "delta": "", "done": "[END]"}
CASES = [
    (HARMLESS_MESSAGE, HARMLESS_REPLY),
    (HARMFUL_MESSAGE, HARMFUL_REPLY),
    (OMITTING_MESSAGE, OMITTING_REPLY),
]


@dataclass
class Line:
    """An upstream that answers each text message with the next of its scripts; what it was sent."""

    answers: list[list[str | bytes]] = field(default_factory=list)
    greeting: list[str] = field(default_factory=list)
    protocols: tuple[str, ...] = ()
    close: int | None = None
    cut: bool = False
    refuse: int | None = None
    asked: list[str | bytes] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    closed: "asyncio.Future[int | None]" = field(
        default_factory=lambda: asyncio.get_event_loop().create_future()
    )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Hold one conversation."""
        self.requests.append(request)
        if self.refuse:
            return web.Response(status=self.refuse, text="a secret")
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        for message in self.greeting:
            await socket.send_str(message)
        async for message in socket:
            self.asked.append(message.data)
            for said in self.answers.pop(0) if self.answers else []:
                await (socket.send_str(said) if isinstance(said, str) else socket.send_bytes(said))
            if self.close is not None:
                await socket.close(code=self.close)
            if self.cut and request.transport:
                request.transport.abort()
        if not self.closed.done():
            self.closed.set_result(socket.close_code)
        return socket


@pytest.fixture
async def line() -> Line:
    """An upstream's script to fill in."""
    return Line()


@pytest.fixture
async def far(serve: Serve, line: Line) -> str:
    """The scripted upstream, started; its URL."""
    app = web.Application()
    app.router.add_get("/{path:.*}", line.answer)
    return await serve(app)


@asynccontextmanager
async def opened(url: str, **more: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A client's connection."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws", **more) as socket:
        yield socket


async def ask(socket: aiohttp.ClientWebSocketResponse, said: str, end: Callable[[str], bool]) -> list[str]:
    """Say something; all that comes until the message that ends a reply."""
    await socket.send_str(said)
    found = [(await socket.receive_str(timeout=20))]
    while not end(found[-1]):
        found.append(await socket.receive_str(timeout=20))
    return found


def pieces(text: str) -> list[str | bytes]:
    """A reply in tokens, with its end."""
    parts = [json.dumps({"token": text[at : at + 5], "n": at}) for at in range(0, len(text), 5)]
    return [*parts, json.dumps({"end": True})]


def ends(message: str) -> bool:
    """Whether a message ends a reply in pieces."""
    return bool(json.loads(message).get("end"))


def text_of(messages: list[str]) -> str:
    """The words of a reply in pieces."""
    return "".join(json.loads(m).get("token", "") for m in messages)


def check(said: str, reply: str, text: str) -> None:
    """A harmless reply arrives, a harmful one is replaced, one that omits something is added to."""
    if said == HARMFUL_MESSAGE:
        assert DEPTH not in text
        assert "988" in text
    else:
        assert text.startswith(reply)
        assert (text == reply) == (said == HARMLESS_MESSAGE)


async def records(folder: Path) -> list[Record]:
    """What is in the journal."""
    journal = SqliteJournal(folder / "journal.db")
    await journal.open()
    try:
        return await journal.latest(10)
    finally:
        await journal.close()


async def counted(url: str) -> dict[str, float]:
    """How replies were counted."""
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as got:
        lines = [x for x in (await got.text()).splitlines() if x.startswith("handrail_replies_total{")]
    return {x.split("{")[1].split("}")[0]: float(x.split()[-1]) for x in lines}


@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_replies_in_pieces(guarded: Guarded, far: str, line: Line, said: str, reply: str) -> None:
    """Tokens are judged as they come, and end as the backend ends them; what is harmless is untouched."""
    line.answers = [pieces(reply)]
    async with opened(await guarded(far, generic=[PIECES], locale="en-US")) as socket:
        found = await ask(socket, json.dumps({"message": said}), ends)
    check(said, reply, text_of(found))
    assert (found == pieces(reply)) == (said == HARMLESS_MESSAGE)
    assert line.asked == [json.dumps({"message": said})]


@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_whole_replies(guarded: Guarded, far: str, line: Line, said: str, reply: str) -> None:
    """A message with a whole reply is judged as one; what else it holds stays where it is kept."""
    line.answers = [[json.dumps({"answer": {"text": reply, "mood": "blue"}}, indent=1)]]
    async with opened(await guarded(far, generic=[WHOLE], locale="en-US")) as socket:
        (found,) = await ask(socket, json.dumps({"message": said}), lambda _: True)
    check(said, reply, json.loads(found)["answer"]["text"])
    assert json.loads(found)["answer"]["mood"] == "blue"


@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_plain_words(guarded: Guarded, far: str, line: Line, said: str, reply: str) -> None:
    """Messages that are nothing but words are judged too."""
    line.answers = [[*(reply[at : at + 7] for at in range(0, len(reply), 7)), "[END]"]]
    async with opened(await guarded(far, generic=[PLAIN], locale="en-US")) as socket:
        found = await ask(socket, said, lambda m: m == "[END]")
    check(said, reply, "".join(found[:-1]))


@pytest.mark.parametrize(("said", "reply"), CASES)
async def test_pieces_and_then_the_whole(
    guarded: Guarded, far: str, line: Line, said: str, reply: str
) -> None:
    """A backend that repeats its pieces in a last message repeats what was delivered."""
    mapping = {**PIECES, "finish": "/last", "reply": "/full"}
    parts = [m for m in pieces(reply) if isinstance(m, str)][:-1]
    line.answers = [[*parts, json.dumps({"full": reply, "last": True})]]
    async with opened(await guarded(far, generic=[mapping], locale="en-US")) as socket:
        found = await ask(socket, json.dumps({"message": said}), lambda m: bool(json.loads(m).get("last")))
    check(said, reply, text_of(found))
    assert DEPTH not in found[-1]


async def test_several_turns_are_one_conversation(guarded: Guarded, far: str, line: Line) -> None:
    """What was said before on the connection informs how a reply is read, and each turn ends by itself."""
    start, _, question = HARMFUL_MESSAGE.rpartition(". ")
    line.answers = [pieces(HARMLESS_REPLY), pieces("I'm so sorry to hear that."), pieces(HARMFUL_REPLY)]
    url = await guarded(far, generic=[PIECES])
    async with opened(url) as socket:
        first = await ask(socket, json.dumps({"message": HARMLESS_MESSAGE}), ends)
        await ask(socket, json.dumps({"message": start}), ends)
        third = await ask(socket, json.dumps({"message": question}), ends)
    assert text_of(first) == HARMLESS_REPLY
    assert DEPTH not in text_of(third)
    assert sum(n for name, n in (await counted(url)).items() if "screened" in name) == 3


async def test_a_history_that_is_sent_is_read(guarded: Guarded, far: str, line: Line) -> None:
    """A backend that keeps nothing is sent the history in each message; a wrong one is named."""
    start, _, question = HARMFUL_MESSAGE.rpartition(". ")
    line.answers = [pieces(HARMFUL_REPLY)]
    async with opened(await guarded(far, generic=[{**PIECES, "history": "/earlier"}])) as socket:
        earlier = [{"role": "user", "content": start}]
        found = await ask(socket, json.dumps({"message": question, "earlier": earlier}), ends)
        assert DEPTH not in text_of(found)
        await socket.send_str(json.dumps({"message": "x", "earlier": [3]}))
        assert "/earlier/0" in (await socket.receive_json())["error"]
    assert len(line.asked) == 1


async def test_what_is_flagged_is_on_record_before_it_arrives(
    guarded: Guarded, far: str, line: Line, tmp_path: Path
) -> None:
    """When the repair arrives the record is there, with what was said, written and delivered."""
    line.answers = [pieces(HARMFUL_REPLY)]
    async with opened(await guarded(far, generic=[PIECES], locale="en-US")) as socket:
        found = await ask(socket, json.dumps({"message": HARMFUL_MESSAGE}), ends)
        (record,) = await records(tmp_path)
    assert record.messages[0].content == HARMFUL_MESSAGE
    assert (record.dialect, record.delivered) == ("generic_websocket", text_of(found))


async def test_other_messages_keep_their_place(guarded: Guarded, far: str, line: Line) -> None:
    """Messages without words pass both ways, those between words in their order."""
    typing, usage = json.dumps({"typing": True}), json.dumps({"usage": 3})
    answer = pieces(HARMLESS_REPLY)
    line.answers, line.greeting = [[], [typing, answer[0], usage, *answer[1:]]], [typing]
    async with opened(await guarded(far, generic=[PIECES])) as socket:
        await socket.send_str(json.dumps({"kind": "hello"}))
        assert await socket.receive_str() == typing
        found = await ask(socket, json.dumps({"message": HARMLESS_MESSAGE}), ends)
    assert found == [typing, answer[0], usage, *answer[1:]]
    assert line.asked[0] == json.dumps({"kind": "hello"})


async def test_the_handshake_is_agreed_end_to_end(guarded: Guarded, far: str, line: Line) -> None:
    """Subprotocol, query, cookies and keys are the upstream's to see; our own headers are not."""
    line.protocols, line.answers = ("chat.v2",), [pieces("Hello.")]
    url = await guarded(far, generic=[PIECES])
    headers = {"Cookie": "a=1", "Authorization": "Bearer k", "X-Handrail-Locale": "en-GB"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"{url}/app/ws?room=7", protocols=("chat.v1", "chat.v2"), headers=headers, compress=15
        ) as socket,
    ):
        assert (socket.protocol, bool(socket.compress)) == ("chat.v2", True)
        await ask(socket, json.dumps({"message": "hi"}), ends)
    (request,) = line.requests
    assert request.raw_path == "/app/ws?room=7"
    assert (request.headers["Cookie"], request.headers["Authorization"]) == ("a=1", "Bearer k")
    assert "X-Handrail-Locale" not in request.headers


@pytest.mark.parametrize("code", [1000, 4001])
async def test_close_codes_pass(guarded: Guarded, far: str, line: Line, code: int) -> None:
    """The code with which one side closes is the one that the other is told, both ways."""
    url = await guarded(far, generic=[PIECES])
    async with opened(url) as socket:
        await socket.close(code=code)
    assert await asyncio.wait_for(line.closed, 20) == code
    line.close, line.answers = code, [pieces("Hello.")]
    async with opened(url) as socket:
        await ask(socket, json.dumps({"message": "hi"}), ends)
        assert (await socket.receive()).type == WSMsgType.CLOSE
        assert socket.close_code == code


@pytest.mark.parametrize("code", [1000, 1011])
async def test_a_reply_that_ends_with_the_connection(
    guarded: Guarded, far: str, line: Line, code: int
) -> None:
    """Closed in good order, a reply is whole and judged; else what was held is dropped with an error."""
    line.close, line.answers = code, [pieces(HARMLESS_REPLY)[:-1]]
    url = await guarded(far, generic=[PIECES])
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": HARMLESS_MESSAGE}))
        found = [m.data async for m in socket]
    assert (text_of(found) == HARMLESS_REPLY) == (code == 1000)
    assert ("error" in json.loads(found[-1])) == (code == 1011)
    assert socket.close_code == (1000 if code == 1000 else 1011)


async def test_an_upstream_that_is_lost(guarded: Guarded, far: str, line: Line) -> None:
    """A connection that breaks mid-reply ends in an error, and the reply is counted once, as failed."""
    line.cut, line.answers = True, [[json.dumps({"token": "The water is"})]]
    url = await guarded(far, generic=[PIECES])
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": HARMFUL_MESSAGE}))
        found = [m.data async for m in socket]
    assert [list(json.loads(m)) for m in found] == [["error"]]
    assert await counted(url) == {'detail="upstream_cut",outcome="failed"': 1.0}


async def test_a_client_that_leaves(guarded: Guarded, far: str, line: Line) -> None:
    """When the client goes mid-reply the upstream is told, and the reply is counted as lost."""
    line.answers = [pieces(HARMLESS_REPLY)[:-1]]
    url = await guarded(far, generic=[PIECES])
    async with opened(url) as socket:
        await ask(socket, json.dumps({"message": "hello"}), lambda _: True)
    assert await asyncio.wait_for(line.closed, 20) == 1000
    assert await counted(url) == {'detail="client_gone",outcome="failed"': 1.0}


@pytest.mark.parametrize("message", [b"\x00\x01", "no JSON"])
async def test_messages_that_cannot_be_read_end_it(
    guarded: Guarded, far: str, line: Line, message: str | bytes
) -> None:
    """By default neither side's unreadable messages pass."""
    line.answers = [[message]]
    url = await guarded(far, generic=[PIECES])
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": "hello"}))
        found = [m async for m in socket]
    assert [list(m.json()) for m in found] == [["error"]]
    async with opened(url) as socket:
        await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        assert (await socket.receive()).data == 1003
    assert message not in line.asked


async def test_messages_that_cannot_be_read_may_pass(guarded: Guarded, far: str, line: Line) -> None:
    """Where settings let them, they pass both ways, in order, and are counted as unscreened."""
    answer = pieces(HARMLESS_REPLY)
    line.answers = [[b"\x01"], [answer[0], b"\x02", *answer[1:]]]
    url = await guarded(far, generic=[{**PIECES, "unread_frames": "pass"}])
    async with opened(url) as socket:
        await socket.send_bytes(b"\x00")
        assert await socket.receive_bytes() == b"\x01"
        await socket.send_str(json.dumps({"message": HARMLESS_MESSAGE}))
        found = [(await socket.receive()).data for _ in range(len(answer) + 1)]
    assert found == [answer[0], b"\x02", *answer[1:]]
    assert (await counted(url))['detail="binary",outcome="unscreened"'] == 1.0


async def test_large_messages_are_refused(guarded: Guarded, far: str, line: Line) -> None:
    """A message larger than settings allow ends the connection, in whichever direction it goes."""
    url = await guarded(far, generic=[PIECES], max_body_bytes=2000, max_reply_bytes=3000)
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": "x" * 2000}))
        assert (await socket.receive()).data == 1009
    line.answers = [[json.dumps({"token": "x" * 3000})]]
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": "hello"}))
        assert "error" in await socket.receive_json()
    line.answers = [[json.dumps({"token": "x" * 900})] * 4]
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": "hello"}))
        assert "too large" in [m.json() async for m in socket][-1]["error"]


async def test_an_upstream_that_refuses(guarded: Guarded, far: str, line: Line) -> None:
    """A refused handshake keeps its status and nothing else; a server that is down is a 502."""
    line.refuse = 403
    for upstream, status in ((far, 403), ("http://127.0.0.1:9", 502)):
        url = await guarded(upstream, generic=[PIECES])
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            async with opened(url):
                pass
        assert raised.value.status == status


@pytest.mark.parametrize("mode", ["shadow", "off"])
async def test_unenforced_messages_are_the_upstreams(
    guarded: Guarded, far: str, line: Line, tmp_path: Path, mode: str
) -> None:
    """In shadow and off every message passes as it is; in shadow what would have been done is on record."""
    line.answers = [[b"\x00", *pieces(HARMFUL_REPLY)]]
    url = await guarded(far, generic=[PIECES], mode=mode)
    async with opened(url) as socket:
        await socket.send_str(json.dumps({"message": HARMFUL_MESSAGE}))
        found = [(await socket.receive()).data for _ in range(len(pieces(HARMFUL_REPLY)) + 1)]
    assert found == [b"\x00", *pieces(HARMFUL_REPLY)]
    await asyncio.wait_for(line.closed, 20)
    assert len(await records(tmp_path)) == (mode == "shadow")


async def test_fragments_and_pings(guarded: Guarded, far: str, line: Line) -> None:
    """A message in fragments with a ping between them is one message; the ping is answered."""
    line.answers = [pieces(HARMLESS_REPLY)]
    url = await guarded(far, generic=[PIECES])
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    head = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    writer.write(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    assert b"101" in (await reader.readuntil(b"\r\n\r\n")).splitlines()[0]
    sent = json.dumps({"message": HARMLESS_MESSAGE}).encode()
    for opcode, data in ((0x01, sent[:9]), (0x89, b"hey"), (0x00, sent[9:20]), (0x80, sent[20:])):
        writer.write(bytes([opcode, 0x80 | len(data), 0, 0, 0, 0]) + data)
    pong = await reader.readexactly(5)
    assert (pong[0], pong[2:]) == (0x8A, b"hey")
    first = await reader.readexactly(2)
    assert (await reader.readexactly(first[1])).decode() == pieces(HARMLESS_REPLY)[0]
    assert line.asked == [sent.decode()]
    writer.close()
    await writer.wait_closed()


async def test_no_words_reach_the_logs(
    guarded: Guarded, far: str, line: Line, logged: Callable[[], str]
) -> None:
    """Logs of a conversation that goes wrong hold none of it."""
    line.answers = [pieces(HARMFUL_REPLY), ["quarry garbage"]]
    async with opened(await guarded(far, generic=[PIECES])) as socket:
        await ask(socket, json.dumps({"message": HARMFUL_MESSAGE}), ends)
        await socket.send_str(json.dumps({"message": "the quarry"}))
        async for _ in socket:
            pass
    found = logged()
    assert "upstream_failed" in found
    assert "quarry" not in found


async def test_other_websockets_are_refused(guarded: Guarded, far: str, line: Line) -> None:
    """A WebSocket on a path that no mapping reads does not pass."""
    url = await guarded(far, generic=[PIECES])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await session.ws_connect(f"{url}/other")
    assert raised.value.status == 501
    assert line.requests == []


@pytest.mark.parametrize("speaking", [False, True])
async def test_a_shutdown_says_that_it_goes(
    settings_for: Callable[..., Settings],
    assessor: Assessor,
    decider: Decider,
    far: str,
    line: Line,
    speaking: bool,
) -> None:
    """Told to stop, the server ends a quiet connection at once, any other after the drain."""
    line.answers = [pieces(HARMLESS_REPLY)[:-1]] if speaking else [pieces(HARMLESS_REPLY)]
    app = build_app(settings_for(far, generic=[PIECES], drain_seconds=0.1), Judgement(assessor, decider))
    async with AsyncExitStack() as stack:
        url = await start(Site(app, "127.0.0.1", 0), stack, 30)
        async with opened(url) as socket:
            enough = (lambda _: True) if speaking else ends
            await ask(socket, json.dumps({"message": HARMLESS_MESSAGE}), enough)
            stopping = asyncio.create_task(stack.aclose())
            async for _ in socket:
                pass
            await stopping
            assert socket.close_code == 1001
    assert await asyncio.wait_for(line.closed, 20) == 1001
