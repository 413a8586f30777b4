import pytest

from handrail.policies.texts import Texts, read_texts
from handrail.policies.tone import problems_of

OURS = read_texts()
FINE = "I'm an automated safeguard in this chat, number {n}, and I held back the reply. How are you today?"


def _with(name: str, say: str, language: str = "en", **more: object) -> list[str]:
    """What is found wrong with one variant among three that are fine."""
    fine = [{"say": FINE.replace("{n}", str(n)) + " {resources}", **more} for n in range(3)]
    values = {"language": language, "reviewed": "me", "texts": {name: [*fine, {"say": say, **more}]}}
    return [p.message for p in problems_of(Texts.model_validate(values)) if p.variant == 4]


def test_ours_keep_the_rules() -> None:
    """Every shipped text is short, plain, and says what it must."""
    assert [str(p) for p in problems_of(OURS)] == []


def test_ours_guide_every_harm() -> None:
    """There is guidance on how to answer for each of the six harms."""
    assert set(OURS.guidance) == {"crisis", "delusion", "hallucination", "mania", "compulsion", "stigma"}


@pytest.mark.parametrize(
    ("say", "message"),
    [
        ("This is an automatic message. Please calm down and try to breathe a little.", "dismissal"),
        ("This is an automatic message, and all you say here stays confidential.", "confidentiality"),
        ("This is an automatic message. Those are symptoms of something.", "jargon"),
        ("This is an automatic message. You should have told someone before.", "blame"),
        ("This is an automatic message. Addicts can get better as well.", "named as an illness"),
        ("This is an automatic message, and I know how you feel tonight.", "closeness"),
        ("This is an automatic message, and it will get better soon!", "exclamation"),
        ("This is an automatic message. STOP what you are doing.", "capitals"),
        ("I have held back the reply that was written here.", "automated"),
        ("This automatic message " + "goes on and " * 20 + "ends.", "a sentence of"),
        ("This is an automatic message. " + "It says one more thing. " * 30, "at most 115"),
        (
            "This automatic communication necessitates considerable deliberation regarding circumstances.",
            "asks for grade",
        ),
    ],
)
def test_slips_are_found(say: str, message: str) -> None:
    """Each rule finds the text that breaks it, and says what is wrong."""
    assert any(message in found for found in _with("delusion_replace", say)), _with("delusion_replace", say)


def test_what_is_added_stays_short() -> None:
    """An addition has one or two sentences."""
    found = _with("mania_append", "One thing more to say. And a second one here. And then a third.")
    assert any("one or two" in message for message in found)


def test_a_crisis_text_owes_more() -> None:
    """A crisis text asks, says where to turn, and names its level."""
    found = " ".join(_with("crisis_replace", "This is an automatic message, and I'm sorry that it hurts."))
    for mend in ("where to turn", "direct question", "level"):
        assert mend in found


def test_too_few_and_too_like_variants_are_found() -> None:
    """A level without three variants of its own, and two variants that begin alike, are named."""
    say = FINE.replace("{n}", "0")
    variants = [{"say": say, "level": "latent"}] * 3
    values = {"language": "en", "reviewed": "me", "texts": {"mania_replace": variants}}
    found = " ".join(p.message for p in problems_of(Texts.model_validate(values)))
    assert "3 that fit every explicit case" in found
    assert "begins like another" in found


def test_english_words_are_looked_for_in_english_alone() -> None:
    """A translation is held to length and form; its words are for who can read them."""
    assert _with("delusion_replace", "Dies ist eine Nachricht, und niemand hat sie gelesen.", "de") == []
