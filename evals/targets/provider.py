"""Provider: a target, bare or guarded, as a model of Inspect's, named `handrail/TARGET`.

Where it listens changes from run to run and is no part of its name, so that an interrupted run finds its
logs again.
"""

import os
from typing import Any

import aiohttp
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from handrail.evals.targets.wire import Ask, Usage, Wire, wire_of

# The paper's limit of 1,024 characters, in tokens that no English text of that length exceeds.
MOST_TOKENS = 400
NAME = "handrail"
KEY_VARIABLE = "HANDRAIL_TARGET_KEY"
# The header by which handrail says that it altered an answer.
ALTERED = "X-Handrail-Exchange"
_SECONDS = 180


class TargetError(Exception):
    """The target answered with an error or with what can't be read; Inspect records it with the sample."""


@modelapi(name=NAME)
class Provider(ModelAPI):
    """Asks a server in its own dialect. `generic` is the proxy's mapping for a home-made one."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  (Inspect's own signature)
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self._asked = str(model_args.get("asked", model_name))
        self._wire: Wire = wire_of(str(model_args.get("dialect", "openai")), model_args.get("generic"))

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002  (Inspect's own signature)
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """The delivered reply; `metadata` says whether handrail altered it. Raises TargetError."""
        key = (config.extra_body or {}).get("user")
        said = [(message.role, message.text) for message in input]
        most = config.max_tokens or MOST_TOKENS
        ask = Ask(self._asked, said, most, config.temperature or 0.0, key)
        answer, altered = await self._post(self._wire.body(ask))
        try:
            text, usage = self._wire.reply(answer), self._wire.usage(answer)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise TargetError("the target's answer holds no reply where its dialect puts one") from error
        return self._output(text, usage, altered=altered)

    def _output(self, text: str, usage: Usage, *, altered: bool) -> ModelOutput:
        output = ModelOutput.from_content(self.model_name, text)
        output.usage = ModelUsage(
            input_tokens=usage.input, output_tokens=usage.output, total_tokens=usage.input + usage.output
        )
        output.metadata = {"altered": altered}
        return output

    async def _post(self, body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._headers()) as client,
                client.post(f"{self.base_url}{self._wire.path}", json=body) as response,
            ):
                if response.status != 200:
                    raise TargetError(f"the target answered with status {response.status}")
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise TargetError(f"the target could not be asked: {type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise TargetError("the target's answer is no JSON object")
        return answer, ALTERED in response.headers

    def _headers(self) -> dict[str, str]:
        key = self.api_key or os.environ.get(KEY_VARIABLE)
        found = dict(self._wire.headers)
        return {**found, "Authorization": f"Bearer {key}", "x-api-key": key} if key else found

    async def count_text_tokens(self, text: str) -> int:
        """A quarter of the characters: Inspect's own count would fetch a vocabulary from the network."""
        return len(text) // 4

    def max_connections(self) -> int:
        """How many samples ask at once; the guard has few cores, and more would only wait."""
        return 8
