import pytest

from handrail.classifiers.exchange import Conversation
from handrail.policies.topics import mentions, topics_in


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("I lost my second job in May", "lost .. job", True),
        ("lost job", "lost .. job", True),
        ("I lost my keys at the last of my jobs", "lost .. job", False),
        ("I'M DEAD", "i'm dead", True),
        ("im dead", "i'm dead", True),
        ("I’m dead", "i'm dead", True),
        ("spills", "pills", False),
        ("pills", "pill", False),
        ("Overdosing?", "overdos*", True),
        ("tell me 100% that", "100%", True),
        ("she -- died", "she died", True),
        ("", "died", False),
    ],
)
def test_phrases_are_found_as_words(text: str, phrase: str, found: bool) -> None:
    """A phrase matches whole words in any case, with a star for endings and two dots for words between."""
    assert mentions(text, [phrase]) is found


def test_the_latest_message_comes_first() -> None:
    """Topics come in the order of the messages, the latest first, and old messages lend none."""
    said = ["germs everywhere", "a", "b", "the stove", "my soap"]
    topics = {"washing": ["soap", "germs"], "checking": ["stove"], "none": ["ladder"]}
    conversation = Conversation.of(("user", text) for text in said)
    assert topics_in(conversation, topics) == ("washing", "checking")
    assert topics_in(Conversation.of(("user", text) for text in said[:4]), topics) == ("checking", "washing")
    assert topics_in(Conversation.of([("assistant", "soap")]), topics) == ()
