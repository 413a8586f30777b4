import json

import aiohttp
import pytest

from .conftest import Guarded, Script, post

CLAIMS = {
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "talk.example",
    "Forwarded": "for=1.2.3.4",
    "X_Forwarded_For": "6.6.6.6",
    "X-Real-IP": "1.2.3.4",
}


async def _sent(url: str, script: Script, headers: dict[str, str]) -> dict[str, str]:
    async with aiohttp.ClientSession() as client, client.get(f"{url}/x", headers=headers) as answer:
        assert answer.status == 200
    return dict(script.asked[-1].headers)


async def test_an_upstream_is_told_of_the_client(guarded: Guarded, upstream: str, script: Script) -> None:
    """The client's address, scheme and host go upstream, and this proxy in Via."""
    url = await guarded(upstream)
    sent = await _sent(url, script, {})
    assert sent["X-Forwarded-For"] == "127.0.0.1"
    assert sent["X-Forwarded-Proto"] == "http"
    assert sent["X-Forwarded-Host"] == url.removeprefix("http://")
    assert sent["Host"] == upstream.removeprefix("http://")
    assert sent["Via"].startswith("1.1 handrail-")
    assert "Forwarded" not in sent


async def test_a_client_can_t_claim_to_be_another(guarded: Guarded, upstream: str, script: Script) -> None:
    """What a client that is no trusted proxy says of others is dropped, also spelt with underscores."""
    sent = await _sent(await guarded(upstream), script, CLAIMS)
    assert sent["X-Forwarded-For"] == "127.0.0.1"
    assert "1.2.3.4" not in str(sent)
    assert "6.6.6.6" not in str(sent)


async def test_a_trusted_proxy_is_believed(guarded: Guarded, upstream: str, script: Script) -> None:
    """What a trusted proxy says is passed on, with its own address behind it."""
    url = await guarded(upstream, trusted_proxies=["127.0.0.0/8"])
    sent = await _sent(url, script, CLAIMS)
    assert sent["X-Forwarded-For"] == "1.2.3.4, 127.0.0.1"
    assert sent["X-Forwarded-Proto"] == "https"
    assert sent["X-Forwarded-Host"] == "talk.example"
    host = url.removeprefix("http://")
    assert sent["Forwarded"] == f'for=1.2.3.4, for=127.0.0.1;host="{host}";proto=http'


async def test_nothing_of_the_client_is_said(guarded: Guarded, upstream: str, script: Script) -> None:
    """With `forwarded: drop` no address leaves, not even what a trusted proxy said."""
    url = await guarded(upstream, trusted_proxies="127.0.0.1, ::1", forwarded="drop")
    sent = await _sent(url, script, CLAIMS)
    assert not {name.lower() for name in CLAIMS} & {name.lower() for name in sent}


async def test_earlier_proxies_stay_named(guarded: Guarded, upstream: str, script: Script) -> None:
    """Via is appended to, never replaced."""
    sent = await _sent(await guarded(upstream), script, {"Via": "1.0 cache"})
    assert sent["Via"].startswith("1.0 cache, 1.1 handrail-")


@pytest.mark.parametrize("path", ["/x", "/v1/chat/completions"])
async def test_a_request_that_comes_back_is_refused(
    guarded: Guarded, upstream: str, script: Script, path: str
) -> None:
    """A request that has been through this proxy is refused, so that it can't go round for ever."""
    url = await guarded(upstream)
    via = (await _sent(url, script, {}))["Via"]
    status, answer = await post(url, {}, path=path, headers={"Via": via})
    assert (status, json.loads(answer)["error"]["code"]) == (508, "loop_detected")
