import pytest

from handrail.proxy.dialects.generic import GenericMapping, generic_dialect
from handrail.proxy.dialects.known import Known, dialects, unread_path
from handrail.proxy.dialects.tools import NOTHING

KNOWN = Known((), dialects(NOTHING))


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/chat/completions", "openai_chat"),
        ("POST", "/openai/deployments/x/chat/completions/", "openai_chat"),
        ("POST", "/v1/completions", "openai_completions"),
        ("POST", "/v1/messages", "anthropic"),
        ("POST", "/V1//messages/", "anthropic"),
        ("POST", "/openai/responses", "openai_responses"),
        ("POST", "/api/chat", "ollama_chat"),
        ("POST", "/api/generate", "ollama_generate"),
        ("POST", "/x/api/generate", "ollama_generate"),
        ("GET", "/api/chat", None),
        ("GET", "/v1/completions", None),
        ("POST", "/v1/messages/count_tokens", None),
        ("POST", "/v1/threads/t_1/messages", None),
        ("POST", "/api/embed", None),
    ],
)
def test_a_request_is_known_by_its_path(method: str, path: str, name: str | None) -> None:
    """Each dialect takes its own paths, in any spelling a lenient server takes, and no others."""
    found = KNOWN.dialect_of(method, path)
    assert (found.name if found else None) == name


def test_names_are_unlike() -> None:
    """A record's dialect says which one it was."""
    assert len({d.name for d in KNOWN.ours}) == len(KNOWN.ours)


def test_the_operators_own_come_first() -> None:
    """A mapping may stand on a path that is refused otherwise."""
    own = generic_dialect(GenericMapping(path="/v1/chat", text="/message"))
    found = Known((own,), KNOWN.ours).dialect_of("POST", "/v1/chat")
    assert found is own


def test_what_is_refused_may_be_let_pass() -> None:
    """A family of paths that the settings name is relayed; the error names the family and the setting."""
    assert KNOWN.refused("GET", "/v1/files/f_1/content") == "files"
    assert Known((), KNOWN.ours, ("files",)).refused("GET", "/v1/files/f_1/content") is None
    fault = unread_path("files")
    assert (fault.status, fault.code) == (501, "unread_path")
    assert "'files'" in fault.message
    assert "relay_unread" in fault.message
