from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handrail.proxy.journal.audit import Act, Link, first_broken, link_after, link_of, link_values

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _chain(count: int) -> list[Link]:
    links: list[Link] = []
    for n in range(count):
        links.append(link_after(links[-1] if links else None, Act("ada", "saw", f"ex_{n}"), AT))
    return links


def test_a_whole_chain_is_found_whole() -> None:
    """A chain as it was made is whole, also after a way through plain values."""
    links = _chain(5)
    assert first_broken(links) is None
    assert first_broken(link_of(link_values(link)) for link in links) is None
    assert first_broken([]) is None


@pytest.mark.parametrize("spoil", ["alter", "drop", "swap", "insert"])
def test_a_spoilt_chain_is_found_out(spoil: str) -> None:
    """Whatever is altered, dropped, swapped or put in shows at its place."""
    links = _chain(5)
    spoilt = {
        "alter": [*links[:2], replace(links[2], act=Act("bob", "saw", "ex_2")), *links[3:]],
        "drop": [*links[:2], *links[3:]],
        "swap": [*links[:2], links[3], links[2], links[4]],
        "insert": [*links[:2], link_after(links[0], Act("bob", "saw"), AT), *links[2:]],
    }
    assert first_broken(spoilt[spoil]) == 3
