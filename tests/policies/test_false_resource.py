"""FalseResource: wrong helplines are put right, right ones and other numbers are never touched."""

import pytest

from handrail.classifiers.exchange import Conversation
from handrail.policies.false_resource import Correction, Helplines
from handrail.policies.place import read_places
from handrail.policies.resources import read_directory
from handrail.policies.where import Where

LINES = Helplines(read_directory(), read_places())
NOBODY = Conversation.of([("user", "I feel awful tonight")])


def check(reply: str, country: str | None, said: Conversation = NOBODY) -> tuple[Correction, ...]:
    return LINES.check(reply, said, country, Where())


def corrected(reply: str, country: str | None) -> str:
    for one in check(reply, country):
        reply = reply.replace(one.said, one.put, 1)
    return reply


RIGHT = [
    ("en-US", "US", "Please call or text 988 now. You can also text HOME to 741741, or dial 911."),
    ("en-US", "US", "The National Suicide Prevention Lifeline is at 1-800-273-8255 (1-800-273-TALK)."),
    ("en-US", "US", "Call nine eight eight, or text HELLO to 741-741."),
    ("en-US", "US", "SAMHSA's helpline is 1-800-662-HELP (4357)."),
    (
        "en-GB",
        "GB",
        "Ring Samaritans on 116 123, text SHOUT to 85258, or call 999. From abroad: +44 116 123.",
    ),
    ("en-GB", "GB", "Call Childline on 0800 1111 or Papyrus on +44 800 068 4141. In an emergency, dial 112."),
    ("de-DE", "DE", "Ruf bitte die TelefonSeelsorge an: 0800 111 0 111 oder 0800 111 0 222. Im Notfall 112."),
    (
        "fr-CA",
        "CA",
        "Appelez ou textez le 988. Les jeunes: 1-800-668-6868, ou textez PARLER au 686868. Urgence: 911.",
    ),
    ("hi-IN", "IN", "Please call Tele-MANAS at 14416 or 1-800-891-4416; in danger call 112."),
    ("es-MX", "MX", "Llama a la Línea de la Vida: 800 911 2000, o al 911 en una emergencia."),
    ("pt-BR", "BR", "Ligue para o CVV no 188, ou 192 em uma emergência."),
    ("ja-JP", "JP", "よりそいホットラインに電話してください: 0120-279-338。緊急なら 119。"),
    ("en-AU", "AU", "Call Lifeline on 13 11 14 or 131114, text 0477 13 11 14, or dial 000."),
    ("en-IE", "IE", "Freephone Samaritans on 116 123, or text HELLO to 50808."),
]


@pytest.mark.parametrize(("country", "reply"), [r[1:] for r in RIGHT], ids=lambda v: str(v)[:20])
def test_right_numbers_are_never_touched(country: str, reply: str) -> None:
    """What is right for a place stays, in whatever spelling; where the place is unknown it stays as well."""
    assert check(reply, country) == ()
    assert check(reply, None) == ()


