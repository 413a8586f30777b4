import pytest
from multidict import CIMultiDict

from handrail.proxy.headers import to_client, to_upstream


@pytest.mark.parametrize(
    "name",
    ["Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authorization"],
)
def test_hop_by_hop_headers_end_here(name: str) -> None:
    """Headers that belong to one connection cross in neither direction."""
    headers = CIMultiDict({name: "x", "X-Other": "y"})
    assert dict(to_upstream(headers)) == {"X-Other": "y"}
    assert dict(to_client(headers, decoded=False)) == {"X-Other": "y"}


def test_headers_named_by_connection_end_here() -> None:
    """What a Connection header names is bound to that connection too."""
    headers = CIMultiDict([("Connection", "close, X-Secret"), ("X-Secret", "1"), ("X-Other", "2")])
    assert dict(to_upstream(headers)) == {"X-Other": "2"}


def test_our_own_headers_stay_with_us() -> None:
    """Headers addressed to handrail are not passed on."""
    assert not to_upstream(CIMultiDict({"X-Handrail-Locale": "en-GB"}))


def test_repeated_headers_are_all_kept() -> None:
    """Headers that come more than once, such as cookies, keep every value in order."""
    headers = CIMultiDict([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    assert to_client(headers, decoded=True).getall("Set-Cookie") == ["a=1", "b=2"]


def test_a_decoded_body_loses_its_coding() -> None:
    """A body passed on without its content coding is not announced with it."""
    headers = CIMultiDict({"Content-Encoding": "gzip", "Content-Length": "9", "ETag": "x"})
    assert dict(to_client(headers, decoded=True)) == {"ETag": "x"}
    assert dict(to_client(headers, decoded=False)) == dict(headers)
