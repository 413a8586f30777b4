import re

import pytest

from handrail.classifiers.exchange import Conversation, Message
from handrail.policies.texts import RESOURCES, read_texts

TEXTS = read_texts()
VARIANTS = [(name, variant) for name, variants in TEXTS.texts.items() for variant in variants]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_texts_are_short_and_plain(name: str, variant: str) -> None:
    """Texts are short, in short sentences, and free of jargon, blame and commands in capitals."""
    words = variant.replace(RESOURCES, "").split()
    assert len(words) <= (70 if name.endswith("_append") else 115)
    sentences = [s for s in re.split(r"[.!?:]+\s", variant) if s]
    assert max(len(s.split()) for s in sentences) <= 36
    for jargon in (
        "symptom",
        "disorder",
        "psychosis",
        "psychotic",
        "compliance",
        "commit suicide",
        "you must",
    ):
        assert jargon not in variant.lower()
    assert not re.search(r"\b[A-Z]{4,}\b", variant)


@pytest.mark.parametrize("name", [n for n in TEXTS.texts if n.endswith("_replace")])
def test_replacements_say_what_they_are(name: str) -> None:
    """Every text that takes a reply's place is honest about being automatic."""
    for variant in TEXTS.texts[name]:
        assert re.search(r"automat(ed|ic)", variant)


@pytest.mark.parametrize("name", ["crisis_replace", "crisis_append", "unavailable"])
def test_crisis_texts_name_resources(name: str) -> None:
    """Every text shown in a crisis, or in place of a reply that failed, says where to turn."""
    assert all(RESOURCES in variant for variant in TEXTS.texts[name])


def test_crisis_texts_ask() -> None:
    """Every crisis text asks a direct question."""
    for name in ("crisis_replace", "crisis_append"):
        assert all("?" in variant for variant in TEXTS.texts[name])


def test_repeated_turns_get_other_words() -> None:
    """A conversation that was shown a text is shown another, until all have been."""
    conversation = Conversation.of([("user", "hello")])
    shown = []
    for _ in TEXTS.texts["crisis_replace"]:
        text = TEXTS.choose("crisis_replace", conversation, "Call 1.")
        shown.append(text)
        more = (Message("assistant", text), Message("user", "hello"))
        conversation = Conversation(conversation.messages + more)
    assert len(set(shown)) == len(TEXTS.texts["crisis_replace"])


def test_a_retry_gets_the_same_words() -> None:
    """The same conversation gets the same text; resources are filled in."""
    conversation = Conversation.of([("user", "hello")])
    first = TEXTS.choose("crisis_append", conversation, "Call 1.")
    assert first == TEXTS.choose("crisis_append", conversation, "Call 1.")
    assert "Call 1." in first
    assert "{" not in first
