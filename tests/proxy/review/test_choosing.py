from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as some
from multidict import MultiDict

from handrail.proxy.journal.queue import OPEN
from handrail.proxy.review.choosing import Choice, choice_of

NOW = datetime(2026, 1, 8, tzinfo=UTC)
NAMES = some.sampled_from([*Choice.__dataclass_fields__, "other"])


def test_the_plain_queue_is_what_is_open() -> None:
    """Without anything asked for, all open cases are shown, most urgent first."""
    choice = choice_of(MultiDict())
    assert choice.filter("me", NOW).states == OPEN
    assert choice.part.order == "due"
    assert choice.address == "/review"


@given(
    some.lists(
        some.tuples(NAMES, some.text() | some.sampled_from(["high", "stigma", "2", "7d", "me", "all"]))
    )
)
def test_an_address_leads_back_to_the_same_choice(pairs: list[tuple[str, str]]) -> None:
    """Whatever an address holds is read without error, and what was read has an address of its own."""
    choice = choice_of(MultiDict(pairs))
    choice.filter("me", NOW)
    try:
        address = choice.address
    except UnicodeEncodeError:
        return  # a lone surrogate, which no address holds
    again = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    assert choice_of(MultiDict(again)) == choice
