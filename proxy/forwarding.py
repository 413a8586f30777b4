"""Forwarding: what a request on its way upstream says of the proxies and the client behind it."""

import secrets
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import product
from typing import Literal

from aiohttp import web
from multidict import CIMultiDict

from handrail.classifiers.errors import RequestError
from handrail.proxy.headers import ENDS_HERE, to_upstream

Network = IPv4Network | IPv6Network

# What a proxy says of its client. An upstream believes it, so a client must not be able to say it, also not
# with _ for -, which some servers take for the same.
_CLAIMS = frozenset(
    "".join(parts)
    for name in ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "forwarded")
    for parts in product(*(("-", "_") if letter == "-" else (letter,) for letter in name))
)
_UNBELIEVED = ENDS_HERE | _CLAIMS


class Forwarding:
    """Appends this proxy to `Via`, and the client to `X-Forwarded-For` and, where it came, `Forwarded`.

    What a client says of others is kept only if it is a trusted proxy. `drop` says nothing of the client at
    all: where the upstream is someone else's, a person's address is none of its business.
    """

    def __init__(self, trusted: Sequence[Network], manner: Literal["append", "drop"]) -> None:
        self._trusted = tuple(trusted)
        self._says = manner == "append"
        # Unlike that of any other process, so that a request which comes back is known.
        self._name = f"handrail-{secrets.token_hex(4)}"

    def check_loop(self, request: web.BaseRequest) -> None:
        """Refuse a request that has been here before."""
        if any(self._name in via for via in request.headers.getall("Via", ())):
            message = "The request has come back to this proxy: an upstream's URL leads here."
            raise RequestError(message, status=508, code="loop_detected")

    def headers(self, request: web.BaseRequest) -> CIMultiDict[str]:
        """The headers of a request as an upstream should see them."""
        via = ", ".join(request.headers.getall("Via", ()))
        believed = self._says and self.trusts(request.remote)
        headers = to_upstream(request.headers, ENDS_HERE if believed else _UNBELIEVED)
        version = f"{request.version.major}.{request.version.minor} {self._name}"
        headers["Via"] = f"{via}, {version}" if via else version
        if self._says and request.remote:
            _tell(headers, request, request.remote)
        return headers

    def client_of(self, request: web.BaseRequest) -> str:
        """The address of the client: the last that no trusted proxy has, as those in front of us tell it."""
        told = ", ".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        address = request.remote or ""
        while self.trusts(address) and told and told[-1].strip():
            address = told.pop().strip()
        return address

    def trusts(self, address: str | None) -> bool:
        """Whether this is the address of a proxy that the settings trust."""
        if not self._trusted or not address:
            return False
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)


def _tell(headers: CIMultiDict[str], request: web.BaseRequest, address: str) -> None:
    earlier = headers.getall("X-Forwarded-For", [])
    headers["X-Forwarded-For"] = ", ".join((*earlier, address))
    headers.setdefault("X-Forwarded-Proto", request.scheme)
    headers.setdefault("X-Forwarded-Host", request.host)
    if "Forwarded" in headers:
        node = f'"[{address}]"' if ":" in address else address
        host = request.host.replace("\\", "\\\\").replace('"', '\\"')
        element = f'for={node};host="{host}";proto={request.scheme}'
        headers["Forwarded"] = ", ".join((*headers.getall("Forwarded"), element))
