import asyncio
import gzip

import aiohttp
import pytest

from .conftest import Guarded, Script


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_paths_pass_untouched(
    guarded: Guarded, upstream: str, script: Script, method: str
) -> None:
    """Any method on any other path reaches the upstream as it was sent, and its answer comes back."""
    script.status = 207
    script.headers = {"Content-Type": "text/x", "Set-Cookie": "a=1", "X-More": "é"}
    script.chunks = [b"\x00\xff", b"raw"]
    url = await guarded(upstream)
    sent = b"" if method in {"GET", "OPTIONS"} else b"\x01body"
    async with aiohttp.ClientSession() as client:
        target = aiohttp.client.URL(f"{url}/v1/files/a%2Fb?q=%20x&q=2", encoded=True)
        headers = {"Authorization": "Bearer k", "X-Mine": "1"}
        async with client.request(method, target, data=sent or None, headers=headers) as answer:
            assert answer.status == 207
            assert await answer.read() == b"\x00\xffraw"
            assert answer.headers["X-More"] == "é"
            assert answer.headers["Set-Cookie"] == "a=1"
    asked = script.asked[0]
    assert asked.method == method
    assert asked.raw_path == "/v1/files/a%2Fb?q=%20x&q=2"
    assert asked.headers["Authorization"] == "Bearer k"
    assert asked.headers["X-Mine"] == "1"
    assert script.bodies[0] == sent


async def test_a_compressed_body_stays_compressed(guarded: Guarded, upstream: str, script: Script) -> None:
    """What is not read is not unpacked either: the very bytes pass."""
    packed = gzip.compress(b"hello")
    script.headers = {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}
    script.chunks = [packed]
    url = await guarded(upstream)
    async with (
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.get(f"{url}/file") as answer,
    ):
        assert await answer.read() == packed
        assert answer.headers["Content-Encoding"] == "gzip"


async def test_redirects_are_the_clients_to_follow(guarded: Guarded, upstream: str, script: Script) -> None:
    """A redirect is passed on, not followed."""
    script.status, script.headers = 302, {"Location": "/elsewhere"}
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client, client.get(f"{url}/x", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
    assert len(script.asked) == 1


async def test_the_settings_key_goes_upstream(guarded: Guarded, upstream: str, script: Script) -> None:
    """With an upstream key set, the client's own never leaves."""
    url = await guarded(upstream, upstream_key="ours")
    async with aiohttp.ClientSession() as client:
        await (await client.get(f"{url}/x", headers={"Authorization": "Bearer theirs"})).read()
    assert script.asked[0].headers["Authorization"] == "Bearer ours"


async def test_an_upstream_that_is_down(guarded: Guarded) -> None:
    """With nobody listening upstream the client gets a 502 in OpenAI's shape."""
    url = await guarded("http://127.0.0.1:9")
    async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/models") as answer:
        assert answer.status == 502
        assert (await answer.json())["error"]["code"] == "upstream_unreachable"


async def test_a_broken_answer_is_not_passed_off_as_whole(
    guarded: Guarded, upstream: str, script: Script
) -> None:
    """When the upstream breaks off, so does the client's connection: half is never taken for whole."""
    script.chunks, script.cut = [b"half"], True
    url = await guarded(upstream)
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await (await client.get(f"{url}/x")).read()


async def test_upgrades_are_refused_in_words(guarded: Guarded, upstream: str, script: Script) -> None:
    """A WebSocket is refused with a clear error instead of passing unread."""
    url = await guarded(upstream)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/socket", headers=headers) as answer:
        assert answer.status == 501
        assert "WebSockets" in (await answer.json())["error"]["message"]
    assert not script.asked


async def test_a_target_that_is_no_path(guarded: Guarded, upstream: str, script: Script) -> None:
    """A request for another host, as sent to a forward proxy, is refused."""
    url = await guarded(upstream)
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET http://elsewhere.test/x HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"400 Bad Request" in answer
    assert b"must be a path" in answer
    assert not script.asked


async def test_offers_of_http2_are_passed_over(guarded: Guarded, upstream: str, script: Script) -> None:
    """A client that offers HTTP/2 by upgrade, which a server may ignore, is answered in HTTP/1.1."""
    url = await guarded(upstream)
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "x"}
    async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/models", headers=headers) as answer:
        assert answer.status == 200
    assert "Upgrade" not in script.asked[0].headers