@pytest.mark.parametrize(
    ("country", "reply", "right", "gone"),
    [
        ("GB", "I'm so sorry. Please call 988 right now.", "call 116 123 (Samaritans", "988"),
        ("GB", "If you are in danger, dial 911.", "dial 999.", "911"),
        ("GB", "You can text HOME to 741741 at any hour.", "text SHOUT to 85258 (Shout", "741741"),
        ("GB", "Call the National Suicide Prevention Lifeline at 1-800-273-8255.", "116 123", "8255"),
        ("US", "Please ring Samaritans on 116 123.", "call 988", "116 123"),
        ("US", "You could call Samaritans tonight.", "call 988", "Samaritans"),
        ("US", "Call the crisis line at 1-800-555-0199.", "call 988", "0199"),
        ("US", "Call nine nine nine if you are in danger.", "Call 911 if", "nine"),
        ("DE", "Please call 911 or go to a hospital.", "call 112 or", "911"),
        ("DE", "Please call 988.", "0800 111 0 111", "988"),
        ("CA", "Appelez le 3114, la ligne de prévention du suicide.", "988", "3114"),
        ("IN", "Please call the suicide helpline 988.", "14416", "988"),
        ("MX", "Llama al 024, la línea de prevención del suicidio.", "800 911 2000", "024"),
        ("BR", "Ligue para o 988, a linha de prevenção do suicídio.", "188", "988"),
        ("JP", "Please call 988, the crisis line.", "0120-279-338", "988"),
        ("AU", "Please dial 911 now.", "dial 000 now", "911"),
        (None, "Call the suicide hotline at 1-888-555-0123.", "findahelpline.com", "0123"),
    ],
)
def test_wrong_numbers_are_put_right(country: str | None, reply: str, right: str, gone: str) -> None:
    """A line of another country, or of none, gives way to one of the place; the rest of the reply stays."""
    now = corrected(reply, country)
    assert right in now
    assert gone not in now
    assert corrected(now, country) == now


@pytest.mark.parametrize(
    "reply",
    [
        "Your order 1-800-273-1234 ships on 2026-11-23.",
        "Take 112 mg twice, and no more than 999 mg a day.",
        "We had 911 people in the hall, and 988 of them stayed.",
        "Porsche built the 911 in 1964; call it a classic.",
        "The recipe needs 120 g of flour and 15 minutes.",
        "Suicide rates fell by 12 percent between 1999 and 2020.",
        "Call your clinic at 020 7946 0018 in the morning.",
        "The number line goes from 100 to 110.",
        "It costs $1,199, and the hotel phone is 555-0188.",
        "Text me when you are at 14 Elm Street, flat 113.",
        "Chapter 999 of the book is about a lifeline.",
    ],
)
@pytest.mark.parametrize("country", ["GB", "US", "DE", None])
def test_other_numbers_are_never_touched(reply: str, country: str | None) -> None:
    """Orders, doses, dates, prices, models and numbers of doctors are none of our business."""
    assert check(reply, country) == ()


def test_numbers_that_the_person_gave_are_theirs() -> None:
    """A line the person named themselves is not called wrong."""
    said = Conversation.of([("user", "My therapist's crisis line is 0161 496 0733")])
    assert check("Then call her crisis line at 0161 496 0733.", "GB", said) == ()


def test_lines_of_countries_named_are_theirs() -> None:
    """A reply that says of which country a line is, is right if that is so."""
    assert check("In the US, call 988; in the UK, call 116 123.", "GB") == ()
    assert check("In Australia you can call Lifeline on 13 11 14.", "GB") == ()
    assert check("In the UK, call 988.", "GB") != ()


def test_a_list_is_told_where_to_turn_once() -> None:
    """Of several wrong lines the first gives way to the right ones, the others go."""
    reply = (
        "Please reach out:\n- 988 Suicide & Crisis Lifeline: call 988\n"
        "- Crisis Text Line: text HOME to 741741\n\nI'm here."
    )
    now = corrected(reply, "GB")
    assert now.count("116 123") == 1
    assert "988" not in now
    assert "741741" not in now
    assert now.endswith("I'm here.")


def test_a_correction_says_what_was_wrong() -> None:
    """The record can say where the wrong line stood, what it was and why it was wrong."""
    reply = "Hello. Please call 988 now."
    [one] = check(reply, "GB")
    assert (one.wrong, one.fault, reply[one.start : one.end]) == ("988", "elsewhere", one.said)
    [invented] = check("Call the crisis line at 0800 555 0199.", "GB")
    assert invented.fault == "unknown"


def test_a_directory_may_leave_replies_alone() -> None:
    """An operator can switch the check off."""
    quiet = Helplines(read_directory().model_copy(update={"check_replies": False}), read_places())
    assert quiet.check("Please call 988.", NOBODY, "GB", Where()) == ()
