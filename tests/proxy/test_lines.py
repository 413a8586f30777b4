from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handrail.proxy.lines import LineDecoder


@given(
    st.lists(st.sampled_from([b'{"a":1}', b"", b" ", b'{"b":"\xc3\xa9"}']), max_size=8),
    st.lists(st.integers(0, 99)),
)
def test_no_byte_is_lost_however_lines_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    """Every byte is in one frame, every line in its own, and empty lines carry nothing."""
    data = b"\n".join(lines)
    decoder, found = LineDecoder(), []
    for start, end in pairwise([0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]):
        found += decoder.feed(data[start:end])
    found += decoder.flush()
    kept = data if lines and lines[-1].strip() else data[: data.rfind(b"\n") + 1]
    assert b"".join(f.raw for f in found) == kept
    assert [f.data for f in found if f.data] == [line.decode() for line in lines if line.strip()]
