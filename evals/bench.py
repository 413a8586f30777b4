"""Bench: what assessing costs on this machine, against bare ONNX Runtime on the same tokens in the same run.

`python -m handrail.evals.bench` prints medians of repeated runs. Timings are this machine's and of this
moment; only figures of one run may be compared.
"""

import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.scheduler import Scheduler

_REPEATS = 15
_SAID = "I haven't slept since Tuesday and I feel better than ever. I'm going to sell the flat tonight."
_SENTENCE = "It sounds as if a lot is happening at once, and I wonder how you are sleeping these days. "
_WORDS = len(_SENTENCE.split())


def exchange_of(words: int, said: str = _SAID) -> Exchange:
    """An exchange with a reply of about so many words."""
    return Exchange(Conversation.of([("user", said)]), _SENTENCE * max(1, round(words / _WORDS)))


def milliseconds(work: Callable[[], object]) -> float:
    """Median time of a call."""
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def lengths(assessor: Assessor) -> list[str]:
    """Cost by length of the reply, and what ours adds to the bare passes."""
    lines = ["| reply, words | assessed, ms | bare passes, ms | of which ours |", "| --- | --- | --- | --- |"]
    for words in (10, 50, 100, 200, 400, 800):
        exchange = exchange_of(words)
        windows = [*assessor.cut_conversation(exchange.conversation), *assessor.cut_exchange(exchange)]
        whole = milliseconds(lambda exchange=exchange: assessor.assess([exchange]))  # type: ignore[misc]
        bare = milliseconds(lambda windows=windows: assessor.encoder.read(windows))  # type: ignore[misc]
        lines.append(f"| {words} | {whole:.1f} | {bare:.1f} | {max(0.0, whole / bare - 1):.0%} |")
    return lines


async def throughput(assessor: Assessor) -> list[str]:
    """Exchanges per second, one at a time and sixteen at once."""
    lines = ["| at once | exchanges per second |", "| --- | --- |"]
    for at_once in (1, 16):
        async with Scheduler(assessor) as scheduler:
            began = time.perf_counter()
            for round_ in range(48 // at_once):
                said = [f"{_SAID} {round_} {n}" for n in range(at_once)]
                await asyncio.gather(*(scheduler.assess(exchange_of(60, s)) for s in said))
            rate = 48 / (time.perf_counter() - began)
        lines.append(f"| {at_once} | {rate:.1f} |")
    return lines


def start() -> list[str]:
    """Time and memory of a fresh process that loads the model and assesses once."""
    code = "from handrail.evals.bench import one; one()"
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    seconds = time.perf_counter() - began
    return [
        f"A fresh process assessed its first exchange after {seconds:.2f} s, using {done.stdout.strip()} MB."
    ]


def one() -> None:
    """Load the model, assess once, print the peak resident memory in MB."""
    Assessor.load().assess([exchange_of(100)])
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))  # noqa: T201


def main() -> None:
    """Print all tables."""
    assessor = Assessor.load()
    parts = [lengths(assessor), asyncio.run(throughput(assessor)), start()]
    print("\n\n".join("\n".join(lines) for lines in parts))  # noqa: T201


if __name__ == "__main__":
    main()
