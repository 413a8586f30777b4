import pytest

from handrail.proxy.dialects.known import DIALECTS, asks_for_stored, dialect_of


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/chat/completions", "openai_chat"),
        ("POST", "/openai/deployments/x/chat/completions", "openai_chat"),
        ("POST", "/v1/messages", "anthropic"),
        ("POST", "/V1//messages/", "anthropic"),
        ("POST", "/openai/responses", "openai_responses"),
        ("POST", "/api/chat", "ollama_chat"),
        ("POST", "/api/generate", "ollama_generate"),
        ("GET", "/api/chat", None),
        ("POST", "/v1/messages/count_tokens", None),
        ("POST", "/api/embed", None),
    ],
)
def test_a_request_is_known_by_its_path(method: str, path: str, name: str | None) -> None:
    """Each dialect takes its own paths, in any spelling a lenient server takes, and no others."""
    found = dialect_of(method, path)
    assert (found.name if found else None) == name


def test_names_are_unlike() -> None:
    """A record's dialect says which one it was."""
    assert len({d.name for d in DIALECTS}) == len(DIALECTS)


@pytest.mark.parametrize(
    ("method", "path", "stored"),
    [
        ("GET", "/v1/responses/resp_1", True),
        ("POST", "/v1/responses/resp_1/cancel", True),
        ("GET", "/v1/chat/completions/c_1/", True),
        ("DELETE", "/v1/responses/resp_1", False),
        ("GET", "/v1/responses/resp_1/input_items", False),
        ("GET", "/v1/models/gpt", False),
    ],
)
def test_answers_kept_upstream_are_known(method: str, path: str, stored: bool) -> None:
    """What would hand back an answer as the model wrote it is told from what would not."""
    assert asks_for_stored(method, path) is stored
