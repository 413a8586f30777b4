import pytest
from multidict import CIMultiDict
from pydantic import SecretStr, ValidationError

from handrail.proxy.routing import DEFAULT, Router, UpstreamEntry, destination, model_of

ENTRIES = (
    UpstreamEntry(name="talk", url="http://t:1", paths=("/v1/messages", "/talk/")),
    UpstreamEntry(name="big", url="http://b:1/base/", models=("gpt-*", "o3"), key=SecretStr("sk")),
)


@pytest.fixture
def router() -> Router:
    return Router(destination(DEFAULT, "http://d:1", None, "Authorization"), ENTRIES)


@pytest.mark.parametrize(
    ("path", "model", "name"),
    [
        ("/v1/chat/completions", None, "default"),
        ("/v1/chat/completions", "llama", "default"),
        ("/v1/chat/completions", "gpt-9", "big"),
        ("/v1/chat/completions", "o3", "big"),
        ("/v1/chat/completions", "o3-mini", "default"),
        ("/v1/messages?beta=true", None, "talk"),
        ("/v1/messages/count", "gpt-9", "talk"),
        ("/v1/messagesextra", None, "default"),
        ("//v1/./%6dessages", None, "talk"),
        ("/x/../v1/messages", None, "talk"),
        ("/talk", None, "talk"),
        ("/talk/a", None, "talk"),
    ],
)
def test_the_first_entry_that_takes_a_request(
    router: Router, path: str, model: str | None, name: str
) -> None:
    """A request goes to the first entry that takes its path or its model, or to the default."""
    assert router.choose(path, model).name == name


def test_a_key_of_ours_drives_out_the_clients(router: Router) -> None:
    """With a key of ours no key of the client's leaves, under whatever name; without one it passes."""
    theirs = {"Authorization": "a", "X-Api-Key": "b", "api-key": "c", "X-Other": "d"}
    headers = CIMultiDict(theirs)
    router.choose("/", "o3").authorize(headers)
    assert dict(headers) == {"X-Other": "d", "Authorization": "Bearer sk"}
    headers = CIMultiDict(theirs)
    router.choose("/", None).authorize(headers)
    assert dict(headers) == theirs


def test_a_key_in_a_header_of_its_own_stands_bare() -> None:
    """In any header but Authorization a key stands by itself."""
    headers = CIMultiDict({"Authorization": "theirs"})
    destination("a", "http://a:1", SecretStr("sk"), "x-api-key").authorize(headers)
    assert dict(headers) == {"x-api-key": "sk"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "must have paths or models"),
        ({"paths": ["v1"]}, "each must begin with /"),
        ({"models": ["a"], "name": "default"}, "choose another"),
        ({"models": ["a"], "url": "b:1"}, "must be an http://"),
        ({"models": ["a"], "key": "a b"}, "must be printable"),
        ({"models": ["a"], "key_header": "a: b"}, "must be the name of a header"),
    ],
)
def test_a_wrong_entry_is_named(values: dict[str, object], message: str) -> None:
    """An entry that can't work is refused with the mend."""
    with pytest.raises(ValidationError, match=message):
        UpstreamEntry.model_validate({"name": "a", "url": "http://a:1", **values})


@pytest.mark.parametrize(
    ("body", "model"),
    [(b'{"model": "m"}', "m"), (b'{"model": 3}', None), (b"[]", None), (b"{", None), (b"[" * 99999, None)],
)
def test_the_model_of_a_body(body: bytes, model: str | None) -> None:
    """The model is what a JSON object names as such, and nothing else."""
    assert model_of(body) == model
