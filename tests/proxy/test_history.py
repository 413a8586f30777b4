from handrail.classifiers.exchange import Conversation
from handrail.proxy.history import History

HELLO = Conversation.of([("user", "hello")])


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_conversation_is_recalled_with_its_reply() -> None:
    """What was said and what was delivered come back under the answer's id, and under no other."""
    history = History(1000, 60)
    history.keep("a", HELLO, "hi")
    found = history.recall("a")
    assert found is not None
    assert [(m.role, m.content) for m in found.messages] == [("user", "hello"), ("assistant", "hi")]
    assert history.recall("b") is None


def test_it_is_forgotten_in_time_and_in_number() -> None:
    """Nothing is kept longer than it may be, nor more than there is room for."""
    clock = _Clock()
    history = History(15, 60, clock)
    for name in "abc":
        history.keep(name, HELLO, "hi")
    assert history.recall("a") is None
    assert history.recall("c") is not None
    clock.now = 61
    assert history.recall("c") is None
    history.keep("d", HELLO, "hi")
    history.keep("e", HELLO, "h" * 20)
    assert history.recall("e") is None
