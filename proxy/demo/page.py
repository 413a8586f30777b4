"""Page: the demo's web page, and what it asks for. For a person on this machine; it has no accounts.

What was flagged is on the review pages, to which it leads.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Exchange
from handrail.proxy.answers import error_response
from handrail.proxy.app import LIVE
from handrail.proxy.demo.reading import reading_of
from handrail.proxy.dialects import openai_chat
from handrail.proxy.dialects.dialect import INVALID, Fault
from handrail.proxy.sse import EventDecoder

_FOLDER = Path(__file__).parent
_FILES = {"": "page.html", "page.css": "page.css", "page.js": "page.js"}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Bots:
    """Base URLs of the same chatbot, bare and guarded, the name of its model, and where it is reviewed."""

    bare: str
    guarded: str
    model: str
    review: str


_BOTS = web.AppKey("bots", Bots)
_CLIENT = web.AppKey("client", aiohttp.ClientSession)
_PROXY = web.AppKey("proxy", web.Application)


def build_page(bots: Bots, proxy: web.Application) -> web.Application:
    """The page as an application; `proxy` is the running one whose reading it shows."""
    app = web.Application()
    app[_BOTS] = bots
    app[_PROXY] = proxy
    app.cleanup_ctx.append(_open_client)
    app.router.add_get("/{name:(?:page\\.(?:css|js))?}", _file)
    app.router.add_post("/chat/{side:bare|guarded}", _chat)
    app.router.add_post("/reading", _reading)
    app.router.add_get("/review", _review)
    return app


async def _open_client(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300)) as client:
        app[_CLIENT] = client
        yield


async def _file(request: web.Request) -> web.Response:
    path = _FOLDER / _FILES[request.match_info["name"]]
    return web.Response(
        text=path.read_text(encoding="utf-8"), content_type=_TYPES[path.suffix], headers=_SECURITY
    )


async def _chat(request: web.Request) -> web.StreamResponse:
    """Stream one side's reply as plain text."""
    bots = request.app[_BOTS]
    base = bots.bare if request.match_info["side"] == "bare" else bots.guarded
    try:
        values = await request.json()
        body = {"model": bots.model, "messages": values["messages"], "stream": True}
    except (ValueError, KeyError, TypeError):
        return error_response(Fault(400, 'send {"messages": [...]}', INVALID))
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8", **_SECURITY})
    try:
        async with request.app[_CLIENT].post(f"{base}/v1/chat/completions", json=body) as answer:
            if answer.content_type != "text/event-stream":
                return error_response(
                    Fault(502, "The chatbot answered with an error.", code=str(answer.status))
                )
            await response.prepare(request)
            async for text in _texts(answer):
                await response.write(text.encode())
    except aiohttp.ClientError:
        if not response.prepared:
            return error_response(Fault(502, "The chatbot could not be reached.", code="unreachable"))
    await response.write_eof()
    return response


async def _texts(answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
    decoder = EventDecoder()
    async for data in answer.content.iter_any():
        for event in decoder.feed(data):
            if event.data and event.data != "[DONE]":
                for choice in json.loads(event.data).get("choices") or ():
                    for _, text in openai_chat.texts_of_choice(choice):
                        yield text


async def _reading(request: web.Request) -> web.Response:
    """The guard's reading of a conversation and the bare reply to it."""
    guard = request.app[_PROXY][LIVE].guard
    body = await request.read()
    try:
        asked = openai_chat.read_request(body)
        reply = str(json.loads(body)["reply"])
    except (RequestError, KeyError):
        message = 'send {"messages": [...], "reply": "..."}'
        return error_response(Fault(400, message, INVALID))
    assessment = await guard.scheduler.assess(Exchange(asked.conversation, reply))
    decision = guard.decider.decide(asked.conversation, assessment)
    return web.json_response(reading_of(assessment, decision, guard.decider), headers=_SECURITY)


async def _review(request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": request.app[_BOTS].review, **_SECURITY})
