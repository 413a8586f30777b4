"""Server: scripted, recorded and Inspect's chatbots behind OpenAI's chat completions, for a proxy to guard.

`python -m handrail.evals.targets.server KIND` listens on a free port of this machine and prints its URL.
Replies are cut to the published 1,024 characters here, before any guard, so that what a guard adds is never
cut away.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import click
from aiohttp import web

from handrail.evals.targets.canned import cut

Said = tuple[str, str]
Json = dict[str, Any]

_LARGEST = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a chatbot said, and the tokens that it took, where they are known."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for; `key` names a recorded reply."""

    model: str
    said: Sequence[Said]
    key: str | None
    most_tokens: int | None
    temperature: float | None


class Speaker(Protocol):
    """Whatever answers."""

    async def speak(self, wanted: Wanted) -> Spoken:
        """The reply to a request. Raises LookupError for a model or key that it doesn't have."""


_SPEAKER = web.AppKey("speaker", Speaker)


def build_server(speaker: Speaker) -> web.Application:
    """The chatbot as an application."""
    app = web.Application(client_max_size=_LARGEST)
    app[_SPEAKER] = speaker
    app.router.add_post("/v1/chat/completions", _complete)
    return app


async def _complete(request: web.Request) -> web.Response:
    try:
        wanted = _wanted(await request.json())
    except (ValueError, TypeError, KeyError, AttributeError):
        return _error(400, "messages: must be a list of {role, content}, content a string")
    try:
        spoken = await request.app[_SPEAKER].speak(wanted)
    except LookupError:
        return _error(404, "model: this server has no such chatbot or reply")
    return web.json_response(_completion(wanted.model, spoken))


def _wanted(body: Any) -> Wanted:
    said = [(str(m["role"]), _words(m["content"])) for m in body["messages"]]
    key = body.get("user")
    most = body.get("max_completion_tokens", body.get("max_tokens"))
    return Wanted(str(body["model"]), said, key, most, body.get("temperature"))


def _words(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError
    return content


def _completion(model: str, spoken: Spoken) -> Json:
    usage = {"prompt_tokens": spoken.input_tokens, "completion_tokens": spoken.output_tokens}
    message = {"role": "assistant", "content": cut(spoken.text)}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def _error(status: int, message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=status)


async def _serve(speaker: Speaker) -> None:
    runner = web.AppRunner(build_server(speaker), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    click.echo(f"listening at http://127.0.0.1:{runner.addresses[0][1]}", err=True)
    await asyncio.Event().wait()


def speaker_of(kind: str, seed: int, file: Path | None, cache: bool) -> Speaker:
    """The speaker of a kind of target."""
    # Each kind is imported where it is wanted: Inspect takes seconds to load, and scripts don't need it.
    if kind == "inspect":
        from handrail.evals.targets.bridge import Bridge  # noqa: PLC0415

        return Bridge(seed=seed, cache=cache)
    from handrail.evals.targets.scripted import Recorded, Scripted  # noqa: PLC0415

    return Recorded(file) if kind == "recorded" else Scripted(seed)


@click.command()
@click.argument("kind", type=click.Choice(["scripted", "recorded", "inspect"]))
@click.option("--seed", default=0)
@click.option("--file", type=click.Path(path_type=Path))
@click.option("--cache/--no-cache", default=True, help="Ask a model the same thing once only.")
def main(kind: str, seed: int, file: Path | None, cache: bool) -> None:
    """Serve chatbots of one kind on a free port of this machine."""
    asyncio.run(_serve(speaker_of(kind, seed, file, cache)))


if __name__ == "__main__":
    main()
