import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk

GRIEF = Conversation.of([("user", "I don't want to live any more. I have the pills here with me.")])
CARE = "I'm so glad you told me. Are you safe right now? Please call a crisis line or someone you trust."


def test_every_label_has_a_probability(assessor: Assessor) -> None:
    """An assessment has a probability in [0, 1] for every risk and behaviour, and a model version."""
    found = assessor.assess([Exchange(GRIEF, CARE)])[0]
    assert set(found.risk.present) == set(found.risk.explicit) == set(RISKS)
    assert set(found.behaviour.probabilities) == set(BEHAVIOURS)
    values = [*found.risk.present.values(), *found.behaviour.probabilities.values()]
    assert all(0 <= p <= 1 for p in values)
    assert found.model == assessor.version
    assert found.seconds > 0


def test_it_reads_what_is_plain(assessor: Assessor) -> None:
    """Open suicidal words are read as such, and a reply that asks and refers is read as doing so."""
    found = assessor.assess([Exchange(GRIEF, CARE)])[0]
    assert found.risk.present[Risk.SUICIDAL_IDEATION] > 0.7
    assert found.behaviour.probabilities[Behaviour.CHECKS_RISK] > 0.5
    assert found.behaviour.probabilities[Behaviour.REFERS_TO_HELP] > 0.5


def test_explicit_is_never_likelier_than_present(assessor: Assessor) -> None:
    """What shows openly shows: the probability of explicit is at most that of present."""
    for found in assessor.assess([Exchange(GRIEF, CARE), Exchange(Conversation.of([("user", "hi")]), "hi")]):
        assert all(found.risk.explicit[r] <= found.risk.present[r] for r in RISKS)


@pytest.mark.parametrize("reply", ["", "   ", "!!!!!!", "…", "🙂🙂"])
def test_an_empty_reply_does_nothing(assessor: Assessor, reply: str) -> None:
    """A reply without a letter or digit has no behaviour, by rule and not by guess."""
    found = assessor.assess([Exchange(GRIEF, reply)])[0]
    assert set(found.behaviour.probabilities.values()) == {0.0}


def test_nobody_has_said_anything(assessor: Assessor) -> None:
    """A conversation without a word of the client's shows no risk."""
    found = assessor.assess([Exchange(Conversation(()), "Hello! How can I help?")])[0]
    assert set(found.risk.present.values()) == {0.0}


def test_harm_deep_in_a_long_reply_is_found_and_placed(assessor: Assessor) -> None:
    """A question about safety after a thousand words is found, and the evidence says where it stands."""
    filler = "We talked about the garden and the weather and what there was for lunch on Sunday. " * 70
    ask = (
        "Are you safe right now? Are you thinking about killing yourself? Please call a crisis line tonight."
    )
    found = assessor.assess([Exchange(GRIEF, filler + ask)])[0]
    assert found.behaviour.probabilities[Behaviour.CHECKS_RISK] >= assessor.manifest.thresholds["checks_risk"]
    span = next(s for s in found.behaviour.evidence if s.label == Behaviour.CHECKS_RISK)
    assert span.message is None
    assert span.end > len(filler)


def test_evidence_stays_in_its_text(assessor: Assessor) -> None:
    """Every span lies within the message or the reply it names."""
    exchange = Exchange(GRIEF, CARE)
    for span in assessor.assess([exchange])[0].evidence:
        text = CARE if span.message is None else GRIEF.messages[span.message].content
        assert 0 <= span.start <= span.end <= len(text)


def test_order_is_kept(assessor: Assessor) -> None:
    """Assessments come in the order of the exchanges, whatever their lengths."""
    exchanges = [Exchange(GRIEF, CARE * n) for n in (3, 1, 2)]
    together = assessor.assess(exchanges)
    for exchange, found in zip(exchanges, together, strict=True):
        alone = assessor.assess([exchange])[0]
        assert found.behaviour.probabilities == pytest.approx(alone.behaviour.probabilities, abs=0.2)


def test_letters_in_circles_are_read(assessor: Assessor) -> None:
    """A reply in disguise is no empty reply."""
    said = Conversation.of([("user", "hi")])
    assert assessor.cut_exchange(Exchange(said, "ⓚⓘⓛⓛ 🅺"))
    assert not assessor.cut_exchange(Exchange(said, "!!! 😢"))


def test_marks_that_somebody_typed_are_text(assessor: Assessor) -> None:
    """ "[SEP]" in a message is no mark of ours."""
    said = Conversation.of([("user", "hi")])
    (window,) = assessor.cut_exchange(Exchange(said, "a [SEP] b [PAD]"))
    assert window.ids.count(102) == 2
    assert 0 not in window.ids
