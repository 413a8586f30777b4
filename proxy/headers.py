"""Headers: which of them cross a proxy, and which end at it (RFC 9110, section 7.6.1)."""

from collections.abc import Mapping

from multidict import CIMultiDict

# Connection-bound headers, and those whose value the next hop works out anew.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OWN_PREFIX = "x-handrail-"
ENDS_HERE = _HOP_BY_HOP | {"host", "content-length", "expect"}
# Of a body that is passed on without the content coding it came in.
_OF_CODED = _HOP_BY_HOP | {"content-encoding", "content-length"}
LOCALE_HEADER = "X-Handrail-Locale"
PERSONA_HEADER = "X-Handrail-Persona"
AGE_BAND_HEADER = "X-Handrail-Age-Band"
TIMEZONE_HEADER = "X-Handrail-Timezone"
USER_HEADER = "X-Handrail-User"
EXCHANGE_HEADER = "X-Handrail-Exchange"


def to_upstream(headers: Mapping[str, str], dropped: frozenset[str] = ENDS_HERE) -> CIMultiDict[str]:
    """The client's headers as an upstream should see them: without the `dropped`, named in small letters."""
    dropped = _with_named(headers, dropped)
    found = [(name, name.lower(), value) for name, value in headers.items()]
    return CIMultiDict([(n, v) for n, low, v in found if low not in dropped and low[:11] != _OWN_PREFIX])


def without_opening(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """Headers without what belongs to the opening of a WebSocket, which is agreed on with each side."""
    return CIMultiDict((n, v) for n, v in headers.items() if not n.lower().startswith("sec-websocket-"))


def to_client(headers: Mapping[str, str], *, decoded: bool) -> CIMultiDict[str]:
    """The upstream's headers as the client should see them.

    `decoded` says that the body is passed on without the content coding it came in.
    """
    dropped = _with_named(headers, _OF_CODED if decoded else _HOP_BY_HOP)
    return CIMultiDict([(name, value) for name, value in headers.items() if name.lower() not in dropped])


def _with_named(headers: Mapping[str, str], dropped: frozenset[str]) -> frozenset[str]:
    """Names to drop, and those that `Connection` names."""
    if "Connection" not in headers:
        return dropped
    return dropped | {n.strip().lower() for v in _all(headers, "Connection") for n in v.split(",")}


def _all(headers: Mapping[str, str], name: str) -> list[str]:
    getall = getattr(headers, "getall", None)
    return list(getall(name, ())) if getall else [headers[name]] if name in headers else []
