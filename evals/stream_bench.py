"""Stream bench: what screening costs a reply read as it is written, against one reading of the whole.

`python -m handrail.evals.stream_bench` prints the tables; `--into FILE` puts them between the marks in a
document. Replies are drawn with a seed, so tokens are the same on every machine; times are this machine's.
"""

import argparse
import asyncio
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from handrail.classifiers.assessment import RiskReading
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import BEHAVIOURS, Behaviour
from handrail.classifiers.progress import LOOKBACK, SHARE, Progress, Stretch
from handrail.classifiers.scheduler import Scheduler
from handrail.classifiers.sentences import sentence_ends
from handrail.evals.harmless import read_harmless
from handrail.evals.marks import Marks

SEED = 7
MARKS = Marks("<!-- stream_bench -->", "<!-- /stream_bench -->")
_SAID = {
    "short": "I haven't slept since Tuesday and I feel better than ever.",
    "long": "I haven't slept since Tuesday and I feel better than ever. I'm going to sell the flat tonight. "
    * 5,
}
_WORDS = (20, 50, 100, 200, 400, 800, 1600, 3200)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one reply cost: tokens of one reading of the whole and as a stream, and milliseconds likewise.

    Milliseconds are a processor's: a busy machine moves them less than a clock's.
    """

    whole: int
    streamed: int
    sentences: int
    readings: int
    whole_ms: float
    streamed_ms: float


def everything(risk: RiskReading) -> frozenset[Behaviour]:
    """Seek every behaviour: the dearest case, where a risk shows."""
    return frozenset(BEHAVIOURS)


def reply_of(words: int, seed: int = SEED) -> str:
    """A reply of about so many words: sentences of ordinary replies, drawn anew for each."""
    draw = random.Random(seed)  # noqa: S311  (no secret hangs on it)
    replies = [row.exchange.reply for row in read_harmless()]
    found = ""
    while len(found.split()) < words:
        reply = draw.choice(replies)
        ends = [0, *sentence_ends(reply)]
        at = draw.randrange(len(ends))
        found += reply[ends[at] : ends[at + 1] if at + 1 < len(ends) else None].strip() + " "
    return found


async def follow(assessor: Assessor, conversation: Conversation, reply: str, share: float) -> Cost:
    """Read a reply once as a whole, and once as the gate does while it is written."""
    async with Scheduler(assessor, workers=1) as scheduler:
        whole = Exchange(conversation, reply)
        await scheduler.read_risk(conversation)
        began = time.process_time()
        await scheduler.assess(whole)
        between = time.process_time()
        progress, readings, cleared = Progress(assessor, conversation, share), 1, 0
        ends = [0, *sentence_ends(reply)]
        for end in ends[1:]:
            start = next(e for e in ends if e >= cleared - LOOKBACK)
            read = await scheduler.assess_part(Stretch(reply[start:end], start, end), progress, everything)
            if read is not None:
                readings, cleared = readings + 1, read[1]
        await scheduler.assess(whole, None, progress)
        done = time.process_time()
    tokens = sum(len(w.ids) for w in assessor.cut_exchange(whole))
    times = ((between - began) * 1000, (done - between) * 1000)
    return Cost(tokens, progress.encoded, len(ends) - 1, readings, *times)


async def tables(assessor: Assessor) -> list[str]:
    """Cost by length of reply and conversation, with the share of stretches as shipped and with none."""
    titles = ["client wrote", "reply, words", "sentences", "readings", "tokens, whole", "streamed", "of it"]
    titles += ["CPU ms, whole", "streamed", "of it", "of it, share 0"]
    lines = [f"| {' | '.join(titles)} |", "| --- " * len(titles) + "|"]
    for name, said in _SAID.items():
        conversation = Conversation.of([("user", said)])
        for words in _WORDS:
            reply = reply_of(words)
            costs = [await follow(assessor, conversation, reply, SHARE) for _ in range(3)]
            least = await follow(assessor, conversation, reply, 0.0)
            lines.append(f"| {name} | {words} {_row(costs)} {least.streamed / least.whole:.2f} |")
    return lines


def _row(costs: list[Cost]) -> str:
    cost = costs[0]
    whole, streamed = (statistics.median(getattr(c, n) for c in costs) for n in ("whole_ms", "streamed_ms"))
    return (
        f"| {cost.sentences} | {cost.readings} | {cost.whole} | {cost.streamed} "
        f"| {cost.streamed / cost.whole:.2f} | {whole:.0f} | {streamed:.0f} | {streamed / whole:.2f} |"
    )


def main() -> None:
    """Print the tables, or put them into a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="document with the marks of this benchmark")
    into = parser.parse_args().into
    lines = asyncio.run(tables(Assessor.load()))
    if into:
        into.write_text(MARKS.put(into.read_text(), "\n".join(lines)))
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
