"""Bot: an OpenAI-compatible chatbot without a language model, its replies from the bank.

For demonstrations and tests. It fails in the ways real chatbots do, which is its purpose.
"""

import asyncio
import json
import re
import time
import uuid
from typing import Any

from aiohttp import web

from handrail.classifiers.errors import RequestError
from handrail.proxy.answers import error_response
from handrail.proxy.demo.bank import Bank, Chooser
from handrail.proxy.dialects import openai_chat
from handrail.proxy.dialects.dialect import INVALID, Fault

MODEL = "scripted-sample"

Json = dict[str, Any]

_CHOOSER = web.AppKey("chooser", Chooser)
_PACE = web.AppKey("pace", float)


def build_bot(bank: Bank, pace: float = 0.0) -> web.Application:
    """The chatbot as an application; `pace` is the time in seconds between two streamed tokens."""
    app = web.Application()
    app[_CHOOSER] = Chooser(bank)
    app[_PACE] = pace
    app.router.add_post("/v1/chat/completions", _complete)
    app.router.add_get("/v1/models", _models)
    return app


async def _models(request: web.Request) -> web.Response:
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "handrail"}
    return web.json_response({"object": "list", "data": [model]})


async def _complete(request: web.Request) -> web.StreamResponse:
    try:
        asked = openai_chat.read_request(await request.read())
    except RequestError as error:
        return error_response(Fault(400, str(error), INVALID, "invalid_request", error.field))
    said = asked.conversation.said_by("user")
    reply = request.app[_CHOOSER].choose(said[-1] if said else "", len(said))
    if asked.stream:
        return await _stream(request, reply, asked.count)
    return web.json_response(_completion(reply, asked.count))


def _completion(reply: str, count: int) -> Json:
    message = {"role": "assistant", "content": reply}
    choices = [{"index": i, "message": message, "finish_reason": "stop"} for i in range(count)]
    tokens = len(_tokens(reply)) * count
    usage = {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}
    return {**_head("chat.completion"), "choices": choices, "usage": usage}


async def _stream(request: web.Request, reply: str, count: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    head = _head("chat.completion.chunk")
    deltas: list[Json] = [{"role": "assistant", "content": ""}, *({"content": t} for t in _tokens(reply))]
    for delta in deltas:
        for index in range(count):
            await _send(response, {**head, "choices": [_delta(index, delta, None)]})
        await asyncio.sleep(request.app[_PACE])
    for index in range(count):
        await _send(response, {**head, "choices": [_delta(index, {}, "stop")]})
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def _delta(index: int, delta: Json, finish: str | None) -> Json:
    return {"index": index, "delta": delta, "finish_reason": finish}


async def _send(response: web.StreamResponse, payload: Json) -> None:
    await response.write(f"data: {json.dumps(payload)}\n\n".encode())


def _head(kind: str) -> Json:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": MODEL,
    }


def _tokens(text: str) -> list[str]:
    """Words with the space before them, as language models write."""
    return re.findall(r"\s*\S+", text)
