"""Upstream: the one place that speaks to the chatbot's server, and translates what goes wrong there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from handrail.classifiers.errors import UpstreamError
from handrail.proxy.settings import Settings

Body = bytes | AsyncIterator[bytes] | None


class Upstream:
    """A pool of connections to the server of the settings. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.upstream_url
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=settings.connect_timeout, sock_read=settings.idle_timeout
        )
        self._session = aiohttp.ClientSession(
            timeout=timeout,
            # A proxy keeps no cookies: they are the client's.
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    @asynccontextmanager
    async def send(
        self, method: str, path: str, headers: CIMultiDict[str], body: Body, *, decode: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request on; give the response while its body is still coming.

        `path` is the raw path with its query. `decode` undoes the body's content coding. Raises
        UpstreamError for whatever the network does, also while the body is read.
        """
        url = URL(self._base + path, encoded=True)
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, auto_decompress=decode
            ) as response:
                yield response
        except TimeoutError as error:
            raise UpstreamError(
                "The model server took too long to answer.", 504, "upstream_timeout"
            ) from error
        except aiohttp.ClientConnectionError as error:
            raise _lost(error) from error
        except aiohttp.ClientError as error:
            raise UpstreamError("The model server's answer broke off.", 502, "upstream_cut") from error


def _lost(error: aiohttp.ClientConnectionError) -> UpstreamError:
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamError("The model server could not be reached.", 502, "upstream_unreachable")
    return UpstreamError("The model server closed the connection.", 502, "upstream_cut")
