import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.proxy.strict_json import loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_plain_values_are_read(value: object, ascii_only: bool) -> None:
    """Whatever a serialiser writes is read as any reader reads it, with a mark of byte order or without."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert loads(text) == json.loads(text)
    data = text.encode("utf-8", "surrogatepass")
    if "\\ud" not in json.dumps(value):
        assert loads(b"\xef\xbb\xbf" + data) == json.loads(text)


@pytest.mark.parametrize(
    "data",
    [
        '{"content": "good", "content": "bad"}',
        '[{"a": {"b": 1, "\\u0062": 2}}]',
        '{"a": 1} {"a": 2}',
        '{"a": "x"}'.encode("utf-16"),
        b'{"a": "\xff"}',
        "",
    ],
)
def test_what_readers_read_differently_is_refused(data: str | bytes) -> None:
    """A name that stands twice, two texts in one, or another encoding is no JSON here."""
    with pytest.raises(ValueError, match=r".*"):
        loads(data)
