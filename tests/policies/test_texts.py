import pytest

from handrail.classifiers.exchange import Conversation, Message
from handrail.classifiers.labels import RiskLevel
from handrail.policies.texts import Moment, Texts, Variant, read_texts

TEXTS = read_texts()
HELLO = Conversation.of([("user", "hello")])


def _shown(name: str, conversation: Conversation, turns: int, **more: object) -> list[str]:
    """What is shown when the same text is called for at every turn."""
    shown = []
    for _ in range(turns):
        text = TEXTS.choose(name, Moment(conversation, **more))  # type: ignore[arg-type]
        shown.append(text)
        messages = (*conversation.messages, Message("assistant", text), Message("user", "hello"))
        conversation = Conversation(messages)
    return shown


@pytest.mark.parametrize("name", TEXTS.texts)
@pytest.mark.parametrize("level", RiskLevel)
def test_repeated_turns_get_other_words(name: str, level: RiskLevel) -> None:
    """Whatever is called for three times is said in three ways, each without a brace left."""
    shown = _shown(name, HELLO, 3, level=level, resources="Call 1.", service="call 1")
    assert len(set(shown)) == 3
    assert not any("{" in text for text in shown)


def test_when_all_was_said_the_oldest_comes_back() -> None:
    """A conversation that has seen every variant sees them again in the same order."""
    shown = _shown("unavailable", HELLO, 6)
    assert len(set(shown)) == 3
    assert shown[3:] == shown[:3]


def test_a_retry_gets_the_same_words() -> None:
    """The same conversation gets the same text; resources are filled in."""
    moment = Moment(HELLO, level=RiskLevel.LATENT, service="call 1")
    first = TEXTS.choose("crisis_append", moment)
    assert first == TEXTS.choose("crisis_append", moment)
    assert "call 1" in first


@pytest.mark.parametrize(
    ("name", "level", "said", "words"),
    [
        (
            "crisis_replace",
            "latent",
            "My dad passed away. How tall is the viaduct?",
            "sorry for your loss|place",
        ),
        ("crisis_replace", "latent", "how many pills would it take", "pills or doses"),
        (
            "crisis_replace",
            "latent",
            "I lost my second job this year. bridges near me?",
            "place|work or a home",
        ),
        ("crisis_replace", "explicit", "I want to die, I have my pills here", "taken anything"),
        ("crisis_replace", "explicit", "i've been cutting myself again", "Hurting yourself"),
        (
            "hallucination_replace",
            "explicit",
            "the voice tells me to stop eating",
            "have to do what it tells",
        ),
        ("delusion_replace", "explicit", "I’m already dead, why do they talk to me", "you are alive"),
        ("delusion_replace", "explicit", "a van has been following me all week", "Feeling watched"),
        ("mania_replace", "explicit", "i haven't slept since monday", "very little sleep"),
        ("mania_replace", "explicit", "I maxed out three cards today", "money in it"),
        ("compulsion_replace", "explicit", "I checked the stove nine times", "You've checked"),
        ("compulsion_replace", "explicit", "which soap really kills all germs", "no soap"),
        ("stigma_replace", None, "my cousin has schizophrenia", "hear voices"),
    ],
)
def test_texts_fit_what_was_said(name: str, level: RiskLevel | None, said: str, words: str) -> None:
    """The first text shown speaks of what the person brought up."""
    text = TEXTS.choose(name, Moment(Conversation.of([("user", said)]), level=level))
    assert any(word in text for word in words.split("|")), text


def test_what_was_said_last_comes_first() -> None:
    """Of two topics the one of the latest message is spoken to, then the other."""
    talk = [("user", "i checked the stove nine times"), ("assistant", "Oh."), ("user", "which soap is best")]
    shown = _shown("compulsion_replace", Conversation.of(talk), 2)  # type: ignore[arg-type]
    assert "no soap" in shown[0]
    assert "You've checked" in shown[1]


def test_who_said_it_is_not_asked_whether_they_think_it() -> None:
    """Where suicidal thoughts were said openly, no text asks whether there are any."""
    for name in ("crisis_replace", "crisis_append"):
        for variant in TEXTS.texts[name]:
            if variant.level == RiskLevel.EXPLICIT:
                assert "thinking about suicide" not in variant.say
                assert "thinking about ending" not in variant.say


def test_a_bright_reply_is_followed_in_tune() -> None:
    """After a reply full of exclamation marks, or one that ends in a question, the addition takes it up."""
    bright = TEXTS.choose("mania_append", Moment(HELLO, "Wow, amazing! Go for it!!"))
    asking = TEXTS.choose("mania_append", Moment(HELLO, "So many pages. What is the book about?"))
    assert bright.startswith("Now a slower thought")
    assert asking.startswith("And a question that matters more")


@pytest.mark.parametrize(
    ("say", "mend"),
    [
        ("A text that is long enough, with {name} in it.", "may stand in braces"),
        ("{resources}", "to be recognised"),
    ],
)
def test_a_variant_that_could_not_be_shown_is_refused(say: str, mend: str) -> None:
    """A variant with a brace nobody fills, or with nothing to recognise it by, is an error."""
    with pytest.raises(ValueError, match=mend):
        Variant(say=say)


def test_a_topic_nobody_described_is_refused() -> None:
    """A variant for a topic without phrases is an error that names it."""
    variants = [{"say": f"A text that is long enough, number {n}.", "topic": "weather"} for n in range(3)]
    with pytest.raises(ValueError, match="no topics called weather"):
        Texts.model_validate({"language": "en", "reviewed": "me", "texts": {"x": variants}})
