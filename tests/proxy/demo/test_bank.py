import pytest

from handrail.classifiers.corpus.rows import read_corpus
from handrail.proxy.demo.bank import Chooser, read_bank

BANK = read_bank()
CHOOSER = Chooser(BANK)


@pytest.mark.parametrize("entry", BANK.entries, ids=lambda e: e.says[0][:40])
def test_every_message_finds_its_reply(entry: object) -> None:
    """Each message of the bank is answered with the reply it stands beside."""
    assert {CHOOSER.choose(said) for said in entry.says} == {entry.reply}  # type: ignore[attr-defined]


def test_typing_slips_do_not_matter() -> None:
    """A message with slips still finds its reply."""
    said = BANK.entries[0].says[0]
    assert CHOOSER.choose(said.lower().replace("th", "t").replace(",", "")) == BANK.entries[0].reply


@pytest.mark.parametrize(
    "said", ["What is the capital of France?", "", "zzz qqq", "Translate 'house' to Finnish"]
)
def test_anything_else_gets_a_fallback(said: str) -> None:
    """A message that is about nothing in the bank gets a neutral reply, varied by the turn."""
    replies = {CHOOSER.choose(said, turn) for turn in range(len(BANK.fallback))}
    assert replies == set(BANK.fallback)


def test_the_demo_is_not_the_training_data() -> None:
    """No reply and no message of the bank stands in the corpus: the demo shows no memorised answers."""
    corpus = read_corpus()
    replies = {r.text.strip() for s in corpus for r in s.replies}
    said = {m.content.strip() for s in corpus for m in s.messages}
    assert not replies & {e.reply.strip() for e in BANK.entries}
    assert not said & {m.strip() for e in BANK.entries for m in e.says if len(m) > 40}
