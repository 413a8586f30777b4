"""OpenAI's older completions: a prompt in, text out. Their answers are written like chat completions."""

from handrail.classifiers.errors import RequestError
from handrail.classifiers.exchange import Conversation, Message
from handrail.proxy.dialects.dialect import Asked
from handrail.proxy.dialects.openai_chat import MOST_CHOICES
from handrail.proxy.dialects.payload import flag, is_whole, json_object

WHAT = "a completion"


def read_request(body: bytes) -> Asked:
    """Read a request body. Raises RequestError naming the field and the mend.

    A prompt is all that is known of the conversation. Several prompts are answered together, each reply by
    an index of its own; every one of them is judged in the light of all.
    """
    payload = json_object(body)
    prompts, unread = _prompts(payload.get("prompt", ""))
    each = payload.get("n")
    if each is not None and not (is_whole(each) and each >= 1):
        raise RequestError("'n' must be a whole number from 1.", "n")
    count = max(len(prompts), 1) * (each or 1)
    if count > MOST_CHOICES:
        raise RequestError(f"'prompt' and 'n' together ask for more than {MOST_CHOICES} replies.", "prompt")
    conversation = Conversation(tuple(Message("user", p) for p in prompts if p))
    return Asked(conversation, flag(payload, "stream", default=False), count, unread)


def _prompts(value: object) -> tuple[list[str], tuple[str, ...]]:
    """The prompts, and what of them can't be read; a prompt of tokens stands as an empty one."""
    if value is None or isinstance(value, str):
        return [value or ""], ()
    if not isinstance(value, list) or not value:
        raise RequestError("'prompt' must be a string, or a list of strings or tokens.", "prompt")
    if all(isinstance(p, str) for p in value):
        return value, ()
    if all(is_whole(token) for token in value):
        return [""], ("tokens",)
    if all(isinstance(p, list) and all(is_whole(token) for token in p) for p in value):
        return [""] * len(value), ("tokens",)
    raise RequestError("'prompt' must be a string, or a list of strings or tokens.", "prompt")
