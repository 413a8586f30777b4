"""The web servers in front: ours of deploy/, started for real between a client and the proxy."""

import asyncio
import io
import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from handrail.proxy.review.app import build_review
from handrail.proxy.settings import Settings

from .proxy.conftest import HARMLESS_MESSAGE, HARMLESS_REPLY, Guarded, asking, completion, streamed
from .tools import run, tool

Serve = Callable[[web.Application], Awaitable[str]]

DEPLOY = Path(__file__).parent.parent / "deploy"
_NGINX = """daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events {{}}
http {{
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    include {config};
}}
"""


@dataclass
class Chatbot:
    """An upstream whose stream goes on only once the test has seen its beginning; what it was asked."""

    asked: list[web.Request] = field(default_factory=list)
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A whole answer, or a stream that waits in the middle."""
        self.asked.append(request)
        if request.path == "/ws":
            return await self._echo(request)
        body = await request.read()
        if b'"stream": true' not in body:
            return web.Response(body=completion(HARMLESS_REPLY), content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        events = streamed(HARMLESS_REPLY)
        half = len(events) // 2
        try:
            for event in events[:half]:
                await response.write(event)
            await self.seen.wait()
            for event in events[half:]:
                await response.write(event)
        except (asyncio.CancelledError, ConnectionError):
            self.gone.set()
            raise
        return response

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        talk = web.WebSocketResponse()
        await talk.prepare(request)
        async for message in talk:
            await talk.send_str(json.dumps({"answer": HARMLESS_REPLY, "to": message.data}))
        return talk


@dataclass(frozen=True)
class Edge:
    """A web server that runs: its URLs for chats and for review pages, and how to believe its certificate."""

    url: str
    pages: str
    trust: ssl.SSLContext | None

    def client(self) -> aiohttp.ClientSession:
        """A client that is to this web server as any of the world."""
        return aiohttp.ClientSession(
            self.url,
            connector=aiohttp.TCPConnector(ssl=self.trust if self.trust else True),
            timeout=aiohttp.ClientTimeout(total=60),
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, of the test's own."""
    paths = folder / "fullchain.pem", folder / "privkey.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    run(
        "openssl",
        *words.split(),
        "-addext",
        "subjectAltName=DNS:localhost",
        "-out",
        paths[0],
        "-keyout",
        paths[1],
    )
    return paths


@dataclass(frozen=True, slots=True)
class Place:
    """Where a web server finds the proxy and the review pages, and where it is to listen for each."""

    folder: Path
    proxy: str
    pages: str
    ports: tuple[int, int]


def _nginx(name: str, place: Place) -> list[str]:
    """A site of ours for nginx, with the places of this machine in place of the example's."""
    certificate, key = _certificate(place.folder)
    text = (DEPLOY / name).read_text()
    text = re.sub(r"server (127\.0\.0\.1|proxy-a|proxy-b):8080", f"server {place.proxy}", text)
    text = re.sub(r"server (127\.0\.0\.1|review):8090", f"server {place.pages}", text)
    text = re.sub(r"\n\s*listen \[::\].*", "", text)
    for port in place.ports:
        text = re.sub(r"listen (443|8080|8090)\b", f"listen 127.0.0.1:{port}", text, count=1)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{_free_port()};")
    text = re.sub(r"/etc/letsencrypt/\S+/fullchain.pem", str(certificate), text)
    text = re.sub(r"/etc/letsencrypt/\S+/privkey.pem", str(key), text)
    text = text.replace("/etc/nginx/handrail/", f"{DEPLOY}/nginx/")
    (place.folder / "site.conf").write_text(text)
    (place.folder / "nginx.conf").write_text(_NGINX.format(config=place.folder / "site.conf"))
    command = [tool("nginx"), "-p", str(place.folder), "-c", str(place.folder / "nginx.conf")]
    run(*command, "-t")
    return command


def _caddy(place: Place) -> list[str]:
    certificate, key = _certificate(place.folder)
    text = (DEPLOY / "Caddyfile").read_text()
    text = text.replace("127.0.0.1:8080", place.proxy).replace("127.0.0.1:8090", place.pages)
    for name, port in zip(("chat", "review"), place.ports, strict=True):
        local = f"\nhttps://localhost:{port} {{\n\ttls {certificate} {key}"
        text = text.replace(f"\n{name}.example {{", local)
    text = text.replace("{\n\tservers", "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers", 1)
    (place.folder / "Caddyfile").write_text(text)
    words = ["--config", str(place.folder / "Caddyfile"), "--adapter", "caddyfile"]
    run(tool("caddy"), "validate", *words, HOME=str(place.folder))
    return [tool("caddy"), "run", *words]


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """The web server, from when it listens; stopped by SIGTERM."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={"HOME": str(folder)})
    try:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until and not _listens(port):
            time.sleep(0.01)
        assert _listens(port), (folder / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def chatbot() -> Chatbot:
    """The upstream's script and memory."""
    return Chatbot()


