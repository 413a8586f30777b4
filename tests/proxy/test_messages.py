from hypothesis import given
from hypothesis import strategies as st

from handrail.proxy.messages import pack, unpack


@given(st.lists(st.text() | st.binary()))
def test_messages_come_back_as_they_were(messages: list[str | bytes]) -> None:
    """Whatever stands in messages, laid end to end they are told apart again."""
    assert list(unpack(b"".join(map(pack, messages)))) == messages
