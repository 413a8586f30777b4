"""Verdicts: exchanges judged on request, without relaying anything: our own API, and LiteLLM's.

`POST /v1/screen` takes one exchange and gives what `handrail screen` gives for a row.
`POST /beta/litellm_basic_guardrail_api` is LiteLLM's generic guardrail API: it is sent the texts of a
request or of a response, and may give them back changed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import models_json_schema

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.decision import Action
from handrail.proxy.answers import error_response
from handrail.proxy.asker import read_context
from handrail.proxy.dialects.dialect import INVALID, Fault
from handrail.proxy.dialects.payload import ROLES, words
from handrail.proxy.guard import Guard, Verdict
from handrail.proxy.journal.record import Delivery, Origin
from handrail.proxy.live import Live
from handrail.proxy.screen import result_of
from handrail.proxy.settings import Settings

SCREEN_PATH = "/v1/screen"
LITELLM_PATH = "/beta/litellm_basic_guardrail_api"

Json = dict[str, Any]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ScreenMessage(_Body):
    """One message; roles other than user and assistant are passed over."""

    role: str
    content: Any = None


class ScreenRequest(_Body):
    """An exchange to be judged. `locale` says where the person is, and wins over the header."""

    id: str | int | None = None
    messages: tuple[ScreenMessage, ...] = Field(min_length=1)
    reply: str
    locale: str | None = None


class GuardrailRequest(_Body):
    """What LiteLLM sends; only texts of a response are judged, in the conversation they answer."""

    input_type: Literal["request", "response"]
    texts: tuple[str, ...] = ()
    structured_messages: tuple[ScreenMessage, ...] | None = None
    request_data: Json = Field(default_factory=dict)


class GuardrailResponse(BaseModel):
    """What LiteLLM is answered: NONE, or GUARDRAIL_INTERVENED with the texts as they should be shown."""

    action: Literal["NONE", "GUARDRAIL_INTERVENED"]
    texts: tuple[str, ...] | None = None


class VerdictHandler:
    """Handles requests for verdicts. A flagged exchange is journalled like any other."""

    def __init__(self, settings: Settings, live: Live) -> None:
        self._settings = settings
        self._live = live

    async def screen(self, request: web.Request) -> web.Response:
        """One exchange in, its verdict out; 503 when it could not be judged."""
        guard = self._live.guard
        try:
            asked = ScreenRequest.model_validate_json(await request.read())
            origin = self._origin(request, guard, asked.locale)
        except (ValidationError, RequestError) as error:
            return error_response(_fault(error))
        verdict = await _judge(guard, origin, _conversation(asked.messages), asked.reply)
        if verdict.assessment is None:
            return error_response(
                Fault(503, "The exchange could not be judged.", "server_error", verdict.failure)
            )
        result = result_of(asked.id, asked.reply, verdict.assessment, verdict.decision)
        return web.json_response({**result, "exchange": origin.id})

    async def guardrail(self, request: web.Request) -> web.Response:
        """LiteLLM's texts in; what should be shown out. Texts that can't be judged are replaced."""
        guard = self._live.guard
        try:
            asked = GuardrailRequest.model_validate_json(await request.read())
            conversation = _conversation(asked.structured_messages or _messages_of(asked.request_data))
            origins = [self._origin(request, guard, None) for _ in asked.texts]
        except (ValidationError, RequestError) as error:
            return error_response(_fault(error))
        if asked.input_type == "request":
            return _guardrail_response(GuardrailResponse(action="NONE"))
        pairs = list(zip(origins, asked.texts, strict=True))
        decisions = [(await _judge(guard, o, conversation, text)).decision for o, text in pairs]
        if all(d.action == Action.DELIVER for d in decisions):
            return _guardrail_response(GuardrailResponse(action="NONE"))
        shown = tuple(d.delivered(text) for d, text in zip(decisions, asked.texts, strict=True))
        return _guardrail_response(GuardrailResponse(action="GUARDRAIL_INTERVENED", texts=shown))

    def _origin(self, request: web.Request, guard: Guard, locale: str | None) -> Origin:
        directory = guard.decider.directory
        at = datetime.now(UTC)
        context = read_context(request.headers, request.path, self._settings, directory, at)
        if locale:
            context = replace(context, locale=locale, country=None).located(directory)
        return Origin.now("screen", request.path, context, guard.user_of(request.headers))


async def _judge(guard: Guard, origin: Origin, conversation: Conversation, reply: str) -> Verdict:
    verdict = await guard.judge(conversation, reply, origin.context, thorough=True)
    delivery = Delivery(0, conversation, reply, verdict.decision.delivered(reply))
    await guard.conclude(origin, delivery, verdict)
    return verdict


def openapi(version: str) -> Json:
    """What can be asked of this server by itself, as OpenAPI 3.1."""
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (model, "validation") for model in (ScreenRequest, GuardrailRequest, GuardrailResponse)
    ]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    about = "Verdicts on chatbot replies. Chats themselves are relayed under the upstream's own paths."
    return {
        "openapi": "3.1.0",
        "info": {"title": "handrail", "version": version, "description": about},
        "paths": {
            SCREEN_PATH: {"post": _operation("Judge one exchange", "ScreenRequest", {"type": "object"})},
            LITELLM_PATH: {
                "post": _operation(
                    "LiteLLM's generic guardrail API", "GuardrailRequest", _reference("GuardrailResponse")
                )
            },
            "/healthz": {"get": _probe("The process lives")},
            "/readyz": {"get": _probe("Replies can be judged, and flagged ones kept")},
            "/metrics": {"get": _probe("Prometheus metrics")},
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(summary: str, asked: str, answered: Json) -> Json:
    def content(schema: Json) -> Json:
        return {"application/json": {"schema": schema}}

    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content(_reference(asked))},
        "responses": {
            "200": {"description": "OK", "content": content(answered)},
            "400": {"description": "A field is wrong; the error names it"},
            "503": {"description": "The exchange could not be judged"},
        },
    }


def _probe(summary: str) -> Json:
    return {"summary": summary, "responses": {"200": {"description": "OK"}}}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _conversation(messages: Sequence[ScreenMessage]) -> Conversation:
    kept = [m for m in messages if m.role in ROLES]
    return Conversation(tuple(Message(ROLES[m.role], words(m.content)) for m in kept))


def _messages_of(data: Json) -> tuple[ScreenMessage, ...]:
    """The messages of the request that LiteLLM guards, where it passes them on as they came."""
    found = data.get("messages")
    if not isinstance(found, list):
        return ()
    return tuple(ScreenMessage.model_validate(message) for message in found)


def _guardrail_response(answer: GuardrailResponse) -> web.Response:
    return web.json_response(answer.model_dump(exclude_none=True))


def _fault(error: ValidationError | RequestError) -> Fault:
    if isinstance(error, RequestError):
        return Fault(400, str(error), INVALID, "invalid_request", error.field)
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in problem["loc"]) or "body"
    return Fault(400, f"'{field}': {problem['msg']}.", INVALID, "invalid_request", field)
