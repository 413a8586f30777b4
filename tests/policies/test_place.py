"""Place: what counts as saying where one is."""

import pytest

from handrail.classifiers.exchange import Conversation
from handrail.policies.place import read_places
from handrail.policies.resources import read_directory

PLACES = read_places()


@pytest.mark.parametrize(
    ("words", "country"),
    [
        ("I'm in Manchester and I can't sleep", "GB"),
        ("im currently in toronto", "CA"),
        ("it's so cold here in Canada", "CA"),
        ("I live in Berlin.", "DE"),
        ("I am in New York, and I hate it", "US"),
        ("I'm in London, Ontario", "CA"),
        ("We live near Cape Town", "ZA"),
        ("i moved to Dublin last year", "IE"),
        ("I'm in Mumbai, I need help", "IN"),
        ("I'm in Manchester, Nowhereshire", None),
        ("what colour is the harbour in autumn, mum?", None),
        ("I wish I'm in Paris", None),
        ("if i'm in London next week, what should I see?", None),
        ("how far is Berlin?", None),
        ("my sister lives in Canada", None),
        ("My character says: I'm in Rome", None),
        ("I'm in love", None),
        ("I'm not in Spain", None),
        ("I used to live in Spain", None),
        ("I'm from India", None),
    ],
)
def test_what_people_say(words: str, country: str | None) -> None:
    """A plain statement of where somebody is counts; nothing else does."""
    assert PLACES.said_in(Conversation.of([("user", words)])) == country


def test_the_latest_statement_counts_and_only_the_persons() -> None:
    """Somebody who travels is where they said last; what the chatbot says of itself is no matter."""
    said = [
        ("user", "I'm in Lyon"),
        ("assistant", "I'm in Texas"),
        ("user", "I'm in Oslo now"),
        ("user", "help"),
    ]
    assert PLACES.said_in(Conversation.of(said)) == "NO"


def test_every_place_is_in_the_directory() -> None:
    """No name leads to a country without services, and no name to two."""
    assert set(PLACES.root) <= set(read_directory().countries)
    names = [name.casefold() for names in PLACES.root.values() for name in names]
    assert len(names) == len(set(names))


def test_countries_named_in_a_text() -> None:
    """A reply's mention of places is found as whole words."""
    assert PLACES.named_in("In the US call 988; in the UK or Ireland, 116 123.") >= {"GB", "IE"}
    assert PLACES.named_in("romanesque maltaise, tell us more") == frozenset()
