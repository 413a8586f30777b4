import pytest

from handrail.proxy.dialects.paths import family_of, plain


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions/", "/V1//chat/./completions", "/v1/x/../chat/completions;a=1"]
)
def test_every_spelling_is_one_path(path: str) -> None:
    """However a lenient server lets a path be spelt, it is read as one."""
    assert plain(path) == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("method", "path", "family"),
    [
        ("GET", "/v1/responses/resp_1", "stored"),
        ("POST", "/v1/responses/resp_1/cancel", "stored"),
        ("GET", "/v1/responses/resp_1/input_items", "stored"),
        ("POST", "/v1/responses/compact", "stored"),
        ("GET", "/v1/chat/completions", "stored"),
        ("GET", "/v1/chat/completions/c_1/", "stored"),
        ("GET", "/v1/chat/completions/c_1/messages", "stored"),
        ("GET", "/v1/evals/e/runs/r/output_items", "stored"),
        ("POST", "/v1/threads/t/runs", "assistants"),
        ("GET", "/V1/Threads/t/messages", "assistants"),
        ("POST", "/v1/threads/t/messages", "assistants"),
        ("GET", "/v1/conversations/c/items", "conversations"),
        ("POST", "/v1/batches", "batches"),
        ("GET", "/v1/messages/batches/b/results", "batches"),
        ("GET", "/v1/files/f/content", "files"),
        ("GET", "/v1/containers/c/files/f/content", "files"),
        ("POST", "/v1/realtime/client_secrets", "realtime"),
        ("POST", "/v1/audio/speech", "audio"),
        ("POST", "/v1/audio/transcriptions", "audio"),
        ("POST", "/v1/complete", "generation"),
        ("POST", "/completion", "generation"),
        ("POST", "/generate", "generation"),
        ("POST", "/generate_stream", "generation"),
        ("POST", "/api/v1/generate", "generation"),
        ("POST", "/api/extra/generate/stream", "generation"),
        ("POST", "/v2/chat", "generation"),
        ("POST", "/v1beta/models/m:generateContent", "generation"),
        ("POST", "/v1beta/models/m:streamGenerateContent", "generation"),
        ("POST", "/model/m/converse-stream", "generation"),
        ("DELETE", "/v1/responses/resp_1", None),
        ("POST", "/v1/chat/completions", None),
        ("POST", "/v1/responses", None),
        ("POST", "/v1/responses/input_tokens", None),
        ("POST", "/v1/completions", None),
        ("POST", "/v1/messages", None),
        ("POST", "/api/generate", None),
        ("POST", "/v1/embeddings", None),
        ("POST", "/api/embed", None),
        ("GET", "/v1/files/f", None),
        ("GET", "/v1/models/gpt", None),
    ],
)
def test_paths_whose_words_no_dialect_reads(method: str, path: str, family: str | None) -> None:
    """What would bring a model's words unread is told from what brings none, and from what is judged."""
    assert family_of(method, path) == family
