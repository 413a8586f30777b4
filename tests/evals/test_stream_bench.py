import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation
from handrail.evals.stream_bench import follow, reply_of


@pytest.mark.parametrize("words", [20, 200, 1600])
async def test_a_stream_costs_at_most_twice_a_whole(assessor: Assessor, words: int) -> None:
    """Read as it is written a reply takes at most twice the tokens of one reading."""
    said = Conversation.of([("user", "I have not slept since Tuesday.")])
    cost = await follow(assessor, said, reply_of(words), 1.0)
    assert cost.whole <= cost.streamed <= 2 * cost.whole
    least = await follow(assessor, said, reply_of(words), 0.0)
    assert least.streamed <= cost.whole + 100