@pytest.fixture(params=["nginx/handrail.conf", "compose/front.conf", "Caddyfile"])
async def edge(
    request: pytest.FixtureRequest,
    serve: Serve,
    guarded: Guarded,
    settings_for: Callable[..., Settings],
    chatbot: Chatbot,
    tmp_path: Path,
) -> AsyncIterator[Edge]:
    """Each of our web servers in front of a proxy in front of the chatbot."""
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", chatbot.answer)
    mapping = {"path": "/ws", "stream": "websocket", "text": "", "reply": "/answer"}
    trusted = {"trusted_proxies": ["127.0.0.1/32"]}
    upstream = await serve(app)
    proxy = await guarded(upstream, generic=[mapping], **trusted)
    review = settings_for(upstream, review_user_header="X-Auth-Request-Email", **trusted)
    pages = await serve(build_review(review))
    ports = (_free_port(), _free_port())
    place = Place(tmp_path, proxy.removeprefix("http://"), pages.removeprefix("http://"), ports)
    command = _caddy(place) if request.param == "Caddyfile" else _nginx(request.param, place)
    scheme = "http" if request.param == "compose/front.conf" else "https"
    with ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, _running(command, ports[0], tmp_path))
        trust = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
        urls = [f"{scheme}://localhost:{port}" for port in ports]
        yield Edge(urls[0], urls[1], trust if scheme == "https" else None)


async def test_a_stream_passes_unbuffered(edge: Edge, chatbot: Chatbot) -> None:
    """The first words reach the client while the chatbot still has more to say."""
    text = b""
    async with edge.client() as client:
        body = asking(HARMLESS_MESSAGE, stream=True)
        async with client.post("/v1/chat/completions", json=body) as answer:
            async for piece in answer.content.iter_any():
                if b'"content"' in piece:
                    chatbot.seen.set()
                text += piece
    assert text.endswith(b"data: [DONE]\n\n")
    assert answer.headers["Content-Type"].startswith("text/event-stream")


async def test_a_client_that_leaves_ends_the_call(edge: Edge, chatbot: Chatbot) -> None:
    """Who closes the page pays for no more tokens: the chatbot's connection is closed as well."""
    async with edge.client() as client:
        body = asking(HARMLESS_MESSAGE, stream=True)
        async with client.post("/v1/chat/completions", json=body) as answer:
            await answer.content.readany()
            answer.close()
        await asyncio.wait_for(chatbot.gone.wait(), 20)


async def test_nobody_is_believed_about_others(edge: Edge, chatbot: Chatbot) -> None:
    """What a client says of addresses, and of who the person is, stops at the web server."""
    claims = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "X-Handrail-User": "someone else",
        # With spaces and a sign neither could be read, and handrail would refuse them.
        "X-Handrail-Age-Band": "no token!",
        "X-Handrail-Persona": "no token!",
    }
    async with (
        edge.client() as client,
        client.post("/v1/chat/completions", json=asking("hello"), headers=claims) as answer,
    ):
        assert answer.status == 200
        assert "nginx/" not in answer.headers.get("Server", "")
    told = str(chatbot.asked[0].headers)
    assert "203.0.113.9" not in told
    assert chatbot.asked[0].headers["X-Forwarded-For"] == "127.0.0.1, 127.0.0.1"


@pytest.mark.parametrize(
    "path", ["/metrics", "/readyz", "/openapi.json", "/%6detrics", "/./metrics", "//metrics"]
)
async def test_our_own_pages_are_not_for_clients(edge: Edge, chatbot: Chatbot, path: str) -> None:
    """Metrics and readiness can't be read from outside, however they are spelt."""
    async with edge.client() as client, client.get(URL(edge.url + path, encoded=True)) as answer:
        assert "handrail" not in await answer.text()
    assert answer.status == 404 or chatbot.asked


async def test_too_large_a_body_is_refused_as_clients_expect(edge: Edge) -> None:
    """Just over the limit handrail says so in the client's dialect; far over it the web server does."""
    async with edge.client() as client:
        body = json.dumps(asking("a" * (2**23 + 1000))).encode()
        async with client.post("/v1/chat/completions", data=io.BytesIO(body)) as answer:
            assert answer.status == 413
            assert (await answer.json())["error"]["code"] == "request_too_large"
        async with client.post("/v1/chat/completions", data=io.BytesIO(b"a" * (11 * 2**20))) as answer:
            assert answer.status == 413


async def test_websockets_pass(edge: Edge) -> None:
    """A mapped WebSocket is upgraded through the web server."""
    async with edge.client() as client, client.ws_connect("/ws") as talk:
        await talk.send_str(HARMLESS_MESSAGE)
        assert (await talk.receive_json())["answer"] == HARMLESS_REPLY


async def test_nobody_signs_in_by_a_header_of_their_own(edge: Edge) -> None:
    """The review pages are there, with their headers; a browser that names a user is nobody all the same."""
    claims = {"X-Auth-Request-Email": "lea"}
    async with edge.client() as client, client.get(f"{edge.pages}/review", headers=claims) as answer:
        text = await answer.text()
    assert answer.status in {401, 403} or "Sign in" in text
    assert "Content-Security-Policy" in answer.headers
    async with edge.client() as client, client.get(f"{edge.pages}/readyz") as answer:
        assert answer.status == 404
