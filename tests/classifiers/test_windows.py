import pytest
from tokenizers import Tokenizer

from handrail.classifiers.assessor import default_model_folder
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.windows import WindowLimits, WindowMaker

LIMITS = WindowLimits(risk=32, context=16, reply=24, overlap=8)


@pytest.fixture(scope="module")
def maker() -> WindowMaker:
    return WindowMaker(Tokenizer.from_file(str(default_model_folder() / "tokenizer.json")), LIMITS)


def _words(count: int) -> str:
    return " ".join(f"w{n}" for n in range(count))


@pytest.mark.parametrize("count", [0, 1, 5, 40, 200])
def test_no_word_of_a_reply_is_left_out(maker: WindowMaker, count: int) -> None:
    """Every character of a long reply stands in some window, and no window is over its size."""
    reply = _words(count)
    windows = maker.of_exchange(Exchange(Conversation.of([("user", "hi")]), reply))
    seen = {i for w in windows for t in w.places if t and t.message is None for i in range(*t.range)}
    assert seen == {i for i, c in enumerate(reply) if c != " "}
    assert all(len(w.ids) <= LIMITS.context + LIMITS.reply + 3 for w in windows)


def test_no_word_of_a_conversation_is_left_out(maker: WindowMaker) -> None:
    """Every message of a long conversation stands in some window of the risk reading."""
    conversation = Conversation.of([("user", _words(60)), ("assistant", "yes"), ("user", "the end")])
    windows = maker.of_conversation(conversation)
    seen = {(t.message, i) for w in windows for t in w.places if t for i in range(*t.range)}
    expected = {
        (at, i) for at, m in enumerate(conversation.messages) for i, c in enumerate(m.content) if c != " "
    }
    assert seen == expected


def test_the_context_of_a_reply_is_the_end_of_the_conversation(maker: WindowMaker) -> None:
    """With more conversation than a pair window holds, the latest words are the ones kept."""
    exchange = Exchange(Conversation.of([("user", _words(60)), ("user", "the very end")]), "yes")
    origins = [t for t in maker.of_exchange(exchange)[0].places if t and t.message is not None]
    assert origins[-1].message == 1
    assert len(origins) == LIMITS.context


def test_types_mark_the_reply(maker: WindowMaker) -> None:
    """Token type 1 is the reply and its separator, and nothing else."""
    window = maker.of_exchange(Exchange(Conversation.of([("user", "hi")]), "good day"))[0]
    replies = [t is not None and t.message is None for t in window.places]
    assert [bool(t) for t in window.types[:-1]] == replies[:-1]
    assert window.types[-1] == 1
